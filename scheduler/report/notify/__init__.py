"""Who is told besides the log: what is worth telling, and how it gets there."""
