"""Finds files of a configuration that other users can change; root refuses to run them."""

from __future__ import annotations

import os
from pathlib import Path

from scheduler.config.load import load
from scheduler.config.loading import Config, OnProgress
from scheduler.config.references import files_read
from scheduler.errors import ConfigError, Problem, Severity
from scheduler.path_owner import ALLOW, changeable_by

CODE = "insecure-file"
"""Of the warning of `schedctl check`. It cannot be ignored in the file, which others can change."""

_HELP = f"use chown root and chmod go-w, or run schedd as another user; to allow it: --allow-insecure-file or {ALLOW}=1"


def load_trusted(path: Path, on_progress: OnProgress | None = None) -> Config:
    """Load a file. ConfigError also when this is root and another user can change one of its files."""
    config = load(path, on_progress)
    if problems := insecure_files(config, Severity.ERROR):
        from scheduler.config.problems import render  # noqa: PLC0415 - only for errors

        raise ConfigError(render(problems), problems)
    return config


def insecure_files(config: Config, severity: Severity) -> tuple[Problem, ...]:
    """For root, the schedule, included, env and `from_file` files that others can change, each with who and why."""
    if os.geteuid() != 0:
        return ()
    found = []
    for path in dict.fromkeys((*config.files, *files_read(config.jobs.values(), config.web, config.workers))):
        try:
            who = changeable_by(path)
        except OSError as error:
            message = f"schedd runs as root, and cannot find out who can change this file: {error.strerror}"
        else:
            if who is None:
                continue
            message = f"schedd runs as root, and this file can be changed by {who}"
        found.append(Problem(severity=severity, path=path, message=message, help=_HELP, code=CODE))
    return tuple(found)
