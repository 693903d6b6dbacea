"""`schedctl version` and `schedd --version`: print the version, and those of Python and of the libraries in use."""

from __future__ import annotations

import platform
import re
from importlib import metadata

import click

from scheduler import __version__
from scheduler.cli.subcommand import subcommand


@subcommand("version")
def version() -> None:
    """Print the version.

    Also prints the versions of Python and of the libraries, of optional ones where they are installed.

    \b
    Examples:
      schedctl version
    """
    print_version("schedctl")


def print_version(program: str) -> None:
    """Print the lines of `schedd --version`."""
    click.echo(f"{program} {__version__}")
    click.echo(f"Python {platform.python_version()} on {platform.system()} {platform.release()}")
    needed: list[str] = []
    optional: list[str] = []
    for requirement in _requirements():
        name, extra = re.match(r"[\w.-]+", requirement), re.search(r"extra == ['\"](\w+)", requirement)
        if name is not None and (extra is None or extra[1] not in ("dev", "site")):
            (needed if extra is None else optional).append(name[0])
    for title, names in (("with", needed), ("optional", optional)):
        if found := _versions(names):
            click.echo(f"{title}: {', '.join(found)}")


def _requirements() -> list[str]:
    """Those of the installed package; none where it runs from a folder that is not installed."""
    try:
        return metadata.requires("schedd") or []
    except metadata.PackageNotFoundError:
        return []


def _versions(names: list[str]) -> list[str]:
    """`click 8.1.7` for each distribution that is installed."""
    found = []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return found
