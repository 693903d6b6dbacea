"""For tests of what may not be read: root may read everything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def somebody_else() -> Iterator[None]:
    """Root becomes the user `nobody` meanwhile; other users stay themselves."""
    ours = os.geteuid()
    if ours == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(ours)
