"""Absolute paths: $PWD counts, if it is the current directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.absolute_path import absolute


@pytest.fixture
def current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, by the name of a link to it."""
    (tmp_path / "releases" / "1").mkdir(parents=True)
    (tmp_path / "current").symlink_to("releases/1")
    monkeypatch.chdir(tmp_path / "current")
    return tmp_path / "current"


@pytest.mark.parametrize(
    ("path", "expected"), [("s.yaml", "s.yaml"), ("./s.yaml", "s.yaml"), ("a/../s.yaml", "s.yaml"), ("", "")]
)
def test_a_link_in_the_name_of_the_current_directory_is_kept(
    current: Path, monkeypatch: pytest.MonkeyPatch, path: str, expected: str
) -> None:
    """F15"""
    monkeypatch.setenv("PWD", str(current))
    assert absolute(path) == str(current / expected)


@pytest.mark.parametrize("pwd", ["/", "/nowhere", "relative", ".", ""])
def test_a_pwd_that_is_not_the_current_directory_does_not_count(
    current: Path, monkeypatch: pytest.MonkeyPatch, pwd: str
) -> None:
    monkeypatch.setenv("PWD", pwd)
    assert absolute("s.yaml") == str(current.resolve() / "s.yaml")
    monkeypatch.delenv("PWD")
    assert absolute("s.yaml") == str(current.resolve() / "s.yaml")


def test_a_path_from_the_root_stays(current: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PWD", str(current))
    assert absolute("/etc/../etc/s.yaml") == "/etc/s.yaml"
