"""What can be requested and answered: structs only, light to import."""
