"""The Unix socket: how schedctl finds a running schedd, and how both talk."""
