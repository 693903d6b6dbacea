"""One module per format that can be exported: jobs to files, and a report of what is approximated or lost."""
