"""Runs on workers. A letter is the message that asks a worker for an attempt; a store has what all share."""
