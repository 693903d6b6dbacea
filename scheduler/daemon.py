"""The composition root: creates the parts of the daemon, starts them and stops them in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from scheduler import __version__
from scheduler.api.engine_service import EngineService
from scheduler.api.reload_plan import digest_of, read_again, reload_view
from scheduler.clock import Clock, SystemClock
from scheduler.config.load import load
from scheduler.config.loading import Config
from scheduler.config.trusted_files import load_trusted
from scheduler.config.web_form import listening_on
from scheduler.control.presence import Presence
from scheduler.control.server import ControlServer
from scheduler.engine.engine import Engine
from scheduler.engine.events import ReloadFailed
from scheduler.engine.missed import ask_from_before
from scheduler.errors import EXIT_BUG, RefusedError, SchedError
from scheduler.fast_start import beside_the_loop, loaded, loading
from scheduler.launch.earlier import find_earlier
from scheduler.launch.environment import Environment
from scheduler.launch.launchers import Launchers
from scheduler.launch.local import LocalLauncher
from scheduler.launch.spawner import Spawner
from scheduler.lazy_workers import LazyWorkers
from scheduler.liveness import Liveness
from scheduler.model.run import RAN, Reason
from scheduler.report import startup
from scheduler.report.heartbeat import Heartbeat
from scheduler.report.log import Log, LogFormat
from scheduler.report.metrics import Metrics
from scheduler.report.notify.lazy_notifications import LazyNotifications
from scheduler.report.stdout import Stdout
from scheduler.report.systemd import Systemd
from scheduler.signals import Signals
from scheduler.web.lazy_web import LazyWeb
from scheduler.wire.daemon import ClockJump, ReloadView, StatusView, WorkerView
from scheduler.wire.requester import Requester

STDOUT = 1
LAST_LINES = 1.0
"""Seconds that the last lines of the log may take to be written, also when the shutdown timeout is over."""


def run(  # noqa: PLR0913 - one for each option
    path: Path,
    *,
    log_format: LogFormat,
    log_level: str,
    watch: bool,
    web: str | None,
    is_default_address: bool,
    heartbeat: Path | None,
    paused: bool,
    shutdown_timeout: float | None,
    allow_insecure_file: bool,
) -> int:
    """Run the jobs of a file until a signal ends it (exit code 0) or a bug (70). `web` is an address to serve HTTP on.

    `is_default_address`: the address in the file, if it has one, takes precedence over `web`.
    `paused`: all jobs are paused at first. Unless `allow_insecure_file`, root refuses a file that others can change, at
    a reload too. ConfigError, AlreadyRunningError and UsageError are for the caller to show.
    """

    def read(path: Path) -> Config:
        config = (load if allow_insecure_file else load_trusted)(path)
        address = None if is_default_address and config.web.listen is not None else web
        return config if address is None else replace(config, web=listening_on(config.web, address, config.path))

    how = {"watch": watch, "heartbeat": heartbeat, "paused": paused}
    with loading():  # until the daemon is ready
        return asyncio.run(_serve(read, read(path), shutdown_timeout, log_format, log_level, how))


async def _serve(
    read: Callable[[Path], Config],
    config: Config,
    shutdown_timeout: float | None,
    log_format: LogFormat,
    log_level: str,
    how: dict[str, Any],
) -> int:
    clock = SystemClock()
    loop = asyncio.get_running_loop()
    stdout = Stdout(STDOUT, loop)
    log = Log(stdout, clock, form=log_format, level=log_level, fd=STDOUT, environ=os.environ)
    loop.set_exception_handler(log.on_bug)
    left = 0.0
    try:
        daemon = Daemon(read, config, shutdown_timeout, clock, log)
        left = await daemon.serve(**how)
        return EXIT_BUG if daemon.failed else 0
    finally:
        stdout.close(max(left, LAST_LINES))


class Daemon(EngineService):
    """The Service of a running schedd: the engine's answers, and what concerns the daemon itself."""

    def __init__(
        self, read: Callable[[Path], Config], config: Config, shutdown_timeout: float | None, clock: Clock, log: Log
    ) -> None:
        """`read` reads the file again at a reload."""
        self._processes = Spawner()
        self._systemd = Systemd(os.environ)
        self.metrics = Metrics(per_job=config.metrics_per_job)
        self._workers = LazyWorkers(config.workers, clock, log)
        environment = Environment(os.environ, config.withheld, file=str(config.path))
        launchers = Launchers(LocalLauncher(self._processes, environment), self._workers.launcher)
        engine = Engine(clock, launchers, log=log, listeners=(log.on_event, self.metrics.on_event))
        engine.announce.add(self._systemd.on_event, *Systemd.KINDS)
        super().__init__(engine, environment)
        self._read = read
        self._config = config
        self._presence = Presence(str(config.path), log.warning)
        self._shutdown_timeout = shutdown_timeout
        self._log = log
        self._notifications = LazyNotifications(engine, log, self.metrics.notifications)
        self._server = ControlServer(self)
        self._web = LazyWeb(self, engine, config.web, lambda: self._config.max_running)
        self._started_at = self._loaded_at = clock.now()
        self._started_steady = clock.steady()
        self._reload_error: str | None = None
        self._reloading = asyncio.Lock()
        self._stop_asked = asyncio.Event()
        self._liveness = Liveness(self._stop_asked.set)
        self._signals = Signals(
            self._stop_asked,
            stop_runs=engine.runner.end_all,
            kill_runs=engine.runner.kill_all,
            reload=lambda: self._liveness.start(self._reload_unasked()),
            ignored=lambda name: log.warning("signal ignored", signal=name),
        )

    async def serve(self, *, watch: bool, heartbeat: Path | None, paused: bool) -> float:
        """Run until a signal or a bug ends it. Ready means that requests are answered and scheduled times decided.

        With `watch` a change of the files is a reload. Returns the seconds that are left of the shutdown timeout.
        """
        pulse = Heartbeat(heartbeat, self._engine, self._log)
        with (
            self._presence.locked(),
            self._signals.handled(),
            self._processes.in_charge(),
            self._engine.announce.with_listener(self._notifications.on_event),
            self._presence.listening() as control,
        ):
            if control is not None:
                await self._server.start(control.listener)
            startup.log_start(
                self._log,
                self._config.path,
                "none" if control is None else control.path,
                has_store=self._config.workers is not None,
            )
            startup.log_warnings(self._log, self._config.warnings)
            if (address := await self._web.start()) is not None:
                self._log.info("web listening", address=str(address), url=address.url)
            await self._workers.connect(self._engine, self)
            ask_from_before(self._config.jobs.values(), self._engine.clock.now())
            self._engine.load(self._config.jobs, max_running=self._max_running())
            startup.log_jobs(self._log, self._engine.timetable)
            self._systemd.ready()
            for earlier in find_earlier(str(self._config.path), self._config.jobs):
                self._engine.take_over(earlier)
            if paused:
                await self.pause(
                    list(self._config.jobs), until=None, note="started with --paused", by=None, of_all=True
                )
            await self._workers.join()
            started_at = self._engine.start()
            missed = startup.report_missed(
                self._log, self._engine, started_at, self._config.files, self._web.missed, self._notifications.missed
            )
            self._liveness.start_loop(self._engine.run())
            for part in (self._systemd.stay_alive(self._engine), pulse.keep(), self.slices.run(missed)):
                self._liveness.start(part)
            if watch:
                self._liveness.start(self._reload_on_change())
            loaded()
            await self._stop_asked.wait()
            end = await self._shut_down()
        self._log.info("stopped")
        return end - self._engine.clock.steady()

    async def _shut_down(self) -> float:
        """End all runs, then the parts of the daemon. Returns the steady time at which the shutdown timeout ends."""
        seconds = self._config.shutdown_timeout if self._shutdown_timeout is None else self._shutdown_timeout
        end = self._engine.clock.steady() + seconds
        for_notifications = self._notifications.reserve(seconds)
        # The loop ticks and the socket answers until the last run is over: scheduled times meanwhile are decided, and
        # people can see what schedd is waiting for.
        await self._engine.shut_down(seconds - for_notifications)
        await self._notifications.close(for_notifications)
        self._liveness.stop()
        await self._server.close()
        await self._web.close()
        await self._workers.close()
        return end

    def status(self) -> StatusView:
        """The daemon itself."""
        timetable, history, now = self._engine.timetable, self._engine.history, self.now()
        live, (next_at, next_job) = self._engine.live(), timetable.next_run()
        return StatusView(
            version=__version__,
            pid=os.getpid(),
            started_at=self._started_at,
            uptime=round(self._engine.clock.steady() - self._started_steady, 3),
            file=str(self._config.path),
            timezone=self._config.timezone,
            loaded_at=self._loaded_at,
            reload_error=self._reload_error,
            ticking=not self._engine.runner.draining,
            problem=self._engine.problem(),
            jobs=len(timetable.names()),
            disabled=timetable.disabled,
            paused=len(timetable.pauses.names(now)),
            running=sum(each.run is not None for each in live),  # also of jobs removed
            waiting=sum(each.run is None for each in live) + len(timetable.later),
            next_at=next_at,
            next_job=next_job,
            decisions={word: history.decided[word] for word in (RAN, *Reason) if history.decided[word]},
            clock_jumps=tuple(ClockJump(at=jump.now, seconds=round(jump.by, 3)) for jump in self.metrics.jumps),
            dropped_lines=self._log.dropped,
            notification_errors=dict(self._notifications.errors()),
            store_up=self._workers.store_up,
        )

    def notification_errors(self, job: str) -> tuple[str, ...]:
        """The recipients of a job whose latest notification was not delivered, each with the cause."""
        return self._notifications.errors_of(job)

    @property
    def failed(self) -> bool:
        """A bug has ended the loop."""
        return self._liveness.failed

    async def workers(self) -> list[WorkerView]:
        """The workers that are there, and the runs that each of them has."""
        return await self._workers.views(self._config.jobs.values(), self._engine.live())

    async def reload(self, *, plan: bool, digest: str | None = None, by: Requester | None = None) -> ReloadView:
        """Read the file on a thread and apply the difference, or report it. ConfigError when the file is invalid."""
        async with self._reloading, beside_the_loop():
            return await self._reload(plan, digest, by)

    async def _reload(self, plan: bool, digest: str | None, by: Requester | None) -> ReloadView:
        timetable = self._engine.timetable
        old = timetable.jobs()
        try:
            if not plan:
                self._presence.lock()
                await self._presence.renew(self._server.start)
            config, changes = await asyncio.to_thread(read_again, self._read, self._config, old)
        except SchedError as error:
            if not plan:
                self._reload_error = str(error)
                self._engine.announce(ReloadFailed(str(error), by))
            raise
        if digest is not None and digest != digest_of(config):
            raise RefusedError("the files have changed since this plan was made; look at the new plan")
        before = {name: timetable.next_of(name) for name in (*changes.changed, *changes.removed)}
        if plan:
            after = timetable.preview(config.jobs, self.now(), changes)
        else:
            self._config, self._reload_error, self._loaded_at = config, None, self.now()
            startup.log_warnings(self._log, config.warnings)
            self.environment.withhold(config.withheld)
            self._engine.load(config.jobs, max_running=self._max_running(), changes=changes, by=by)
            after = {name: timetable.next_of(name) for name in (*changes.added, *changes.changed)}
        return reload_view(changes, old, config, (before, after), applied=not plan)

    def _max_running(self) -> int:
        """As the file says, but no more than there are descriptors for: near that limit runs wait for capacity."""
        return min(filter(None, (self._config.max_running, self._processes.most_children)))

    async def _reload_on_change(self) -> None:
        from scheduler.config.file_watch import watched  # noqa: PLC0415 - only for --watch

        def warn(why: str) -> None:
            self._log.warning("file watch failed", error=why, hint="schedd checks the file every few seconds instead")

        async for _ in watched(lambda: self._config.files, warn):
            await self._reload_unasked()

    async def _reload_unasked(self) -> None:
        self._systemd.reloading()
        with contextlib.suppress(SchedError):  # announced already, and shown by `list` and `status` until fixed
            await self.reload(plan=False)
        self._systemd.ready()
