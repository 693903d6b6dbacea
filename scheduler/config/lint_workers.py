"""Warnings about jobs that run on workers: keys that depend on the machine of the worker."""

from __future__ import annotations

from collections.abc import Iterator

from scheduler.config.lint_codes import LintCode, LintWarning
from scheduler.model.job import Job, LauncherName, OutputMode


def worker_warnings(job: Job) -> Iterator[LintWarning]:
    """The warnings about a job."""
    if job.launcher is not LauncherName.CELERY:
        return
    for key in ("user", "group"):
        if getattr(job.process, key) is not None:
            message = f"{key}: a worker that does not run as root cannot start this job"
            yield LintWarning(LintCode.ON_WORKER, key, message, "run the workers as that user, or `launcher: local`")
    if job.output is OutputMode.RAW:
        message = "output: raw: output reaches schedd through the store, stdout and stderr not always in their order"
        yield LintWarning(LintCode.ON_WORKER, "output", message, "use `output: log`, or redirect stderr with 2>&1")
    if job.process.memory_limit is not None:
        message = "memory_limit: it applies to the process on the worker, whose container may have less memory"
        yield LintWarning(LintCode.ON_WORKER, "memory_limit", message)
