"""Reads a regular file of a limited size, without ever blocking."""

from __future__ import annotations

import errno
import os
import stat


def read_regular_file(path: str | os.PathLike[str], largest: int) -> bytes:
    """The content of a file of at most `largest` bytes.

    OSError when it cannot be read; with EISDIR, ENXIO, EAGAIN or EFBIG for a directory, for what is not a regular file,
    for one that has nothing to read yet (some in /proc), and for a larger one. ValueError for a NUL byte in the path.
    """
    # Without O_NONBLOCK, opening a FIFO would block until it has a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise OSError(errno.EISDIR, "this is a directory, not a file")
        if not stat.S_ISREG(mode):
            raise OSError(errno.ENXIO, "not a regular file: a pipe, a socket or a device")
        content = bytearray()
        while len(content) <= largest and (block := os.read(descriptor, largest + 1 - len(content))):
            content += block
    except BlockingIOError:
        raise OSError(errno.EAGAIN, "nothing can be read without waiting for it") from None
    finally:
        os.close(descriptor)
    if len(content) > largest:
        size = f"{largest // 1024**2} MiB" if largest >= 1024**2 else f"{largest // 1024} KiB"
        raise OSError(errno.EFBIG, f"the file is larger than {size}")
    return bytes(content)
