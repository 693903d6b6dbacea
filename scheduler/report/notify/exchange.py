"""The connections of one exchange with a server, which can be ended from another thread at any moment."""

from __future__ import annotations

import contextlib
import socket
import threading


class Exchange:
    """Opens connections for one blocking call; `abort` ends them, and with them the call.

    The timeout of a socket is not enough: it starts again with each byte, so a server that sends a little again and
    again would hold the thread for ever.
    """

    def __init__(self) -> None:
        self._aborted = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def connect(
        self, address: tuple[str, int], timeout: float | None, _source: tuple[str, int] | None = None
    ) -> socket.socket:
        """Connect to the first address of a host that answers, as socket.create_connection does."""
        host, port = address
        failure = OSError("the name of the server leads to no address")
        for family, kind, protocol, _, where in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            sock = socket.socket(family, kind, protocol)
            try:
                self._watch(sock)
                sock.settimeout(timeout)
                sock.connect(where)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise failure

    def abort(self) -> None:
        """End all connections, and let no more be opened."""
        with self._lock:
            self._aborted = True
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The exchange is over."""
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()

    def _watch(self, sock: socket.socket) -> None:
        with self._lock:
            if self._aborted:
                raise TimeoutError
            # A duplicate: TLS takes the descriptor out of the socket.
            self._sockets.append(sock.dup())
