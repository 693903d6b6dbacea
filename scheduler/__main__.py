"""`python -m scheduler` is schedd."""

from scheduler.cli.schedd import main

main()
