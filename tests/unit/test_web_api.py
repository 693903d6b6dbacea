"""The HTTP API and the metrics without a socket: routes, requests, the OpenAPI document, and Prometheus' own parser."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from scheduler.api.engine_service import EngineService
from scheduler.api.handlers import ANSWERS
from scheduler.api.prometheus import write_metrics
from scheduler.engine.engine import Engine
from scheduler.errors import UnknownNameError
from scheduler.launch.environment import Environment
from scheduler.launch.simulated import Play
from scheduler.model.job import Overlap
from scheduler.model.run import Attempt, Exit, Outcome, Run, Trigger
from scheduler.model.web import ListenAddress, WebSettings
from scheduler.report.metrics import Metrics
from scheduler.web import http_server
from scheduler.web.openapi import document
from scheduler.web.request import Request
from scheduler.web.response import Response
from scheduler.wire.daemon import AskMetrics, ReloadView, StatusView, WorkerView
from scheduler.wire.http_routes import API, HTTP_ROUTES, STANDBY_OF
from scheduler.wire.operations import OPERATIONS, RESULT, RUN_NOW, Operation
from scheduler.wire.requester import Requester
from scheduler.wire.runs import RunResult, Waiting
from tests.unit.stage import NOON, Stage, job

ON_THE_SOCKET_ONLY = {"env"}


class Served(EngineService):
    """The service of a stage, with what a daemon adds."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, Environment({}))
        self.metrics = Metrics()
        engine.announce.add(self.metrics.on_event)

    async def workers(self) -> list[WorkerView]:
        return []

    def status(self) -> StatusView:
        jobs = self._engine.timetable.jobs()
        return StatusView(
            version="0.2.0", pid=1, started_at=NOON, uptime=1.0, file="/app/schedules.yaml", loaded_at=NOON,
            reload_error=None, ticking=True, jobs=len(jobs), disabled=0,
            paused=sum(self._engine.timetable.pauses.of(name, NOON) is not None for name in jobs), running=0, waiting=0,
            next_at=None, next_job=None, decisions={},
        )  # fmt: skip

    async def reload(self, *, plan: bool, digest: str | None = None, by: Requester | None = None) -> ReloadView:
        return ReloadView(applied=not plan)


Ask = Callable[..., Awaitable[tuple[int, dict[str, str], Any]]]


def play(script: Callable[[Stage, Ask, Served], Awaitable[None]], *jobs: Any, **options: Any) -> None:
    """Run a script on a stage with an `ask` that sends a request and returns status, headers and body."""

    async def perform(stage: Stage) -> None:
        service = Served(stage.engine)
        web = http_server.Web(service, stage.engine, WebSettings(listen=ListenAddress(port=1)), lambda: None)
        stage.engine.announce.add(web.on_event)

        async def ask(method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], Any]:
            given = {"host": "localhost"} | {name.replace("_", "-").lower(): text for name, text in headers.items()}
            data = b"" if body is None else body if isinstance(body, bytes) else msgspec.json.encode(body)
            if method == "POST":
                given.setdefault("content-type", "application/json")
            pairs = [(name.encode(), text.encode()) for name, text in given.items()]
            answer = await web.handle(Request(method, path, pairs, data, "127.0.0.1", "127.0.0.1"))
            assert len(dict(answer.headers)) == len(answer.headers), "no header comes twice"
            return answer.status, dict(answer.headers), await body_of(answer)

        await script(stage, ask, service)

    Stage(*jobs, **options).play(perform)


async def body_of(answer: Response) -> Any:
    content = answer.body
    if not isinstance(content, bytes):
        content = b"".join([piece async for piece in content])
    kind = dict(answer.headers).get("content-type", "")
    return json.loads(content) if "json" in kind else content.decode()


@pytest.fixture(autouse=True)
def _no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "open_listener", lambda _address: None)


def test_every_operation_is_found_over_http_but_those_that_reveal_secrets() -> None:
    assert {route.operation.name for route in HTTP_ROUTES} | {"metrics"} == OPERATIONS.keys() - ON_THE_SOCKET_ONLY
    assert ANSWERS.keys() == OPERATIONS.keys()
    for route in HTTP_ROUTES:
        assert not route.operation.local_only & route.fields().keys()
        assert (route.method == "POST") == route.operation.writes


def test_the_openapi_document_has_each_route_and_refers_only_to_what_it_has() -> None:
    """That it is docs/openapi.json, as generated, is tested with the other pages."""
    found = document(token_needed=True)
    text = json.dumps(json.loads(msgspec.json.encode(found)))
    referred = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert referred <= found["components"]["schemas"].keys()
    assert sum(len(methods) for methods in found["paths"].values()) == len(HTTP_ROUTES) + 3
    assert "/jobs/{job}/env" not in found["paths"]


def test_questions_are_answered_with_the_json_of_the_socket() -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        await stage.until(3.5)
        status, headers, jobs = await ask("GET", f"{API}/jobs")
        assert (status, headers["content-type"], jobs[0]["name"]) == (200, "application/json", "j")
        assert (await ask("GET", f"{API}/jobs/j"))[2]["view"]["status"] == "idle"
        assert len((await ask("GET", f"{API}/jobs/j/next?count=3"))[2]) == 3
        assert (await ask("GET", f"{API}/jobs/j/why?at=2026-06-01T12:00:02Z"))[2]["is_scheduled"] is True
        assert len((await ask("GET", f"{API}/history?jobs=j,other&limit=2"))[2]) == 2
        assert (await ask("GET", f"{API}/status"))[2]["jobs"] == 2
        run = (await ask("GET", f"{API}/jobs/j/history"))[2][0]["run_id"]
        assert (await ask("GET", f"{API}/runs/{run}"))[2]["job"] == "j"

    play(script, job(), job("other", None))


def test_a_run_is_started_and_waited_for() -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        status, headers, run = await ask("POST", f"{API}/jobs/long/runs")
        assert (status, headers["location"]) == (202, f"{API}/runs/{run['id']}")
        assert run["by"]["address"] == "127.0.0.1"
        status, _, problem = await ask("POST", f"{API}/jobs/long/runs", {})
        assert (status, problem["code"]) == (409, "refused")
        await ask("POST", f"{API}/runs/{run['id']}/stop")
        begin = stage.clock.steady()
        status, headers, run = await ask("POST", f"{API}/jobs/long/runs", Prefer="wait=30")
        assert (status, run["outcome"], stage.clock.steady() - begin) == (200, "succeeded", 10.0)
        assert headers["preference-applied"] == "wait=30"
        begin = stage.clock.steady()
        status, _, run = await ask("POST", f"{API}/jobs/long/runs", Prefer="respond-async, wait=2")
        assert (status, run["outcome"], stage.clock.steady() - begin) == (202, None, 2.0)
        assert (await ask("GET", f"{API}/runs/{run['id']}"))[2]["outcome"] is None, "it goes on"
        status, headers, text = await ask("POST", f"{API}/jobs/quick/runs", Accept="text/event-stream")
        assert (status, headers["content-type"]) == (200, "text/event-stream")
        assert [line for line in text.splitlines() if line.startswith("event")] == [
            "event: started", "event: output", "event: finished", "event: end",
        ]  # fmt: skip

    plays = {"long": Play(seconds=10), "quick": Play(seconds=1, says=b"hello\n")}
    play(script, job("long", None), job("quick", None), play=lambda launch: plays[launch.job.name])


@pytest.mark.parametrize(
    ("wait", "outcome", "took"), [(0, None, 3.0), (2, None, 3.0), (4, None, 4.0), (9, "succeeded", 8.0)]
)
def test_the_shortest_wait_gives_the_run_that_it_has_started(wait: int, outcome: str | None, took: float) -> None:
    """Through a standby, a run starts some time after its request."""

    async def script(stage: Stage, ask: Ask, service: Served) -> None:
        at_once = service.run_now

        async def later(*args: Any, **options: Any) -> AsyncGenerator[Any, None]:
            await asyncio.sleep(3)
            async for event in at_once(*args, **options):
                yield event

        service.run_now = later  # type: ignore[method-assign]
        status, headers, run = await ask("POST", f"{API}/jobs/j/runs", Prefer=f"wait={wait}")
        assert (run["outcome"], stage.clock.steady()) == (outcome, took)
        assert (status, headers.get("location")) == (
            (202, f"{API}/runs/{run['id']}") if outcome is None else (200, None)
        )
        assert len((await ask("GET", f"{API}/jobs/j"))[2]["view"]["running"]) == (outcome is None)

    play(script, job("j", None), play=lambda _launch: Play(seconds=5))


def test_a_run_that_goes_on_without_this_schedd_is_202_for_who_waits_and_the_last_event_says_so() -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        waits = asyncio.ensure_future(ask("POST", f"{API}/jobs/j/runs", Prefer="wait=60"))
        await stage.until(5)
        (live,) = stage.engine.runner.live_runs("j")
        streams = asyncio.ensure_future(ask("GET", f"{API}/runs/{live.run_id}/wait", Accept="text/event-stream"))
        await stage.until(6)
        stage.engine.runner.leave(live)
        status, headers, run = await waits
        assert (status, headers["location"], run["outcome"]) == (202, f"{API}/runs/{live.run_id}", None)
        assert stage.clock.steady() == 6.0
        events = [line for line in (await streams)[2].splitlines() if line.startswith("event")]
        assert events == ["event: left", "event: end"]

    play(script, job("j", None), play=lambda _launch: Play(seconds=100))


def test_lateness_is_that_of_scheduled_runs() -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        await stage.until(3.5)
        (scheduled,) = (await ask("GET", f"{API}/jobs/j/history?limit=1"))[2]
        _, _, requested = await ask("POST", f"{API}/jobs/j/runs", Prefer="wait=30")
        times = (requested["scheduled_at"], requested["started_at"])
        assert times == ("2026-06-01T12:00:03Z", "2026-06-01T12:00:03.500000Z"), "the second of the request"
        assert (scheduled["run"]["lateness"], requested["lateness"]) == (0.0, None)

    play(script, job())


def test_a_run_is_started_once_for_a_key_and_refused_beyond_max_waiting() -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        first = await ask("POST", f"{API}/jobs/j/runs", Idempotency_Key="order-7")
        again = await ask("POST", f"{API}/jobs/j/runs", Idempotency_Key="order-7")
        assert (first[0], again[0], first[2]["id"]) == (202, 202, again[2]["id"])
        for key in ("", "x" * 256):
            assert (await ask("POST", f"{API}/jobs/j/runs", Idempotency_Key=key))[0] == 400
        status, _, waiting = await ask("POST", f"{API}/jobs/j/runs")
        assert (status, waiting["event"]) == (202, "waiting")
        assert (await ask("GET", f"{API}/runs/{waiting['run_id']}"))[2]["event"] == "waiting"
        status, _, problem = await ask("POST", f"{API}/jobs/j/runs")
        assert (status, problem["code"]) == (429, "too-many-waiting")
        assert "max_waiting" in problem["detail"]

    busy = job("j", None, overlap=Overlap.QUEUE, max_waiting=1)
    play(script, busy, play=lambda _launch: Play(seconds=100))


def test_output_is_text_or_events() -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        run = (await ask("POST", f"{API}/jobs/j/runs", Prefer="wait=5"))[2]["id"]
        assert (await ask("GET", f"{API}/runs/{run}/output"))[2] == "<b>\n"
        assert "event: output" in (await ask("GET", f"{API}/runs/{run}/output", Accept="text/event-stream"))[2]
        assert (await ask("GET", f"{API}/jobs/j/logs"))[2] == "<b>\n"

    play(script, job("j", None), play=lambda _launch: Play(says=b"<b>\n"))


def test_jobs_are_paused_and_resumed_one_or_all() -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        _, _, jobs = await ask("POST", f"{API}/jobs/a/pause", {"seconds": 3600, "note": "maintenance"})
        assert [(each["name"], each["paused"]["note"]) for each in jobs] == [("a", "maintenance")]
        assert len((await ask("POST", f"{API}/pause"))[2]) == 2
        assert len((await ask("POST", f"{API}/resume", {"jobs": ["b"]}))[2]) == 1
        await ask("POST", f"{API}/resume", {})
        assert [each["status"] for each in (await ask("GET", f"{API}/jobs"))[2]] == ["paused", "idle"]
        await ask("POST", f"{API}/resume", {"jobs": ["a"]})
        assert [each["status"] for each in (await ask("GET", f"{API}/jobs"))[2]] == ["idle", "idle"]

    play(script, job("a"), job("b"))


@pytest.mark.parametrize("key", ["Asia/Tokyo", "Pacific/Kiritimati", "America/Adak", "UTC"])
@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z", "9999-12-30T23:59:59Z", "9999-12-31T23:59:59Z"]
)
def test_a_time_at_the_limits_of_the_calendar_is_refused_or_shown(key: str, moment: str) -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        seconds = (datetime.fromisoformat(moment) - NOON).total_seconds()
        for path, body in (("runs", {"as_of": moment}), ("runs", {"at": moment}), ("pause", {"seconds": seconds})):
            assert (await ask("POST", f"{API}/jobs/j/{path}", body))[0] in (200, 202, 400, 409)
        await stage.until(5)
        for zone in ("", "&timezone=Asia/Tokyo", "&timezone=America/Adak"):
            assert (await ask("GET", f"{API}/jobs/j/why?at={moment}{zone}"))[0] in (200, 400)
        for path in (
            "/",
            "/jobs/j",
            f"/jobs/j?at={moment}",
            "/schedule",
            f"{API}/jobs/j/why",
            f"{API}/jobs/j",
            "/metrics",
        ):
            assert (await ask("GET", path))[0] == 200, path

    play(script, job("j", "@daily", timezone=ZoneInfo(key)))


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/pause", {"seconds": 0}, (400, "usage")),
        ("POST", "/jobs/j/pause", {"seconds": -1}, (400, "usage")),
        ("POST", "/pause", {"seconds": 251_621_900_000}, (409, "refused")),
        ("GET", "/jobs/none", None, (404, "unknown")),
        ("GET", "/runs/none/output", None, (404, "unknown")),
        ("GET", "/runs/abc", None, (404, "unknown")),
        ("GET", "/jobs/j/next?count=x", None, (400, "usage")),
        ("GET", "/jobs/j/next?colour=red", None, (400, "usage")),
        ("GET", "/jobs/j/why?at=someday", None, (400, "usage")),
        ("POST", "/jobs/j/runs", {"env": {"A": "b"}}, (400, "usage")),
        ("POST", "/jobs/j/runs", {"detach": False}, (400, "usage")),
        ("POST", "/jobs/j/runs", [], (400, "usage")),
        ("POST", "/jobs/j/runs", b"{", (400, "usage")),
        ("POST", "/jobs/j/runs", b"\xff", (400, "usage")),
        ("POST", "/jobs/j/runs", b"[" * 60_000, (400, "usage")),
        ("POST", "/jobs/none/runs", {}, (404, "unknown")),
        ("POST", "/pause", {"jobs": ["none"]}, (404, "unknown")),
        ("POST", "/runs/abc/stop", {}, (404, "unknown")),
    ],
)  # fmt: skip
def test_errors_are_problem_documents_with_the_code_of_the_socket(
    method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        status, headers, problem = await ask(method, API + path, body)
        assert (status, problem["code"], problem["status"]) == (*expected, expected[0])
        assert headers["content-type"] == "application/problem+json"
        assert problem["detail"]

    play(script, job(schedule="@hourly"))


def test_a_time_without_a_zone_is_in_the_time_zone_of_the_job() -> None:
    async def script(_stage: Stage, ask: Ask, _service: Served) -> None:
        for text in ("2026-10-14T10:05", "2026-10-14T10:05:00", "2026-10-14 10:05", "2026-10-14T08:05:00Z"):
            status, _, why = await ask("GET", f"{API}/jobs/j/why?at={text.replace(' ', '%20')}")
            assert (status, why["at"], why["is_scheduled"]) == (200, "2026-10-14T08:05:00Z", True), text
        first = (await ask("GET", f"{API}/jobs/j/next?count=1&start=2026-10-14T10:05"))[2]
        assert first[0]["at"] == "2026-10-15T08:05:00Z"

    play(script, job(schedule="5 8 * * *", timezone=ZoneInfo("Europe/Berlin")))


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("/jobs/j/why?at=soon", "at: 'soon' is not a valid time: use a time such as 18:00, Mon 07:00, yesterday or"),
        ("/next?start=2026-10-14T10:05", "start: '2026-10-14T10:05' has no time zone; append Z, or an offset"),
        ("/jobs/j/next?count=many", "count: must be a whole number such as 10, not 'many'"),
        ("/history?limit=0", "limit: must be a whole number such as 10, >= 1, not "),
    ],
)
def test_an_invalid_field_is_named_with_what_to_type(path: str, detail: str) -> None:
    async def script(_stage: Stage, ask: Ask, _service: Served) -> None:
        status, _, problem = await ask("GET", API + path)
        assert status == 400
        assert problem["detail"].startswith(detail)
        assert "$" not in problem["detail"]

    play(script, job(schedule="@hourly"))


def test_a_post_with_a_query_string_is_refused_so_that_no_preview_applies_a_change() -> None:
    async def script(_stage: Stage, ask: Ask, _service: Served) -> None:
        for query in ("plan=1", "plan", "plan=0", "other=1"):
            status, _, problem = await ask("POST", f"{API}/reload?{query}")
            assert status == 400
            assert problem["detail"] == "a POST request has no query string: its fields are members of a JSON object"
        status, _, problem = await ask("POST", f"{API}/reload", {"plan": "maybe"})
        assert (status, problem["detail"]) == (400, "plan: must be true or false, not 'maybe'")

    play(script, job(schedule="@hourly"))


def test_the_usual_names_of_health_checks_and_the_root_of_the_api_are_404_with_a_hint() -> None:
    async def script(_stage: Stage, ask: Ask, _service: Served) -> None:
        for path, hint in (("/health", "/healthz"), ("/livez", "/healthz"), (API, "/openapi.json")):
            status, _, problem = await ask("GET", path)
            assert status == 404
            assert hint in problem["detail"]

    play(script, job())


def test_an_unknown_page_is_404_and_a_wrong_method_405() -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        assert (await ask("GET", "/none"))[0] == 404
        status, headers, _ = await ask("DELETE", f"{API}/jobs/j")
        assert (status, headers["allow"]) == (405, "GET, HEAD")
        assert "text/html" in (await ask("GET", "/none", Accept="text/html"))[1]["content-type"]

    play(script, job())


def families(text: str) -> dict[str, Any]:
    return {family.name: family for family in parse_text(text)}


def test_prometheus_reads_the_metrics_and_they_say_what_happened() -> None:
    async def script(stage: Stage, ask: Ask, service: Served) -> None:
        await stage.until(4.5)
        status, headers, text = await ask("GET", "/metrics")
        assert (status, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
        found = families(text)
        runs = {(s.labels["job"], s.labels["outcome"]): s.value for s in found["schedd_runs"].samples}
        assert runs == {("good", "succeeded"): 4, ('a"b\\c', "failed"): 4} or runs[("good", "succeeded")] == 4
        failures = {s.labels["job"]: s.value for s in found["schedd_job_consecutive_failures"].samples}
        assert (failures["good"], failures["bad"]) == (0, 4)
        assert {s.labels["state"]: s.value for s in found["schedd_jobs"].samples}["idle"] == 2
        assert next(s.value for s in found["schedd_job_expected_success_overdue"].samples) == 1
        assert found["schedd_run_duration_seconds"].type == "histogram"
        assert not any("command" in s.labels or "true" in s.labels.values() for f in found.values() for s in f.samples)
        openmetrics = await write_metrics(service, AskMetrics(openmetrics=True))
        names = {family.name for family in parse_openmetrics("".join(openmetrics.parts))}  # type: ignore[no-untyped-call]
        assert names >= {"schedd_runs", "schedd", "schedd_jobs"}

    play(
        script, job("good"), job("bad", expect_success_within=2.0),
        play=lambda launch: Play(code=3 if launch.job.name == "bad" else 0),
    )  # fmt: skip


def test_a_job_is_not_overdue_because_its_last_success_is_older_than_the_kept_runs() -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        await stage.until(3 * 3600)
        for minute in range(130, 180):
            at = NOON + timedelta(minutes=minute)
            outcome = Outcome.SUCCEEDED if minute == 130 else Outcome.FAILED
            attempt = Attempt(1, at, 0.0, outcome, Exit(0))
            stage.engine.history.restore(Run(f"x{minute}", "j", Trigger.SCHEDULE, at, at, (attempt,), outcome, at, 0.0))
        found = families((await ask("GET", "/metrics"))[2])
        assert [s.value for s in found["schedd_job_expected_success_overdue"].samples] == [0]
        (succeeded,) = found["schedd_job_last_success_timestamp_seconds"].samples
        assert succeeded.value == (NOON + timedelta(minutes=130)).timestamp()

    play(script, job(schedule=None, expect_success_within=7200.0))


def test_metrics_of_very_many_jobs_leave_the_jobs_out() -> None:
    async def script(stage: Stage, ask: Ask, service: Served) -> None:
        service.metrics.per_job = False
        await stage.until(2.5)
        found = families((await ask("GET", "/metrics"))[2])
        assert not any("job" in s.labels for family in found.values() for s in family.samples)
        assert sum(s.value for s in found["schedd_runs"].samples) == 200

    play(script, *(job(f"j{number}") for number in range(100)))


def test_health_says_when_the_engine_has_fallen_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(stage: Stage, ask: Ask, _service: Served) -> None:
        assert (await ask("GET", "/healthz"))[0] == 200
        with monkeypatch.context() as patch:
            patch.setattr(stage.engine, "problem", lambda: "a scheduled time is 10s overdue")
            assert (await ask("GET", "/healthz"))[0] == 503

    play(script, job("j", None))


def test_a_request_for_a_run_costs_the_same_however_many_runs_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state of a job costs as much as its runs that wait: a request does not ask for it."""

    async def script(_stage: Stage, ask: Ask, service: Served) -> None:
        monkeypatch.setattr(service, "state", None)
        assert (await ask("POST", "/api/v1/jobs/a/runs"))[0] == 202

    play(script, job("a", None))


class ActiveScheduler:
    """The active scheduler as a standby sees it: it accepts each run, and knows one run `there1`."""

    active = "prod-1:7"
    problem = None

    async def stream(self, operation: Operation[Any, Any], ask: Any, by: Any) -> AsyncGenerator[Waiting, None]:
        assert (operation, ask.job, by.address) == (RUN_NOW, "j", "127.0.0.1")
        yield Waiting("there1", "j", "lock")

    async def reply(self, operation: Operation[Any, Any], ask: Any, by: Any) -> RunResult:
        assert (operation, by.address) == (RESULT, "127.0.0.1")
        if ask.run != "there1":
            raise UnknownNameError("no such run")
        return RunResult(run_id="there1", job="j", state="waiting", waiting_for="lock")


def test_a_run_requested_from_a_standby_leads_to_no_page_that_it_does_not_have() -> None:
    async def script(_stage: Stage, ask: Ask, service: Served) -> None:
        service.elsewhere = ActiveScheduler()
        form = {"content_type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
        for body in (b"", b"at=18:00"):
            status, headers, _ = await ask("POST", "/jobs/j/run", body, **form)
            assert (status, headers["location"]) == (303, "/jobs/j?done=passed-on&what=j")
        assert "· standby; active: prod-1:7" in (await ask("GET", "/jobs/j"))[2]
        status, headers, _ = await ask("POST", f"{API}/jobs/j/runs")
        assert (status, headers["location"]) == (202, f"{API}/runs/there1")
        assert STANDBY_OF not in headers, "the active scheduler has answered"
        for path in ("jobs", "jobs/j", "history", "jobs/j/why", "next", "status"):
            assert (await ask("GET", f"{API}/{path}"))[1][STANDBY_OF] == "prod-1:7"
        service.elsewhere = None
        assert STANDBY_OF not in (await ask("GET", f"{API}/history"))[1]
        service.elsewhere = ActiveScheduler()
        status, _, run = await ask("GET", f"{API}/runs/there1")
        assert (status, run["run_id"], run["state"]) == (200, "there1", "waiting")
        assert (await ask("GET", f"{API}/runs/nosuch"))[0] == 404

    play(script, job("j", None))
