"""The operations: what a running schedd, or a schedule file alone, can be asked."""
