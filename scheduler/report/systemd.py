"""systemd's view of the daemon (sd_notify(3)): ready, reloading, stopping, alive. Silent without NOTIFY_SOCKET."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping


class Systemd:
    """Sends state to the service manager that started schedd, if one did."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.watchdog_interval = int(environ.get("WATCHDOG_USEC", "0")) / 2_000_000 if ours and self._address else 0.0
        """Seconds between two signs of life, half of what the manager tolerates; 0 when it expects none."""

    def ready(self, status: str) -> None:
        """The schedule is loaded and ticking."""
        self._send("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """The file is being read again; `ready` follows."""
        # Not by the house's clock: systemd compares this number with its own CLOCK_MONOTONIC.
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Shutdown began."""
        self._send("STOPPING=1")

    def alive(self) -> None:
        """A sign of life for the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as client:
            try:
                client.sendto("\n".join(lines).encode(), socket.MSG_DONTWAIT, self._address)
            except OSError:
                return  # a manager that does not listen must not hurt the jobs
