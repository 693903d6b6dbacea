"""A shell that starts the tests in the background has SIGINT ignored, and so would every program that they start."""

from __future__ import annotations

import signal

signal.signal(signal.SIGINT, signal.default_int_handler)
