"""Request a run, and wait for its end: python request.py import /uploads/a.csv"""

import sys

from scheduler.client import Client

job, *args = sys.argv[1:]
schedd = Client("schedules.yaml")
run_id = schedd.enqueue(job, *args, key=" ".join(args))  # a repeated request is the same run
result = schedd.wait(run_id, timeout=600)
print(f"run {run_id} {result.outcome or result.message}")
sys.exit(result.exit_code)
