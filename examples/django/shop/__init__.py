"""A small Django application: carts, and people who have forgotten theirs."""
