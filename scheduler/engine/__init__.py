"""The engine: from scheduled times to finished runs."""
