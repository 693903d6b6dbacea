"""Messages through a real broker: what Celery itself would send, over a connection that is kept and replaced."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from tests.process.redis_server import MESSAGE

pytest.importorskip("celery", reason="the extra celery is not installed")

from celery import Celery
from redis import Redis

from scheduler.celery_app import register
from scheduler.launch.remote.celery_mailbox import NO_LIMIT, TASK, CeleryMailbox


def test_a_message_is_the_one_that_celery_itself_would_send(port: int) -> None:
    expires = datetime.now(UTC) + timedelta(seconds=45)
    mailbox = CeleryMailbox(f"redis://127.0.0.1:{port}/0", "q")
    asyncio.run(mailbox.send(MESSAGE, expires))
    mailbox.close()
    app: Any = Celery("any", broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)
    text = msgspec.json.encode(MESSAGE).decode()
    with app.connection_for_write() as connection:
        limits = {"time_limit": NO_LIMIT, "soft_time_limit": NO_LIMIT}
        app.send_task(
            TASK, args=[text], queue="q", expires=expires, ignore_result=True, connection=connection, **limits
        )
    app.close()
    celery, ours = (json.loads(each) for each in Redis(port=port).lrange("q", 0, -1))
    assert timedelta(seconds=44) < timedelta(milliseconds=int(ours["properties"]["expiration"])) < timedelta(seconds=46)
    for message in (celery, ours):
        for unique in ("id", "root_id"):
            del message["headers"][unique]
        for unique in ("correlation_id", "delivery_tag", "expiration", "reply_to"):
            del message["properties"][unique]
    assert ours == celery


def test_a_message_is_sent_also_when_the_broker_has_closed_the_connection(port: int) -> None:
    mailbox = CeleryMailbox(f"redis://127.0.0.1:{port}/0", "q")
    redis = Redis(port=port)
    for count in (1, 2):
        asyncio.run(mailbox.send(MESSAGE, None))
        assert redis.llen("q") == count
        redis.client_kill_filter(_type="normal", skipme=True)
    mailbox.close()


def test_a_team_adds_the_task_to_its_own_application() -> None:
    """Without the warning of Celery that another application has registered a task of this name for all."""
    app: Any = Celery("team", set_as_current=False)
    register(app)
    assert app.tasks[TASK].app is app
