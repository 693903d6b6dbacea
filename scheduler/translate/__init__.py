"""Other schedulers' files into a schedule file, and a schedule file into other schedulers' files."""
