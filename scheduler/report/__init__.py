"""Who is told: listeners on the engine's events."""
