"""The programs schedd and schedctl: the command line, and what it prints."""

DEFAULT_FILE = "schedules.yaml"
"""Read from the current directory when neither an option nor $SCHEDD_CONFIG names a file."""

DOCUMENTATION = "the docs/ directory of the source, starting with docs/README.md"
"""Where the documentation is. Nothing is published yet; put the address here when it is."""
