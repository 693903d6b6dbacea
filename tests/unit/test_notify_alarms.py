"""Who is notified of what and when: stories on the virtual clock, each with the whole list of its notifications."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from scheduler.engine.claims import ClaimGate
from scheduler.engine.gates import SkipError
from scheduler.launch.simulated import Play
from scheduler.model.job import Job, OnShutdown, Overlap, Retry, SlowAfter
from scheduler.model.recipient import CommandRecipient, PingRecipient, Recipient, SentryRecipient
from scheduler.model.run import Attempt, Exit, Launch, Outcome, Reason, Run, Trigger
from scheduler.model.target import ShellCommand
from scheduler.report.notify import wording
from scheduler.report.notify.delivery import Deliveries
from scheduler.report.notify.notification import Notification
from scheduler.report.notify.notifications import Notifications
from scheduler.wire.times import REASONS
from tests.unit.stage import NOON, Stage, clock_face, job

HOUR = 3600.0


def recipients(name: str) -> tuple[CommandRecipient, ...]:
    return (CommandRecipient(target=ShellCommand(name)),)


ALL: dict[str, Any] = {f"on_{topic}": recipients(topic) for topic in ("failure", "success", "recovery", "skip", "slow")}
TROUBLE: dict[str, Any] = {f"on_{topic}": recipients(topic) for topic in ("failure", "recovery")}


class Wall(Deliveries):
    """A post that delivers nothing and writes everything down."""

    def __init__(self, stage: Stage) -> None:
        self.lines: list[str] = []
        self.all_notifications: list[Notification] = []
        self.down: dict[str, str] = {}
        """Recipients that cannot be reached, with the error."""
        self.receives = Notifications(stage.engine, self)
        self._stage = stage

    def send(self, recipient: Recipient, notification: Notification) -> None:
        match recipient:
            case CommandRecipient(target=ShellCommand(text)):
                who = text
            case PingRecipient() | SentryRecipient():
                who = type(recipient).__name__.removesuffix("Recipient").lower()
            case _:
                raise AssertionError(recipient)
        self.lines.append(f"{clock_face(self._stage.clock.now())} {who}: {wording.headline(notification)}")
        self.all_notifications.append(notification)
        self.on_result(recipient, notification, self.down.get(who))

    def forget_idle(self) -> None:
        """Nothing is kept."""


def ends(pattern: str) -> Callable[[Launch], Play]:
    """The runs in order: `s` succeeds, `f` fails; the last one goes on."""
    outcomes = iter(pattern)
    last = ""

    def play(_launch: Launch) -> Play:
        nonlocal last
        last = next(outcomes, last)
        return Play(1.0, 0 if last == "s" else 3)

    return play


Story = Callable[[Stage, Wall], Awaitable[None]]


def notified(
    *jobs: Job,
    pattern: str = "s",
    seconds: float = 0,
    story: Story | None = None,
    play: Any = None,
    shutdown_timeout: float = 25,
) -> list[str]:
    """Every notice, as `12:01:01 failure: j failed …`."""
    stage = Stage(*jobs, play=play or ends(pattern))
    walls: list[Wall] = []
    ears: list[object] = []

    async def script(stage: Stage) -> None:
        walls.append(Wall(stage))
        listening = stage.engine.announce.with_listener(walls[0].receives.on_event)
        listening.__enter__()  # until the end of the stage, shutdown included
        ears.append(listening)
        stage.engine.load(stage.jobs, max_running=None)
        if story is not None:
            await story(stage, walls[0])
        else:
            await stage.until(seconds)

    stage.play(script, shutdown_timeout=shutdown_timeout)
    assert [line for line in stage.lines if "BUG" in line] == []
    return walls[0].lines


def test_the_story_of_a_job_that_fails_fails_succeeds_and_fails() -> None:
    lines = notified(job(schedule="@every 1m", **ALL), pattern="sffsfss", seconds=460)
    assert lines == [
        "12:01:01 success: Job j succeeded in 1s",
        "12:02:01 failure: Job j failed after 1s: exit code 3",
        "12:04:01 success: Job j succeeded in 1s",
        "12:04:01 recovery: Job j recovered after 2 failed runs in 2m",
        "12:05:01 failure: Job j failed after 1s: exit code 3",
        "12:06:01 success: Job j succeeded in 1s",
        "12:06:01 recovery: Job j recovered after 1 failed run in 1m",
        "12:07:01 success: Job j succeeded in 1s",
    ]


def test_only_a_failure_of_the_last_attempt_is_reported() -> None:
    retried = job(schedule="@every 1m", retry=Retry(times=1, delay=5), **TROUBLE)
    assert notified(retried, pattern="fsffs", seconds=200) == [
        "12:02:07 failure: Job j failed in 2 attempts after 7s: exit code 3",
        "12:03:01 recovery: Job j recovered after 1 failed run in 54s",
    ]


def test_with_notify_after_only_so_many_failures_in_row_are_news_and_fewer_need_no_recovery() -> None:
    patient = job(schedule="@every 1m", notify_after=3, **TROUBLE)
    assert notified(patient, pattern="sffsfffffs", seconds=660) == [
        "12:07:01 failure: Job j failed after 1s: exit code 3 (as did 2 runs before it)",
        "12:10:01 recovery: Job j recovered after 5 failed runs in 5m",
    ]


def test_a_job_that_needs_three_failures_flaps_when_it_reaches_them_again_and_again() -> None:
    patient = job(schedule="@every 1m", notify_after=2, **TROUBLE)
    lines = notified(patient, pattern="ffsffsffsffs", seconds=13 * 60)
    assert [line.partition(": Job j ")[0] for line in lines] == [
        "12:02:01 failure",
        "12:03:01 recovery",
        "12:05:01 failure",
        "12:06:01 recovery",
        "12:08:01 failure",
    ]
    assert "fails and recovers in turn" in lines[-1]


def test_a_slow_run_is_reported_once_and_one_that_ends_in_time_is_not() -> None:
    slow = job(schedule="@every 1h", slow_after=SlowAfter(seconds=600.0), on_slow=recipients("slow"))
    durations = iter([599.0, 1200.0, 60.0])
    assert notified(slow, play=lambda _launch: Play(next(durations, 1.0)), seconds=3.5 * HOUR) == [
        "14:10:00 slow: Job j is slow: it has been running for 10m",
    ]


def test_slow_as_a_multiple_of_the_usual_duration_needs_three_successes() -> None:
    slow = job(schedule="@every 1h", slow_after=SlowAfter(times=3.0), on_slow=recipients("slow"))
    durations = iter([100.0, 10.0, 10.0, 10.0, 31.0, 29.0])
    assert notified(slow, play=lambda _launch: Play(next(durations, 1.0)), seconds=6.5 * HOUR) == [
        "17:00:30 slow: Job j is slow: it has been running for 30s",
    ]


def test_a_slow_run_that_is_stopped_or_whose_schedd_stops_is_not_reported() -> None:
    async def story(stage: Stage, _wall: Wall) -> None:
        await stage.until(HOUR + 300)
        await stage.engine.runner.stop(list(stage.engine.runner.live_runs()))
        await stage.until(2 * HOUR + 300)

    slow = job(
        schedule="@every 1h",
        slow_after=SlowAfter(seconds=600.0),
        on_slow=recipients("slow"),
        on_shutdown=OnShutdown.WAIT,
    )
    assert notified(slow, play=lambda _launch: Play(None), story=story, shutdown_timeout=900) == []


def test_a_reminder_comes_while_the_trouble_lasts_and_stops_with_it() -> None:
    reminded = job(schedule="@every 15m", remind=HOUR, **TROUBLE)
    assert notified(reminded, pattern="sfffffffffss", seconds=4 * HOUR) == [
        "12:30:01 failure: Job j failed after 1s: exit code 3",
        "13:30:01 failure: Job j still fails: 4 failed runs in 1h",
        "14:30:01 failure: Job j still fails: 8 failed runs in 2h",
        "14:45:01 recovery: Job j recovered after 9 failed runs in 2h15m",
    ]


def test_a_job_that_flaps_is_reported_once_until_it_is_steady() -> None:
    lines = notified(job(schedule="@every 1m", **TROUBLE), pattern="sfsfsfsfsfsssssfs", seconds=18 * 60)
    assert lines == [
        "12:02:01 failure: Job j failed after 1s: exit code 3",
        "12:03:01 recovery: Job j recovered after 1 failed run in 1m",
        "12:04:01 failure: Job j failed after 1s: exit code 3",
        "12:05:01 recovery: Job j recovered after 1 failed run in 1m",
        "12:06:01 failure: Job j fails and recovers in turn: it began to fail 3 times within 1d",
        "12:15:01 recovery: Job j recovered after 3 failed runs in 9m",
        "12:16:01 failure: Job j failed after 1s: exit code 3",
        "12:17:01 recovery: Job j recovered after 1 failed run in 1m",
    ]


def test_a_job_that_flaps_and_then_only_fails_is_reported_as_failing() -> None:
    lines = notified(job(schedule="@every 1m", **TROUBLE), pattern="fsfsfsfffffff", seconds=14 * 60)
    assert lines[4:] == [
        "12:05:01 failure: Job j fails and recovers in turn: it began to fail 3 times within 1d",
        "12:11:01 failure: Job j failed after 1s: exit code 3 (as did 5 runs before it)",
    ]


def test_a_daily_job_never_flaps() -> None:
    lines = notified(job(schedule="@daily", **TROUBLE), pattern="fsfsfs", seconds=6.5 * 86_400)
    assert [line.split()[1] for line in lines] == ["failure:", "recovery:"] * 3


def test_a_missing_success_is_reported_once_and_so_is_its_recovery() -> None:
    manual = job(schedule=None, expect_success_within=26 * HOUR, **TROUBLE)

    async def story(stage: Stage, _wall: Wall) -> None:
        await stage.until(60 * HOUR)
        stage.engine.run_now(manual)
        await stage.until(61 * HOUR)

    assert notified(manual, story=story) == [
        "14:00:00 failure: Job j has not succeeded for 1d2h",
        "00:00:01 recovery: Job j succeeded again after 2d12h1s",
    ]


def test_a_success_in_time_puts_the_alarm_off() -> None:
    lines = notified(job(schedule="@every 1h", expect_success_within=2 * HOUR, **TROUBLE), seconds=12 * HOUR)
    assert lines == []


def test_failures_do_not_count_as_the_expected_success() -> None:
    failing = job(schedule="@every 1h", expect_success_within=3.5 * HOUR, **TROUBLE)
    assert notified(failing, pattern="fffffs", seconds=7 * HOUR) == [
        "13:00:01 failure: Job j failed after 1s: exit code 3",
        "15:30:00 failure: Job j has not succeeded for 3h30m",
        "18:00:01 recovery: Job j recovered after 5 failed runs in 5h",
    ]


def test_an_overdue_job_gets_reminders_too() -> None:
    overdue = job(schedule=None, expect_success_within=2 * HOUR, remind=HOUR, **TROUBLE)
    assert notified(overdue, seconds=3.5 * HOUR) == [
        "14:00:00 failure: Job j has not succeeded for 2h",
        "15:00:00 failure: Job j still has not succeeded for 3h",
    ]


def test_a_clock_that_is_set_makes_nothing_overdue() -> None:
    async def story(stage: Stage, _wall: Wall) -> None:
        await stage.until(HOUR)
        stage.clock.step(timedelta(days=3))
        await stage.until(2 * HOUR)

    assert notified(job(schedule=None, expect_success_within=4 * HOUR, **TROUBLE), story=story) == []


def test_a_disabled_job_is_expected_to_do_nothing_and_has_all_its_time_once_it_is_enabled() -> None:
    disabled = job(schedule="@every 1d", enabled=False, expect_success_within=2 * HOUR, **TROUBLE)

    async def story(stage: Stage, _wall: Wall) -> None:
        await stage.until(6 * HOUR)
        stage.engine.load({"j": replace(disabled, enabled=True)}, max_running=None)
        await stage.until(9 * HOUR)

    assert notified(disabled, story=story) == ["20:00:00 failure: Job j has not succeeded for 2h"]


@pytest.mark.parametrize("on_shutdown", list(OnShutdown))
def test_a_run_that_the_shutdown_stops_causes_no_notification(on_shutdown: OnShutdown) -> None:
    """S3"""
    running = job(schedule="@reboot", on_shutdown=on_shutdown, ping="https://x/", sentry=True, remind=1.0, **ALL)

    async def story(stage: Stage, wall: Wall) -> None:
        stage.engine.run_now(running)
        await stage.until(5)
        wall.lines.clear()

    assert notified(running, story=story, play=lambda _launch: Play(None), shutdown_timeout=20) == []


def test_a_run_that_fails_because_the_platform_signals_it_causes_no_notification() -> None:
    """S3"""
    assert notified(job(schedule="@every 1m", **ALL), seconds=61, play=lambda _launch: Play(1.5, 143)) == []


def test_a_run_that_finishes_during_the_shutdown_is_reported_as_usual() -> None:
    lines = notified(job(schedule="@every 1m", **ALL), seconds=61, play=lambda _launch: Play(5.0))
    assert lines == ["12:01:05 success: Job j succeeded in 5s"]


def test_a_run_that_a_person_stops_is_neither_failure_nor_success() -> None:
    async def story(stage: Stage, _wall: Wall) -> None:
        await stage.until(130)
        await stage.engine.runner.stop(list(stage.engine.runner.live_runs("j")))
        await stage.until(190)

    plays = iter([Play(1.0, 3), Play(None), Play(1.0)])
    assert notified(job(schedule="@every 1m", **TROUBLE), story=story, play=lambda _launch: next(plays)) == [
        "12:01:01 failure: Job j failed after 1s: exit code 3",
        "12:03:01 recovery: Job j recovered after 1 failed run in 2m",
    ]


def test_during_the_shutdown_no_alarm_or_reminder_is_sent() -> None:
    waiting = job("waiting", schedule=None, expect_success_within=65.0, **TROUBLE)
    failing = job("failing", schedule="@at 2026-06-01T12:00:50+00:00", remind=15.0, **TROUBLE)
    slow = job("slow", schedule="@at 2026-06-01T12:00:58+00:00")
    play: Callable[[Launch], Play] = lambda launch: Play(20.0) if launch.job.name == "slow" else Play(1.0, 3)  # noqa: E731
    lines = notified(waiting, failing, slow, seconds=60, play=play, shutdown_timeout=60)
    assert lines == ["12:00:51 failure: Job failing failed after 1s: exit code 3"]


def test_the_first_skip_in_a_row_is_reported_and_again_after_a_start() -> None:
    lines = notified(job(schedule="@every 10s", **ALL), seconds=64, play=lambda _launch: Play(29.0))
    assert lines == [
        f"12:00:20 skip: Job j did not run at 2026-06-01 12:00:20 UTC: {REASONS['overlap']}",
        "12:00:39 success: Job j succeeded in 29s",
        f"12:00:50 skip: Job j did not run at 2026-06-01 12:00:50 UTC: {REASONS['overlap']}",
        "12:01:09 success: Job j succeeded in 29s",
    ]


def test_requested_skips_cause_no_notification() -> None:
    async def story(stage: Stage, _wall: Wall) -> None:
        stage.engine.pause("j", until=None, note="")
        await stage.until(65)

    queued = job(schedule="@every 10s", overlap=Overlap.QUEUE, **ALL)
    assert notified(queued, story=story) == []


def test_a_ping_address_is_called_for_every_run() -> None:
    watched = job(schedule="@every 1m", ping="https://hc-ping.com/secret", sentry=True)
    assert notified(watched, pattern="ffs", seconds=190) == [
        f"12:0{minute}:0{second} {who}: Job j {what}"
        for minute, end in (
            (1, "failed after 1s: exit code 3"),
            (2, "failed after 1s: exit code 3"),
            (3, "succeeded in 1s"),
        )
        for second, what in ((0, "started"), (1, end))
        for who in ("ping", "sentry")
    ]


def test_two_equal_webhooks_are_both_notified() -> None:
    """N2"""
    twice = job(schedule="@every 1m", on_failure=recipients("one") + recipients("other") + recipients("one"))
    lines = notified(twice, pattern="f", seconds=70)
    assert [line.split()[1] for line in lines] == ["one:", "other:", "one:"]


def test_the_alarm_state_of_a_job_survives_a_reload() -> None:
    failing = job(schedule="@every 1m", **TROUBLE)

    async def story(stage: Stage, _wall: Wall) -> None:
        await stage.until(70)
        stage.engine.load({"j": replace(failing, description="changed")}, max_running=None)
        await stage.until(190)

    assert notified(failing, pattern="ffs", story=story) == [
        "12:01:01 failure: Job j failed after 1s: exit code 3",
        "12:03:01 recovery: Job j recovered after 2 failed runs in 2m",
    ]


def test_a_removed_job_causes_no_more_notifications() -> None:
    async def story(stage: Stage, _wall: Wall) -> None:
        await stage.until(60.5)
        stage.engine.load({}, max_running=None)
        await stage.until(HOUR)

    assert notified(job(schedule="@every 1m", remind=60.0, **TROUBLE), pattern="f", story=story) == []


def test_a_job_without_recipients_creates_no_notification() -> None:
    assert notified(job(schedule="@every 1m", expect_success_within=5.0, remind=5.0), pattern="f", seconds=200) == []


def test_a_notification_has_the_run_and_the_end_of_its_output() -> None:
    all_notifications: list[Notification] = []

    async def story(stage: Stage, wall: Wall) -> None:
        await stage.until(70)
        all_notifications.extend(wall.all_notifications)

    says = b"x" * 20_000 + b"the end\n"
    notified(job(schedule="@every 1m", **TROUBLE), story=story, play=lambda _launch: Play(1.0, 3, says=says))
    (notification,) = all_notifications
    assert notification.run is not None
    assert notification.run.outcome is Outcome.FAILED
    assert (len(notification.output), notification.output[-8:]) == (8192, b"the end\n")


def test_a_scheduled_time_before_the_start_counts_as_not_succeeded() -> None:
    """B2: a platform that restarts schedd every day must not put the alarm off for ever."""
    daily = job(schedule="0 11 * * *", expect_success_within=26 * HOUR, **TROUBLE)

    async def story(stage: Stage, wall: Wall) -> None:
        wall.receives.missed("j", NOON - timedelta(hours=1))
        await stage.until(22 * HOUR)

    assert notified(daily, story=story) == [
        (
            "13:00:00 failure: Job j has not succeeded for 1d2h; "
            "this schedd was not running at its scheduled time 2026-06-01 11:00:00 UTC"
        )
    ]


@pytest.mark.parametrize(
    ("schedule", "within", "first"),
    [
        ("0 */6 * * *", 13 * HOUR, "19:00:00"),  # 12:00 is missed: the run of 06:00 is the last that may have succeeded
        ("0 12 * * *", 24.5 * HOUR, "12:30:00"),
        ("0 12 * * mon", 7.25 * 86400, "18:00:00"),
    ],
)
def test_the_alarm_counts_from_the_last_time_that_may_have_succeeded(schedule: str, within: float, first: str) -> None:
    """B2"""

    async def story(stage: Stage, wall: Wall) -> None:
        await stage.until(60)
        wall.receives.missed("j", NOON)
        await stage.until(7 * 86400)

    watched = job(schedule=schedule, expect_success_within=within, **TROUBLE)
    lines = notified(watched, story=story, play=lambda _: Play(1.0, 3))
    assert next(line.split()[0] for line in lines if "has not succeeded" in line) == first


def test_a_success_after_the_start_ends_what_was_missed_before_it() -> None:
    """B2"""

    async def story(stage: Stage, wall: Wall) -> None:
        wall.receives.missed("j", NOON - timedelta(hours=1))
        await stage.until(12 * HOUR)

    assert notified(job(schedule="0 * * * *", expect_success_within=3.5 * HOUR, **TROUBLE), story=story) == []


def test_a_job_without_the_limit_has_nothing_to_miss() -> None:
    """B2"""

    async def story(stage: Stage, wall: Wall) -> None:
        for name in ("j", "unknown"):
            wall.receives.missed(name, NOON - timedelta(hours=1))
        await stage.until(86400)

    assert notified(job(schedule="0 11 * * *", **TROUBLE), story=story) == []


def test_a_recipient_that_did_not_get_the_first_failure_gets_the_next_one_and_the_others_do_not() -> None:
    """B5"""
    twice = job(schedule="@every 1m", on_failure=recipients("down") + recipients("up"), on_recovery=recipients("up"))

    async def story(stage: Stage, wall: Wall) -> None:
        wall.down = {"down": "no address"}
        await stage.until(140)
        assert wall.receives.errors() == {"j": ("command: no address",)}
        wall.down = {}
        await stage.until(430)
        assert wall.receives.errors() == {}

    assert notified(twice, pattern="fffffs", story=story) == [
        "12:01:01 down: Job j failed after 1s: exit code 3",
        "12:01:01 up: Job j failed after 1s: exit code 3",
        "12:02:01 down: Job j failed after 1s: exit code 3 (as did the run before it)",
        "12:03:01 down: Job j failed after 1s: exit code 3 (as did 2 runs before it)",
        "12:06:01 up: Job j recovered after 5 failed runs in 5m",
    ]


def test_an_undelivered_alarm_is_sent_again_after_an_hour() -> None:
    """B5: a job that is overdue may never run again."""

    async def story(stage: Stage, wall: Wall) -> None:
        wall.down = {"failure": "no address"}
        await stage.until(3.5 * HOUR)
        wall.down = {}
        await stage.until(10 * HOUR)

    assert notified(job(schedule=None, expect_success_within=2 * HOUR, **TROUBLE), story=story) == [
        "14:00:00 failure: Job j has not succeeded for 2h",
        "15:00:00 failure: Job j still has not succeeded for 3h",
        "16:00:00 failure: Job j still has not succeeded for 4h",
    ]


def test_no_late_notification_is_sent_after_the_recovery() -> None:
    """B5"""

    async def story(stage: Stage, wall: Wall) -> None:
        wall.down = {"failure": "no address"}
        await stage.until(70)
        wall.down = {}
        await stage.until(3 * HOUR)

    assert notified(job(schedule="@every 1m", **TROUBLE), pattern="fs", story=story) == [
        "12:01:01 failure: Job j failed after 1s: exit code 3",
        "12:02:01 recovery: Job j recovered after 1 failed run in 1m",
    ]


@pytest.mark.parametrize(("down", "errors"), [("failure", {}), ("recovery", {"j": ("command: no address",)})])
def test_an_undelivered_alarm_is_no_error_any_more_after_the_recovery(down: str, errors: dict[str, Any]) -> None:
    """B5: what is shown of a healthy job is only what it could not say of its recovery."""

    async def story(stage: Stage, wall: Wall) -> None:
        wall.down = {down: "no address"}
        await stage.until(70)
        assert bool(wall.receives.errors()) is (down == "failure")
        await stage.until(130)
        assert wall.receives.errors() == errors

    notified(job(schedule="@every 1m", **TROUBLE), pattern="fs", story=story)


def test_an_alarm_that_fails_after_the_recovery_is_no_error() -> None:
    """B5: a delivery is tried for half a minute."""

    async def story(stage: Stage, wall: Wall) -> None:
        await stage.until(130)
        alarm = wall.all_notifications[0]
        wall.on_result(recipients("failure")[0], alarm, "no address")
        assert wall.receives.errors() == {}

    notified(job(schedule="@every 1m", **TROUBLE), pattern="fs", story=story)


def test_a_recipient_that_a_reload_removes_is_forgotten() -> None:
    """B5"""
    failing = job(schedule="@every 1m", on_failure=recipients("down"))

    async def story(stage: Stage, wall: Wall) -> None:
        wall.down = {"down": "no address"}
        await stage.until(70)
        stage.engine.load({"j": replace(failing, on_failure=recipients("other"))}, max_running=None)
        assert wall.receives.errors() == {}
        await stage.until(2 * HOUR)

    assert notified(failing, pattern="f", story=story) == ["12:01:01 down: Job j failed after 1s: exit code 3"]


def test_runs_that_no_worker_takes_are_a_failure_of_the_job_once_until_it_recovers() -> None:
    async def story(stage: Stage, _wall: Wall) -> None:
        async def claim(_key: str) -> bool:
            if stage.clock.steady() < 130:
                raise SkipError(Reason.NO_WORKER)
            return True

        stage.engine.runner.add_gate(ClaimGate(claim))
        await stage.until(200)

    lines = notified(job(schedule="@every 1m", **TROUBLE), story=story)
    assert lines == [
        f"12:01:00 failure: Job j did not run at 2026-06-01 12:01:00 UTC: {REASONS['no-worker']}",
        "12:03:01 recovery: Job j recovered after 2 failed runs in 2m1s",
    ]


def test_a_scheduler_that_takes_over_knows_what_recipients_were_notified_of() -> None:
    """It says that the job has recovered, and does not repeat that it fails; a standby reports nothing overdue."""

    async def story(stage: Stage, _wall: Wall) -> None:
        stage.engine.stand_by()
        await stage.until(1000)
        attempt = Attempt(1, NOON, 1.0, Outcome.FAILED, Exit(3))
        since = NOON + timedelta(seconds=900)
        stage.engine.history.restore(
            Run("x1", "j", Trigger.SCHEDULE, since, since, (attempt,), Outcome.FAILED, since, 1.0)
        )
        stage.engine.take_up({each for each in stage.engine.put_off() if each[1] < NOON + timedelta(seconds=990)})
        await stage.until(1140)

    lines = notified(job(schedule="@every 1m", expect_success_within=300.0, **TROUBLE), pattern="fs", story=story)
    assert lines == ["12:18:01 recovery: Job j recovered after 2 failed runs in 3m1s"]


def test_a_scheduler_that_takes_over_counts_from_the_last_success_however_many_runs_failed_since() -> None:
    """The history keeps the last 20 runs of a job; its last success and the number of failures may be older."""

    async def story(stage: Stage, _wall: Wall) -> None:
        stage.engine.stand_by()
        await stage.until(5 * HOUR)
        for minute in range(241, 300):
            at = NOON + timedelta(minutes=minute)
            outcome = Outcome.SUCCEEDED if minute == 241 else Outcome.FAILED
            attempt = Attempt(1, at, 0.0, outcome, Exit(0 if minute == 241 else 3))
            stage.engine.history.restore(Run(f"x{minute}", "j", Trigger.SCHEDULE, at, at, (attempt,), outcome, at, 0.0))
        stage.engine.take_up({each for each in stage.engine.put_off() if each[1] < NOON + timedelta(hours=5)})
        await stage.until(6.2 * HOUR)

    lines = notified(
        job(schedule="@every 1m", expect_success_within=2 * HOUR, **TROUBLE), pattern="f" * 65 + "s", story=story
    )
    assert lines == [
        "18:01:00 failure: Job j has not succeeded for 2h",
        "18:05:01 recovery: Job j recovered after 123 failed runs in 2h3m1s",
    ]
