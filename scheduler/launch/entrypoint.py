"""The child's side of `python:` jobs: finds a function, calls it, and says in one line why that is not possible.

Run by path, in any Python from 3.8, with the standard library only:
`entrypoint.py module:function [-] [--setup=module:function]`. The function after `--setup=` is called first, without
arguments. With `-`, the first line of stdin is `[args, kwargs]` as JSON: on the command line, or in a variable that
further children inherit, everybody could read them. What follows that line is the stdin of the function.
"""

# Imports are inside the functions that need them, and pathlib is not used: each import would delay every job.
# ruff: noqa: PLC0415, PTH100, PTH109, PTH120, T201

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` is made of, without the time that its enums take
import os
import sys

SIGTERM = 15

FAILED = 1
NOT_RUNNABLE = 126
NOT_FOUND = 127


def main() -> None:
    """Exceptions of the function, and of importing its module, end with their traceback and exit 1."""
    end_by_exception(SIGTERM)
    reference, *rest = sys.argv[1:]
    sys.argv[1:] = []  # the function may read its arguments there, and these are not its own
    try:
        # First, since the job may have a json.py of its own.
        args, kwargs = read_call() if "-" in rest else ([], {})
        use_working_directory()
        for option in rest:
            if option.startswith("--setup="):
                setup = option[len("--setup=") :]
                carry_out(setup, find(setup)())  # type: ignore[operator]
        function = find(reference)
        report(carry_out(reference, function(*args, **kwargs)))  # type: ignore[operator]
    except Exception as error:
        show(error)
        sys.exit(FAILED)


def end_by_exception(number: int) -> None:
    """Raise SystemExit on this signal, so that `finally` and `atexit` run; code that has a handler replaces this one.

    Processes that the job forks keep the default, which ends them at once.
    """
    pid = os.getpid()

    def end(_number: int, _frame: object) -> None:
        if os.getpid() == pid:
            _signal.signal(number, _signal.SIG_IGN)  # platforms send several, and the clean-up has begun
            raise SystemExit(128 + number)
        _signal.signal(number, _signal.SIG_DFL)
        os.kill(os.getpid(), number)

    _signal.signal(number, end)


def use_working_directory() -> None:
    """Let imports find the job's own modules first, and never those that lie beside this file."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.getcwd(), *(entry for entry in sys.path if os.path.abspath(entry) != here)]


def read_call() -> tuple[list[object], dict[str, object]]:
    """The arguments by position and by name. Stdin is left at what follows them, without them."""
    import json

    with open(0, "rb", closefd=False) as file:
        args, kwargs = json.loads(file.readline())
        rest = file.read()
    if rest:
        # In a file of its own: children that inherit it must not find the arguments at its beginning.
        fd = file_without_name()
        with open(fd, "wb", closefd=False) as copy:
            copy.write(rest)
        os.lseek(fd, 0, os.SEEK_SET)
    else:
        fd = os.open(os.devnull, os.O_RDONLY)
    os.dup2(fd, 0)
    os.close(fd)
    return args, kwargs


def file_without_name() -> int:
    """In memory where the system can do that, else a file that is removed already."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("stdin")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def find(reference: str) -> object:
    """What `module:function` names; the function may be an attribute of a class."""
    module, _, path = reference.partition(":")
    if not all(name.isidentifier() for name in (*module.split("."), *path.split("."))):
        raise refusal(NOT_RUNNABLE, f"{reference!r} is not of the form package.module:function")
    try:
        __import__(module)
    except ModuleNotFoundError as error:
        if not f"{module}.".startswith(f"{error.name}."):
            raise  # the module is there; one of its own imports is not
        text = f"there is no module {error.name!r} in {os.getcwd()} or on sys.path of {sys.executable}"
        raise refusal(NOT_FOUND, text) from None
    found: object = sys.modules[module]
    owner = module
    for name in path.split("."):
        if not hasattr(found, name):
            raise refusal(NOT_FOUND, f"{owner} has no attribute {name!r}{nearest(name, found)}")
        found = getattr(found, name)
        owner = f"{owner}.{name}"
    if isinstance(found, type):
        raise refusal(NOT_RUNNABLE, f"{reference} is a class: calling it makes an object and runs nothing")
    if not callable(found):
        raise refusal(NOT_RUNNABLE, f"{reference} is of type {type(found).__name__} and cannot be called")
    return found


def carry_out(reference: str, result: object) -> object:
    """Await what can be awaited, such as the coroutine that a coroutine function returns, and what that returns."""
    kind = type(result).__name__
    if kind in ("generator", "async_generator"):
        raise refusal(NOT_RUNNABLE, f"{reference} contains `yield`: calling it makes a {kind} and runs nothing")
    if kind in ("map", "filter"):
        raise refusal(NOT_RUNNABLE, f"{reference} returned a {kind} object, of which nothing has run; make it a list")
    if type(result).__module__.startswith("concurrent.futures") and hasattr(result, "result"):
        return carry_out(reference, result.result())
    if not hasattr(type(result), "__await__"):
        return result
    import asyncio

    async def wait() -> object:
        awaited = result
        while hasattr(type(awaited), "__await__"):
            awaited = await awaited  # type: ignore[misc]
        return awaited

    if not asyncio.isfuture(result):
        return asyncio.run(wait())
    loop = result.get_loop()  # as `asyncio.gather` makes it outside of a loop
    try:
        return loop.run_until_complete(result)
    finally:
        loop.close()


def report(value: object) -> None:
    """Write to stderr what was returned, in a marked line that schedd takes out: it is a note of the run."""
    if value is not None:
        sys.stderr.write(f"\x1ereturned {ascii(value)[:200]}\n")


def nearest(name: str, owner: object) -> str:
    """A suggestion for a misspelled attribute, or nothing."""
    import difflib

    matches = difflib.get_close_matches(name, dir(owner), n=1)
    return f"; did you mean {matches[0]!r}?" if matches else ""


def refusal(code: int, text: str) -> SystemExit:
    """One line on stderr, and the way to end with `code`."""
    print(text, file=sys.stderr)
    return SystemExit(code)


def show(error: Exception) -> None:
    """The traceback without the frames of this file, by the hook that the job's modules may have installed."""
    traceback = error.__traceback__
    while traceback and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    frame = traceback
    while frame:
        while frame.tb_next and frame.tb_next.tb_frame.f_code.co_filename == __file__:
            frame.tb_next = frame.tb_next.tb_next
        frame = frame.tb_next
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)


# Guarded, since multiprocessing imports the main module once more in each process that it spawns.
if __name__ == "__main__":
    main()
