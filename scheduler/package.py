"""The one place that knows where the package is installed from, and where its documentation is."""

PACKAGE = "schedd"
"""The argument of `pip install`. Nothing is published yet; to an installed schedd, pip adds the missing extra."""

DOCUMENTATION = "the docs/ directory of the source, starting with docs/README.md"
"""For people. An address when there is one."""


def install_extra(name: str) -> str:
    """The command that adds an optional extra to an installed schedd."""
    return f"pip install '{PACKAGE}[{name}]'"
