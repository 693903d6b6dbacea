"""`python -m scheduler` is schedd."""

from scheduler.cli.console import schedd

schedd()
