"""The example application's four tasks: what they do, once per scheduled time, and what a failure leaves behind."""

from __future__ import annotations

import mailbox
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples.app import database, notifications, orders, rates, reminder

MONDAY = "2026-01-05T08:00:00Z"
NEXT_MONDAY = "2026-01-12T08:00:00Z"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("APP_SMTP_URL", "RATES_URL", "MAIL_FROM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("EXAMPLE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SCHED_SCHEDULED_AT", MONDAY)
    return tmp_path / "data"


def rows(data: Path, query: str) -> list[tuple[object, ...]]:
    db = sqlite3.connect(data / "example.db")
    try:
        return db.execute(query).fetchall()
    finally:
        db.close()


def mails(data: Path) -> list[tuple[str, str]]:
    return sorted((str(mail["To"]), str(mail["Subject"])) for mail in mailbox.Maildir(data / "mail"))


def upload(data: Path, name: str, content: str | bytes, age: float = 60.0) -> Path:
    """A file in the inbox, last written `age` seconds ago."""
    path = data / "inbox" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    moment = path.stat().st_mtime - age
    os.utime(path, (moment, moment))
    return path


def everything(data: Path) -> tuple[list[str], dict[str, bytes]]:
    """The database as text, and every other file."""
    db = sqlite3.connect(data / "example.db")
    try:
        dump = list(db.iterdump())
    finally:
        db.close()
    files = (path for path in data.rglob("*") if path.is_file() and path.name != "example.db")
    return dump, {str(path.relative_to(data)): path.read_bytes() for path in files}


def tell_customers() -> None:
    notifications.notify_group("customers", subject="Sale")


def poll() -> None:
    rates.poll_rates(currencies=["USD", "CHF"])


def remind_team() -> None:
    reminder.remind("team@example.com", "hand in your time sheets")


@pytest.mark.parametrize("task", [tell_customers, poll, remind_team, orders.import_orders])
def test_a_run_repeated_for_its_scheduled_time_changes_nothing(
    task: Callable[[], None], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(data, "a.csv", "id,customer,amount\n1,Ada,2.50\n")
    task()
    once = everything(data)
    upload(data, "b.csv", "id,customer,amount\n2,Bo,9\n")
    monkeypatch.setenv("SCHED_SCHEDULED_AT", "2026-01-05T09:00:00+01:00")  # the same instant, written differently
    task()
    (data / "inbox" / "b.csv").unlink()
    assert everything(data) == once


def test_each_user_of_the_group_gets_one_mail_for_each_scheduled_time(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_customers()
    people = ["ada", "bjoern", "chidi", "dolores", "eunji"]
    assert mails(data) == [(f"{name}@example.com", "Sale") for name in people]
    monkeypatch.setenv("SCHED_SCHEDULED_AT", NEXT_MONDAY)
    tell_customers()
    assert len(mails(data)) == 10


def test_the_console_channel_prints_and_sends_no_mail(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notifications.notify_group("staff", subject="Sale", channel="console")
    assert capsys.readouterr().out.splitlines() == [
        "to farid@example.com: Sale",
        "to grace@example.com: Sale",
        "2 of 2 staff notified: Sale",
    ]
    assert not (data / "mail").exists()


def test_a_group_that_does_not_exist_is_a_warning() -> None:
    with pytest.raises(ValueError, match="the group 'custmers' has no members"):
        notifications.notify_group("custmers", subject="Sale")


def test_an_unreachable_user_delays_no_other_and_is_reached_by_the_retry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    @contextmanager
    def refusing_chidi_once() -> Iterator[Callable[[EmailMessage], object]]:
        def send(message: EmailMessage) -> None:
            asked.append(str(message["To"]).partition("@")[0])
            if asked.count("chidi") == 1 and asked[-1] == "chidi":
                raise OSError("mailbox is full")

        yield send

    monkeypatch.setattr(notifications, "outbox", refusing_chidi_once)
    with pytest.raises(RuntimeError, match=r"not notified: chidi@example\.com: mailbox is full"):
        tell_customers()
    tell_customers()
    assert asked == ["ada", "bjoern", "chidi", "dolores", "eunji", "chidi"]


def test_polling_keeps_the_latest_rate_of_each_currency(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = data.parent / "api.json"
    monkeypatch.setenv("RATES_URL", api.as_uri())
    for moment, rate in ((MONDAY, 1.05), (NEXT_MONDAY, 1.10), (MONDAY, 1.20)):  # the last one comes late
        api.write_text(f'{{"base": "EUR", "rates": {{"USD": {rate}, "CHF": 0.93}}}}')
        monkeypatch.setenv("SCHED_SCHEDULED_AT", moment)
        poll()
    assert rows(data, "SELECT * FROM rates ORDER BY currency") == [
        ("CHF", 0.93, "2026-01-12T08:00:00+00:00"),
        ("USD", 1.10, "2026-01-12T08:00:00+00:00"),
    ]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (None, "No such file"),
        ("<html>", "Expecting value"),
        ("[]", "not a valid answer of a rates API"),
        ('{"base": "USD", "rates": {"EUR": 0.9}}', "not a valid answer of a rates API"),
        ('{"base": "EUR", "rates": {"USD": 1.1}}', "no rate for CHF"),
        ('{"base": "EUR", "rates": {"USD": 1.1, "CHF": "n/a"}}', "n/a"),
    ],
)
def test_an_api_without_an_answer_is_an_error_and_stores_nothing(
    answer: str | None, complaint: str, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poll()
    before = everything(data)
    api = data.parent / "api.json"
    if answer is not None:
        api.write_text(answer)
    monkeypatch.setenv("RATES_URL", api.as_uri())
    monkeypatch.setenv("SCHED_SCHEDULED_AT", NEXT_MONDAY)
    with pytest.raises((OSError, ValueError), match=complaint):
        poll()
    assert everything(data) == before


def test_the_weekly_reminder_is_one_mail_with_the_orders(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(data, "a.csv", "id,customer,amount\n1,Ada,2.50\n2,Bo,3\n")
    orders.import_orders()
    monkeypatch.setenv("MAIL_FROM", "Shop <shop@example.com>")
    monkeypatch.setattr(sys, "argv", ["reminder", "--to", "team@example.com", "hand in your time sheets"])
    reminder.main()
    [mail] = mailbox.Maildir(data / "mail")
    assert (mail["From"], mail["To"], mail["Subject"]) == (
        "Shop <shop@example.com>",
        "team@example.com",
        "hand in your time sheets",
    )
    assert "On the books: 2 orders, 5.50 EUR." in mail.get_payload()


@pytest.mark.parametrize("address", ["localhost:25", "http://u:hunter2@mail.example.com", "u:hunter2@mail.example.com"])
def test_a_wrong_smtp_url_is_refused_without_showing_it(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_SMTP_URL", address)
    with pytest.raises(ValueError, match="APP_SMTP_URL must look like") as refusal:
        remind_team()
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("row", "stored"),
    [
        ("7,Ada,12.50", (7, "Ada", 1250)),
        ("7,Ada,12", (7, "Ada", 1200)),
        ("7,Ada,12.5", (7, "Ada", 1250)),
        ("7, Ada ,0.05", (7, "Ada", 5)),
        ('7,"Ada, Countess of Lovelace",1', (7, "Ada, Countess of Lovelace", 100)),
        ("7,Björn,1\r", (7, "Björn", 100)),
    ],
)
def test_good_rows_are_stored(row: str, stored: tuple[object, ...], data: Path) -> None:
    upload(data, "a.csv", f"\ufeffid,customer,amount\n\n{row}\n")
    orders.import_orders()
    assert rows(data, "SELECT * FROM orders") == [stored]
    assert not (data / "rejects").exists()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"7,Ada", "2 fields instead of 3"),
        (b"7,Ada,1,2", "4 fields instead of 3"),
        (b"x,Ada,1", "id is not a number: 'x'"),
        (b"-7,Ada,1", "id is not a number: '-7'"),
        ("٣,Ada,1".encode(), "id is not a number: '٣'"),
        (b"7" * 30 + b",Ada,1", f"id is not a number: '{'7' * 30}'"),
        (b"7,,1", "customer is empty"),
        (b"7,\xff,1", "customer is not UTF-8"),
        (b"7,Ada,", "amount is not like 12.50: ''"),
        (b"7,Ada,.", "amount is not like 12.50: '.'"),
        (b"7,Ada,1.", "amount is not like 12.50: '1.'"),
        (b"7,Ada,-1", "amount is not like 12.50: '-1'"),
        (b"7,Ada,1e3", "amount is not like 12.50: '1e3'"),
        (b"7,Ada,1.005", "amount has fractions of a cent: '1.005'"),
        (b"7," + b"x" * 200_000 + b",1", "the rest of the file was not read: field larger than field limit (131072)"),
    ],
)
def test_a_malformed_row_goes_to_the_rejects_with_a_reason_and_the_others_are_stored(
    row: bytes, reason: str, data: Path
) -> None:
    upload(data, "a.csv", b"id,customer,amount\n1,Ada,2\n" + row + b"\n")
    orders.import_orders()
    assert rows(data, "SELECT id FROM orders") == [(1,)]
    [rejects] = (data / "rejects").iterdir()
    header, line = rejects.read_text().splitlines()[:2]
    assert header == "line,reason,row"
    assert line.startswith((f"3,{reason},", f'3,"{reason}",'))
    assert [path.name for path in (data / "done").iterdir()] == [rejects.name]


def test_a_file_without_the_heading_is_rejected_whole(data: Path) -> None:
    upload(data, "a.csv", "1,Ada,2\n2,Bo,3\n")
    orders.import_orders()
    assert rows(data, "SELECT * FROM orders") == []
    [rejects] = (data / "rejects").iterdir()
    assert "the first line must be id,customer,amount" in rejects.read_text()


def test_an_upload_that_is_still_being_written_is_left_alone(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = upload(data, "fresh.csv", "id,customer,amount\n1,Ada,2\n2,", age=0)
    part = upload(data, "late.part", "id,customer,amount\n3,")
    orders.import_orders()
    assert fresh.exists()
    assert part.exists()
    assert rows(data, "SELECT * FROM orders") == []
    upload(data, "fresh.csv", "id,customer,amount\n1,Ada,2\n2,Bo,3\n")
    monkeypatch.setenv("SCHED_SCHEDULED_AT", NEXT_MONDAY)
    orders.import_orders()
    assert rows(data, "SELECT id FROM orders") == [(1,), (2,)]
    assert [path.name for path in (data / "inbox").iterdir()] == ["late.part"]


def test_uploads_of_one_name_are_all_kept_and_the_later_one_wins(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for moment, amount in ((MONDAY, "2"), (NEXT_MONDAY, "3")):
        upload(data, "a.csv", f"id,customer,amount\n1,Ada,{amount}\n")
        monkeypatch.setenv("SCHED_SCHEDULED_AT", moment)
        orders.import_orders()
    assert rows(data, "SELECT * FROM orders") == [(1, "Ada", 300)]
    assert len(list((data / "done").iterdir())) == 2


def test_an_import_that_dies_before_its_commit_is_done_by_the_retry(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_row: list[str]) -> None:
        raise MemoryError

    upload(data, "a.csv", "id,customer,amount\n1,Ada,2\n")
    with monkeypatch.context() as patch, pytest.raises(MemoryError):
        patch.setattr(orders, "_order", die)
        orders.import_orders()
    assert not (data / "done").exists()
    orders.import_orders()
    assert rows(data, "SELECT id FROM orders") == [(1,)]
    assert len(list((data / "done").iterdir())) == 1


def test_an_import_that_dies_after_its_commit_is_finished_by_the_next_run(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(data, "a.csv", "id,customer,amount\n1,Ada,2\n")
    (data / "done").write_text("a file where the folder should be")
    with pytest.raises(FileExistsError):
        orders.import_orders()
    assert rows(data, "SELECT id FROM orders") == [(1,)]
    (data / "done").unlink()
    monkeypatch.setenv("SCHED_SCHEDULED_AT", NEXT_MONDAY)
    orders.import_orders()
    assert rows(data, "SELECT id FROM orders") == [(1,)]
    assert len(list((data / "done").iterdir())) == 1
    assert list((data / "taken").iterdir()) == []


@settings(max_examples=60)
@given(content=st.binary(max_size=200) | st.text(alphabet='01,".\r\n\0aé', max_size=60).map(str.encode))
def test_every_upload_is_moved_to_done(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        data = Path(folder)
        patch.setenv("EXAMPLE_DATA", folder)
        upload(data, "a.csv", b"id,customer,amount\n" + content)
        orders.import_orders()
        assert len(list((data / "done").iterdir())) == 1


def test_records_of_done_work_expire_after_a_month(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for moment in ("2026-01-05T08:00:00Z", "2026-01-30T08:00:00Z", "2026-02-20T08:00:00Z"):
        monkeypatch.setenv("SCHED_SCHEDULED_AT", moment)
        with database.transaction() as db:
            assert database.claim(db, "anything")
    assert [str(at)[:10] for (at,) in rows(data, "SELECT scheduled_at FROM done")] == ["2026-01-30", "2026-02-20"]
