"""The programs schedd and schedctl: the command line, and what it prints."""

DEFAULT_FILE = "schedules.yaml"
"""Read from the current directory when neither an option nor $SCHEDD_CONFIG names a file."""
