"""What can be asked and answered: requests, replies and events, as structs only."""
