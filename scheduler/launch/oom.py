"""Whether the kernel has killed processes of our cgroup because its memory ran out."""

from __future__ import annotations

import os
import re
from pathlib import Path

RECENT = 1.0

_COUNT = rb"(?m)^oom_kill (\d+)$"


class OomKills:
    """The cgroup's own counter. `root` is where the machine's files begin."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._root = root
        self._file: Path | None = None
        self._looked = False
        self._latest: int | None = None
        self._latest_at = -RECENT

    def lately(self, now: float) -> int | None:
        """`count` as it was at most RECENT seconds before `now`, the loop's time: launches ask often."""
        if now - self._latest_at >= RECENT:
            self._latest, self._latest_at = self.count(), now
        return self._latest

    def count(self) -> int | None:
        """How many there have been since the cgroup began; None when that is unknown."""
        if not self._looked:
            self._looked = True
            self._file = next((file for file in self._candidates() if os.access(file, os.R_OK)), None)
        if self._file is None:
            return None
        try:
            descriptor = os.open(self._file, os.O_RDONLY)
        except OSError:
            return None
        try:
            match = re.search(_COUNT, os.read(descriptor, 4096))
        finally:
            os.close(descriptor)
        return int(match[1]) if match else None

    def _candidates(self) -> list[Path]:
        """cgroups(7), version 2 and 1. In a container our own cgroup is often mounted in the place of the root."""
        try:
            lines = (self._root / "proc/self/cgroup").read_text().splitlines()
        except OSError:
            return []
        cgroups = self._root / "sys/fs/cgroup"
        candidates = []
        for line in lines:
            _, controllers, path = line.split(":", 2)
            if not controllers:
                candidates += [cgroups / path[1:] / "memory.events", cgroups / "memory.events"]
            elif "memory" in controllers.split(","):
                memory = cgroups / "memory"
                candidates += [memory / path[1:] / "memory.oom_control", memory / "memory.oom_control"]
        return candidates
