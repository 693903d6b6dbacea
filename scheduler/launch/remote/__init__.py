"""Runs on workers. A message asks a worker for an attempt; a store has what all share."""
