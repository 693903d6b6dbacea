"""The one place that knows how missing extras are installed, and where the documentation is."""

DOCUMENTATION = "the docs/ directory of the source, starting with docs/README.md"
"""For people. An address when there is one."""


def missing_package(package: str, extra: str) -> str:
    """What is said when a package of an optional extra is missing.

    schedd is not published, and pip, pipx and uv each install an extra in their own way: README.md has the commands.
    """
    return f"the package {package} is not installed; install schedd with its extra `{extra}` (README.md, Install)"
