"""`schedctl list --watch`: the list of jobs on the whole terminal, refreshed every second and driven by keys."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from typing import NoReturn

from scheduler.cli import times
from scheduler.cli.answer_source import FileAlone, Target
from scheduler.cli.keyboard import Keyboard
from scheduler.cli.watch_frame import AROUND, job_frame, list_frame
from scheduler.cli.watch_state import Action, WatchState
from scheduler.control.client import Client
from scheduler.errors import SchedError, UnreachableError, UsageError
from scheduler.text import plural
from scheduler.wire.jobs import JobDetails, ListJobs, PauseJobs, ResumeJobs, Show
from scheduler.wire.operations import LIST, LOGS, PAUSE, RESUME, RUN_NOW, SHOW, STOP
from scheduler.wire.runs import Event, Logs, RunNow, Started, Stop, Waiting

EVERY = 1.0
"""Seconds between refreshes."""

OTHER_SCREEN, OWN_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"
HOME, END_OF_LINE, END_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"


def watch_jobs(target: Target, source: Client | FileAlone, jobs: tuple[str, ...], zone: tzinfo) -> None:
    """Draw until `q` or Ctrl-C. The terminal is restored in every case."""
    if not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal, and stdout is not one; leave it out, or use --json")
    with _other_screen() as wake, Keyboard(wake) as keyboard:
        Watch(target, source, jobs, zone).run(keyboard)


class Watch:
    """The loop: ask, draw, wait for a key."""

    def __init__(self, target: Target, source: Client | FileAlone, jobs: tuple[str, ...], zone: tzinfo) -> None:
        self._target = target
        self._source = source
        self._jobs = jobs
        self._zone = zone
        self._state = WatchState()
        self._details: JobDetails | None = None
        self._events: Sequence[Event] = ()
        self._error = ""
        self._done: queue.SimpleQueue[str] = queue.SimpleQueue()
        """The results of actions, which may take as long as a job takes to stop."""

    def run(self, keyboard: Keyboard) -> None:
        """Run until `q`."""
        while True:
            due = time.monotonic() + EVERY
            self._ask()
            while (left := due - time.monotonic()) > 0:
                self._draw()
                is_open, selected = self._state.is_open, self._state.selected
                for key in keyboard.read(left):
                    action = self._state.press(key, max(1, _size()[1] - AROUND))
                    if action is not None and action.deed == "quit":
                        return
                    if action is not None:
                        self._begin(action)
                if (self._state.is_open, self._state.selected) != (is_open, selected) or not self._done.empty():
                    break

    def _ask(self) -> None:
        """Get the jobs, and the open one in full."""
        try:
            views = self._source.ask(LIST, ListJobs(self._jobs))
            self._state.views = views
            self._ask_open()
            self._error = ""
        except UnreachableError as error:
            self._error = str(error)
            self._find_again()
        except SchedError as error:
            self._error = str(error)
        while not self._done.empty():
            self._state.message = self._done.get()

    def _ask_open(self) -> None:
        name = self._state.selected
        if not self._state.is_open or name is None:
            self._details = None
            return
        self._details = self._source.ask(SHOW, Show(name))
        if isinstance(self._source, Client):
            lines = _size()[1]
            self._events = list(self._source.stream(LOGS, Logs(jobs=(name,), lines=lines)))

    def _find_again(self) -> None:
        """A schedd that was restarted listens on a new socket."""
        try:
            self._source = self._target.daemon() or self._source
        except SchedError:
            return

    def _draw(self) -> None:
        now, size = times.now(), _size()
        if self._state.is_open and self._details is not None:
            lines = job_frame(self._state, self._details, self._events, self._zone, now, size, self._error)
        else:
            lines = list_frame(self._state, self._zone, now, size, self._error)
        sys.stdout.write(HOME + f"{END_OF_LINE}\n".join(lines) + END_OF_LINE + END_OF_SCREEN)
        sys.stdout.flush()

    def _begin(self, action: Action) -> None:
        """Do it on a thread: the screen stays alive."""
        if not isinstance(self._source, Client):
            self._state.message = "no schedd is running"
            return
        self._state.message = f"{action.deed} {action.job} …"
        threading.Thread(target=self._do, args=(self._source, action), daemon=True).start()

    def _do(self, daemon: Client, action: Action) -> None:
        try:
            self._done.put(_done(daemon, action))
        except SchedError as error:
            self._done.put(str(error))


def _done(daemon: Client, action: Action) -> str:
    """Do it, and return the result in words."""
    job = action.job
    match action.deed:
        case "run":
            for event in daemon.stream(RUN_NOW, RunNow(job=job, detach=True)):
                if isinstance(event, Started):
                    return f"{job}: run {event.run.id} started"
                if isinstance(event, Waiting):
                    return f"{job}: run {event.run_id} is waiting for {event.waiting_on or event.gate}"
            return f"{job} was started"
        case "pause":
            daemon.ask(PAUSE, PauseJobs(jobs=(job,)))
            return f"{job} is paused"
        case "resume":
            daemon.ask(RESUME, ResumeJobs(jobs=(job,)))
            return f"{job} is resumed"
        case _:
            stopped = daemon.ask(STOP, Stop(target=job))
            count = len(stopped.runs) + stopped.waiting
            return f"{job}: {plural(count, 'run')} stopped" if count else f"{job}: nothing to stop"


def _size() -> tuple[int, int]:
    """Columns and lines of the terminal."""
    size = os.get_terminal_size(sys.stdout.fileno())
    return size.columns or 80, size.lines or 24


@contextmanager
def _other_screen() -> Iterator[int]:
    """The alternate screen, and a descriptor that can be read when the size of the terminal has changed."""
    before = signal.signal(signal.SIGTERM, _leave)
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    resized = signal.signal(signal.SIGWINCH, lambda *_: None)
    suspended = signal.signal(signal.SIGTSTP, signal.SIG_IGN)  # Ctrl-Z would leave the other screen behind
    sys.stdout.write(OTHER_SCREEN)
    try:
        yield wake
    except KeyboardInterrupt:
        pass
    finally:
        sys.stdout.write(OWN_SCREEN)
        sys.stdout.flush()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGWINCH, resized)
        signal.signal(signal.SIGTSTP, suspended)
        signal.signal(signal.SIGTERM, before)
        os.close(wake)
        os.close(woken)


def _leave(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)
