"""How people and programs talk to a running schedd: a Unix socket, one request a connection."""
