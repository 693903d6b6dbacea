"""schedd: a foreground scheduler for one YAML file of jobs."""

__version__ = "0.2.0"
