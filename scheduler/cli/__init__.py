"""What people type: schedd, schedctl, and how things look on a terminal."""

DEFAULT_FILE = "schedules.yaml"
"""In the current directory, where neither an option nor $SCHEDD_CONFIG names one."""
