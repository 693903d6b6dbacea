"""Sends schedd's state to systemd (sd_notify(3)). Does nothing without NOTIFY_SOCKET."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Mapping

from scheduler.engine.engine import Engine
from scheduler.engine.events import Event, JobsChanged, ReloadFailed, Stopping
from scheduler.text import plural


class Systemd:
    """The service manager that started schedd, if one did."""

    KINDS = (JobsChanged, ReloadFailed, Stopping)

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_interval = int(environ.get("WATCHDOG_USEC", "0")) / 2_000_000 if ours and self._address else 0.0
        """Seconds between two keep-alives, half of the manager's timeout; 0 when it has none."""

    def on_event(self, event: Event) -> None:
        """Show in `systemctl status` what was loaded, or where a file that could not be loaded is wrong."""
        match event:
            case JobsChanged(changes=changes):
                jobs = len(changes.added) + len(changes.changed) + len(changes.unchanged)
                self._send(f"STATUS={plural(jobs, 'job')}")
            case ReloadFailed(text=text):
                where = next(iter(text.splitlines()), "")
                self._send(f"STATUS=reload failed, the previous configuration stays active: {where}")
            case Stopping():
                self._send("STOPPING=1", "STATUS=shutting down")

    def ready(self) -> None:
        """The schedule is loaded, or a reload has finished."""
        self._send("READY=1")

    def reloading(self) -> None:
        """The file is being read again; `ready` follows."""
        # Not from Clock: systemd compares this number with its own CLOCK_MONOTONIC.
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    async def stay_alive(self, engine: Engine) -> None:
        """Feed the watchdog, if there is one, for as long as scheduled times are decided in time."""
        while self.watchdog_interval:
            if engine.problem() is None:
                self._send("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_interval)

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            try:
                client.sendto("\n".join(lines).encode(errors="replace"), socket.MSG_DONTWAIT, self._address)
            except OSError:
                return  # a manager that does not listen must not hurt the jobs
