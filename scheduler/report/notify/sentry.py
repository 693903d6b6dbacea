"""Sends check-ins to Sentry Cron Monitoring through sentry-sdk, an extra that is loaded only where a file names it."""

from __future__ import annotations

import logging
import math
import re
from functools import partial
from typing import Any, cast

from scheduler import __version__
from scheduler.model.job import Job
from scheduler.model.recipient import SentryRecipient
from scheduler.model.run import Run
from scheduler.package import missing_package
from scheduler.report.notify.notification import Notification, Topic, failed, uuid_of
from scheduler.report.notify.sender import DeliveryError, SenderContext
from scheduler.report.notify.worker_thread import WorkerThread
from scheduler.schedule import parse_duration

FLUSH = 5.0
"""Seconds to wait for the SDK, which sends in the background, after a check-in."""

_CRONTAB = re.compile(r"[0-9*/,a-zA-Z-]+( [0-9*/,a-zA-Z-]+){4}|@(hourly|daily|midnight|weekly|monthly|yearly|annually)")
_SENTRY_CANNOT = re.compile(r"\bH\b|L|W\b|#")
_UNITS = {"day": 86_400, "hour": 3_600, "minute": 60}


class SentrySender:
    """Implements `Sender`. The SDK is set up without its integrations, and jobs never see it."""

    def __init__(self, recipient: SentryRecipient, context: SenderContext) -> None:
        self._recipient = recipient
        self._dsn = context.environ.get("SENTRY_DSN", "")
        self._environ = context.environ
        self._thread = WorkerThread()

    async def send(self, notification: Notification) -> str:
        if not self._dsn:
            raise DeliveryError("SENTRY_DSN is not set in schedd's environment")
        if notification.run is None:
            raise DeliveryError("Sentry gets check-ins of runs only")
        return await self._thread.call(partial(self._check_in, notification, notification.run))

    def _check_in(self, notification: Notification, run: Run) -> str:
        try:
            import sentry_sdk  # noqa: PLC0415
            from sentry_sdk.crons import capture_checkin  # noqa: PLC0415
        except ImportError:
            raise DeliveryError(missing_package("sentry-sdk", "sentry")) from None
        if not sentry_sdk.get_client().is_active():
            logging.getLogger("urllib3").addHandler(logging.NullHandler())
            try:
                sentry_sdk.init(
                    self._dsn,
                    default_integrations=False,
                    auto_enabling_integrations=False,
                    # Else it would run git.
                    release=self._environ.get("SENTRY_RELEASE", f"schedd@{__version__}"),
                )
            except Exception as error:  # its class has no public name, and its text may show the DSN
                raise DeliveryError(f"sentry-sdk does not accept SENTRY_DSN ({type(error).__name__})") from None
        ended = notification.topic is not Topic.STARTED
        capture_checkin(
            monitor_slug=slug_of(notification.job.name),
            check_in_id=uuid_of(run).replace("-", ""),
            status=("error" if failed(run) else "ok") if ended else "in_progress",
            duration=run.duration if ended else None,
            monitor_config=cast("Any", monitor_of(notification.job)),
        )
        sentry_sdk.flush(FLUSH)
        return "handed to sentry-sdk"


def slug_of(name: str) -> str:
    """A job's name as Sentry accepts it: at most 50 lower-case letters, digits, dashes and underscores."""
    return re.sub(r"[^a-z0-9_-]", "-", name.lower())[:50]


def monitor_of(job: Job) -> dict[str, Any] | None:
    """The configuration of the job's monitor; None when Sentry cannot express its schedule."""
    text = "" if job.schedule is None else job.schedule.text
    schedule: dict[str, Any] | None = None
    if _CRONTAB.fullmatch(text) and (text.startswith("@") or not _SENTRY_CANNOT.search(text)):
        schedule = {"type": "crontab", "value": text}
    elif text.startswith("@every "):
        schedule = _interval(parse_duration(text.removeprefix("@every ")))
    if schedule is None:
        return None
    monitor = {"schedule": schedule, "timezone": job.timezone.key, "checkin_margin": _minutes(job.start_deadline)}
    if job.timeout is not None:
        monitor["max_runtime"] = _minutes(job.timeout)
    return monitor


def _interval(seconds: float) -> dict[str, Any] | None:
    """In the largest unit that fits; None below a minute, which Sentry does not support."""
    for unit, size in _UNITS.items():
        if seconds >= size and seconds % size == 0:
            return {"type": "interval", "value": int(seconds // size), "unit": unit}
    return None


def _minutes(seconds: float) -> int:
    return max(1, math.ceil(seconds / 60))
