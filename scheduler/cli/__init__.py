"""What people type: schedd, schedctl, and how things look on a terminal."""
