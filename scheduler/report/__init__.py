"""Listeners on the engine's events: the log, systemd, notifications."""
