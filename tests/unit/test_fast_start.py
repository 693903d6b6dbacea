"""What keeps the cost of imports low changes nothing of what is imported."""

from __future__ import annotations

import re

import pytest

from scheduler.fast_start import patterns_compiled_late


def test_a_pattern_that_is_compiled_late_matches_as_any_other() -> None:
    with patterns_compiled_late():
        late = re.compile("^(A)B*$", re.IGNORECASE)
    at_once = re.compile("^(A)B*$", re.IGNORECASE)
    assert at_once is not late
    for text in ("a", "Abb", "ba", ""):
        found, expected = late.match(text), at_once.match(text)
        assert (found and found.groups()) == (expected and expected.groups())
    assert (late.pattern, late.flags, late.sub("-", "ab")) == (at_once.pattern, at_once.flags, "-")
    assert (re.sub(late, "-", "ab"), re.compile(late), isinstance(late, re.Pattern)) == ("-", late, True)


def test_a_pattern_that_is_compiled_late_has_its_errors_when_it_is_first_used() -> None:
    with patterns_compiled_late():
        late = re.compile("(")
    with pytest.raises(re.error, match="unterminated"):
        late.match("")


def test_patterns_are_compiled_at_once_after_the_block_even_if_it_fails() -> None:
    with pytest.raises(ZeroDivisionError), patterns_compiled_late():
        1 / 0  # noqa: B018
    assert type(re.compile("x")) is re.Pattern
