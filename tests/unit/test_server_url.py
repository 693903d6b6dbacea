"""A wrong address of a server is explained without any part of its password."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.model.workers import store_problem
from scheduler.server_url import ENCODE, host_of, redis_url_problem, url_problem

DATABASE = "the database must be a number, as in redis://host:6379/0"
PORT = "the port must be a number from 1 to 65535"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redis://host", ""),
        ("redis://user:p%2F4%23x@host:6379/0", ""),
        ("redis://host/0?password=a@b", ""),
        ("unix:///run/redis.sock?db=1", ""),
        ("redis://user:pass@host:port/0", PORT),
        ("redis://user:pass@host:0/0", PORT),
        ("redis://user:pass@host:65536/0", PORT),
        ("redis://user:pass", PORT),
        ("redis://user:pa/ss@host:6379/0", ENCODE),
        ("redis://user:pa#ss@host:6379/0", ENCODE),
        ("redis://user:pa?ss@host:6379/0", ENCODE),
        ("redis://user:pa[ss@host:6379/0", ENCODE),
    ],
)
def test_the_part_of_an_address_that_is_not_valid_is_named(url: str, problem: str) -> None:
    assert url_problem(url) == redis_url_problem(url) == problem
    assert store_problem(url, is_broker=False) == (f"the address is not valid: {problem}" if problem else "")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redis://host/", ""),
        ("rediss://host/15?ssl_cert_reqs=none", ""),
        ("redis://host/%31", ""),
        ("unix:///run/redis.sock", ""),
        ("sentinel://host:26379/0", ""),
        ("redis://host/abc", DATABASE),
        ("rediss://host:6379/-1", DATABASE),
        ("redis://host/0/1", DATABASE),
        ("redis://host?db=abc", DATABASE),
        ("unix:///run/redis.sock?db=x", DATABASE),
        ("sentinel://host:26379/mymaster", DATABASE),
        ("redis://user:6379/pass@host/0", ENCODE),
    ],
)
def test_the_database_of_a_redis_is_a_number(url: str, problem: str) -> None:
    assert redis_url_problem(url) == problem


@given(st.text())
def test_any_text_has_a_problem_of_two_or_none_and_a_host_or_none(text: str) -> None:
    assert url_problem(f"redis://user:{text}@host") in {"", PORT, ENCODE}
    assert redis_url_problem(f"redis://user:{text}@host") in {"", PORT, ENCODE, DATABASE}
    assert host_of(f"redis://user:{text}@host")
