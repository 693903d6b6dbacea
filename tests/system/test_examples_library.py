"""Each directory of examples/ does what its README says. Tools that are missing here are played by stand-ins."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.system.programs import BIN, schedctl, schedd

EXAMPLES = Path(__file__).parents[2] / "examples"
LIBRARY = sorted(path.parent.name for path in EXAMPLES.glob("*/schedules.yaml"))


def copy_of(name: str, tmp_path: Path) -> Path:
    """A copy of an example, so that what it writes goes away; the schedule file in it."""
    shutil.copytree(EXAMPLES / name, tmp_path / name)
    return tmp_path / name / "schedules.yaml"


def stand_in(folder: Path, name: str, script: str) -> None:
    """A program of that name which runs a shell script."""
    program = folder / name
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def run(file: Path, job: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return schedctl("-c", file, "run-now", job, cwd=None, **environ)


@pytest.mark.parametrize("name", LIBRARY)
def test_every_example_is_valid_and_in_the_index(name: str) -> None:
    file = EXAMPLES / name / "schedules.yaml"
    checked = schedctl("check", "--strict", "--elsewhere", file, SLACK_WEBHOOK="https://hooks.example.com/x")
    assert checked.returncode == 0, checked.stdout
    assert f"[{name}]({name})" in (EXAMPLES / "README.md").read_text()


def test_the_backup_keeps_seven_and_a_repeated_one_replaces_its_own(tmp_path: Path) -> None:
    file = copy_of("postgres-backup", tmp_path)
    stand_in(
        tmp_path / "bin", "pg_dump", 'for word; do case $word in --file=*) echo dump >"${word#--file=}";; esac; done'
    )
    stand_in(tmp_path / "bin", "pg_restore", 'test -s "$2"')
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    for day in (*range(1, 9), 8):
        made = schedctl("-c", file, "run-now", "backup", "--as-of", f"2026-05-{day:02}T02:15:00Z", PATH=path)
        assert made.returncode == 0, made.stderr
    kept = sorted(dump.name for dump in (file.parent / "var/backups").iterdir())
    assert kept == [f"2026-05-{day:02}T021500Z.dump" for day in range(2, 9)]
    assert run(file, "verify", PATH=path).stdout == "2026-05-08T021500Z.dump can be read\n"


def test_a_failed_backup_leaves_the_others(tmp_path: Path) -> None:
    file = copy_of("postgres-backup", tmp_path)
    file.write_text(file.read_text().replace("retry: {times: 2, delay: 5m}", "retry: 0"))
    stand_in(tmp_path / "bin", "pg_dump", "echo no server >&2; exit 1")
    failed = run(file, "backup", PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert (failed.returncode, list((file.parent / "var/backups").iterdir())) == (1, [])
    assert "no server" in failed.stderr


def test_a_certificate_is_renewed_once_and_its_expiry_watched(tmp_path: Path) -> None:
    file = copy_of("certificates", tmp_path)
    assert run(file, "watch-expiry").returncode == 1
    assert "renewed var/example.pem" in run(file, "renew").stdout
    assert "valid for more than 30 days" in run(file, "renew").stdout
    assert run(file, "watch-expiry").returncode == 0


@contextmanager
def shop(*answers: tuple[int, str]) -> Iterator[str]:
    """A server that gives these answers one after the other, the last one for ever; its address."""
    left = list(answers)

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/prices.html"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_scraper_survives_an_outage_and_stores_each_time_once(tmp_path: Path) -> None:
    file = copy_of("scraper", tmp_path)
    page = '<ul><li data-name="pears"> 2.50</li><li data-name="figs"> 4.00</li></ul>'
    with shop((503, ""), (200, page)) as address:
        text = (
            file.read_text().replace("http://127.0.0.1:8080/prices.html", address).replace("delay: 5s", "delay: 0.1s")
        )
        file.write_text(text)
        for _ in range(2):
            fetched = schedctl("-c", file, "run-now", "prices", "--as-of", "2026-05-04T10:00Z")
            assert fetched.returncode == 0, fetched.stderr
    stored = (file.parent / "var/prices.csv").read_text()
    assert stored == "2026-05-04T10:00:00Z,pears,2.50\n2026-05-04T10:00:00Z,figs,4.00\n"


def test_a_snapshot_shares_what_has_not_changed(tmp_path: Path) -> None:
    file = copy_of("home-server", tmp_path)
    files = file.parent / "var/files"
    files.mkdir(parents=True)
    (files / "same").write_text("same")
    for day in (1, 2):
        made = schedctl("-c", file, "run-now", "snapshot", "--as-of", f"2026-05-0{day}T01:00Z")
        assert made.returncode == 0, made.stderr
    first, second = sorted((file.parent / "var/snapshots").iterdir())
    assert (first / "same").stat().st_ino == (second / "same").stat().st_ino


def test_a_changed_address_is_reported_once(tmp_path: Path) -> None:
    file = copy_of("home-server", tmp_path)
    answer = [run(file, "dynamic-dns", ADDRESS_COMMAND="echo 192.0.2.7", REPORT="echo new").stdout for _ in range(2)]
    assert answer == ["new 192.0.2.7\n", "unchanged: 192.0.2.7\n"]


def test_a_django_project_runs_its_commands_and_functions(tmp_path: Path) -> None:
    """With Django itself; the environment of the tests is its `.venv`."""
    file = copy_of("django", tmp_path)
    (file.parent / ".venv").symlink_to(BIN.parent)
    assert run(file, "migrate").returncode == 0
    with closing(sqlite3.connect(file.parent / "shop.sqlite3")) as shop, shop:
        old = [("ada@example.com", "2026-01-01 00:00:00", ""), ("bob@example.com", "2999-01-01 00:00:00", "")]
        shop.executemany("INSERT INTO shop_cart (email, touched, reminded_for) VALUES (?, ?, ?)", old)
    for found in ("1 reminded", "0 reminded"):
        sent = schedctl("-c", file, "run-now", "send-reminders", "--as-of", "2026-05-04T07:00Z", cwd=None)
        assert sent.returncode == 0, sent.stderr
        assert sent.stdout.count("To: ada@example.com") == int(found[0])
    assert run(file, "expire-carts").stdout == "1 carts deleted\n"
    assert run(file, "clear-sessions").returncode == 0


def test_the_steps_of_a_pipeline_have_the_scheduled_time_of_the_first(tmp_path: Path) -> None:
    file = copy_of("pipeline", tmp_path)
    file.write_text(file.read_text().replace("catch_up: 12h", "catch_up: 1s"))  # none of this morning's
    with schedd(file) as running:
        assert run(file, "extract").stdout == "3 sales\n"
        running.says("run finished", "job=load", "outcome=succeeded")
        with closing(sqlite3.connect(file.parent / "var/sales.db")) as sales:
            assert sales.execute("SELECT product, count FROM sales").fetchall() == [("figs", 2), ("pears", 7)]
        (one_time,) = {re.search(r"scheduled_at=(\S+)", line)[1] for line in running.lines("run started")}  # type: ignore[index]
    assert one_time.replace(":", "") in "".join(path.name for path in (file.parent / "var").iterdir())
    again = schedctl("-c", file, "run-now", "transform", "--as-of", one_time)
    assert again.stdout == "2 products\n"


@pytest.mark.parametrize(
    ("name", "program", "job", "environment", "says"),
    [
        ("rails", "bin/rails", "weekly-reminder", "test", "rails runner ReminderMailer.weekly.deliver_now in test"),
        ("laravel", "php", "reports", "", "php artisan reports:send in"),
    ],
)
def test_the_command_of_a_framework_gets_its_words(
    name: str, program: str, job: str, environment: str, says: str, tmp_path: Path
) -> None:
    """`bin/rails` and `php` are stand-ins."""
    file = copy_of(name, tmp_path)
    stand_in(file.parent, program, 'echo "$(basename "$0") $* in $RAILS_ENV"')
    path = f"{file.parent}:{os.environ['PATH']}"
    ended = run(file, job, PATH=path, SLACK_WEBHOOK="https://hooks.example.com/x", RAILS_ENV=environment)
    assert (ended.returncode, ended.stdout.strip()) == (0, says)
