"""Notifications: when a job's recipients are notified, of what, and how the message reaches them."""
