"""Runs on workers: letters to a task queue, and a store that carries claims, output, orders and signs of life."""
