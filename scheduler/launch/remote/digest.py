"""Identifies what a job does, so that a worker with another version of the file can say so."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.model.job import Job


def digest_of(job: Job) -> str:
    """Sixteen hexadecimal digits of what the job runs, with which environment and how it is judged."""
    what = (job.target, job.environment, job.timeout, sorted(job.success_codes), job.output.value)
    return _digest(repr(what))


def file_digest(jobs: Iterable[Job]) -> str:
    """Of all jobs of a file, with their names."""
    return _digest("".join(sorted(f"{job.name} {digest_of(job)}\n" for job in jobs)))


def _digest(text: str) -> str:
    from hashlib import blake2b  # noqa: PLC0415 - loads OpenSSL, 3.5 MB, which a schedd without workers does not need

    return blake2b(text.encode(), digest_size=8).hexdigest()
