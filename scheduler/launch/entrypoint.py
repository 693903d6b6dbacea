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
import atexit
import os
import sys

SIGTERM = 15

FAILED = 1
NOT_RUNNABLE = 126
NOT_FOUND = 127


def main() -> None:
    """Exceptions of the function, and of importing its module, end with their traceback and exit 1."""
    has_ended = end_by_exception(SIGTERM)
    stderr = identity_of_stderr()
    reference, *rest = sys.argv[1:]
    sys.argv[1:] = []  # the function may read its arguments there, and these are not its own
    try:
        # First, since the job may have a json.py of its own.
        args, kwargs = read_call() if "-" in rest else ([], {})
        use_working_directory()
        for option in rest:
            if option.startswith("--setup="):
                prepare(option[len("--setup=") :])
        function = prepare(reference, call=False)
        report(carry_out(reference, function(*args, **kwargs)), stderr)  # type: ignore[operator]
    except Exception as error:
        show(error)
        sys.exit(FAILED)
    finally:
        has_ended.append(True)


def end_by_exception(number: int) -> list[bool]:
    """Raise SystemExit on this signal, so that `finally` and `atexit` run; code that has a handler replaces this one.

    Once the list that is returned has an item, Python waits for threads and calls what `atexit` has, and ignores
    exceptions: the exit code is then set after all of that. Processes that the job forks keep the default, which ends
    them at once.
    """
    pid = os.getpid()
    has_ended: list[bool] = []
    too_late: list[bool] = []

    def end(_number: int, _frame: object) -> None:
        if os.getpid() == pid:
            _signal.signal(number, _signal.SIG_IGN)  # platforms send several, and the clean-up has begun
            too_late.extend(has_ended)
            raise SystemExit(128 + number)
        _signal.signal(number, _signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def leave() -> None:
        if too_late:
            for stream in (sys.stdout, sys.stderr):
                try:  # noqa: SIM105 - the import of contextlib takes time
                    stream.flush()
                except Exception:  # noqa: S110 - closed, or replaced by anything
                    pass
            os._exit(128 + number)

    atexit.register(leave)  # called last, since it is registered first
    _signal.signal(number, end)
    return has_ended


def prepare(reference: str, *, call: bool = True) -> object:
    """Find a function and, for a setup, call it. To exit with code 0 is an error here: the job would do nothing."""
    try:
        found = find(reference)
        return carry_out(reference, found()) if call else found  # type: ignore[operator]
    except SystemExit as end:
        if end.code is None or end.code == 0:
            what = reference if call else f"the module of {reference}"
            text = f"{what} exited with code 0 before the function of the job was called"
            raise refusal(NOT_RUNNABLE, text) from None
        raise


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
    refuse_lazy(reference, result)
    if type(result).__module__.startswith("concurrent.futures") and hasattr(result, "result"):
        return carry_out(reference, result.result())
    if not hasattr(type(result), "__await__"):
        return result
    import asyncio

    async def wait() -> object:
        awaited = result
        while hasattr(type(awaited), "__await__"):
            awaited = await awaited  # type: ignore[misc]
            refuse_lazy(reference, awaited)
        return awaited

    if not asyncio.isfuture(result):
        return asyncio.run(wait())
    loop = result.get_loop()  # as `asyncio.gather` makes it outside of a loop
    try:
        return loop.run_until_complete(result)
    finally:
        loop.close()


def refuse_lazy(reference: str, result: object) -> None:
    """SystemExit for a result that would only run if somebody took items from it or awaited them."""
    kind = type(result)
    is_generator = kind.__name__ in ("generator", "async_generator")
    if is_generator and getattr(result, "__name__", "") == reference.rpartition(":")[2].rpartition(".")[2]:
        text = f"{reference} contains `yield`: calling it makes a {kind.__name__} and runs nothing"
        raise refusal(NOT_RUNNABLE, text)
    if is_generator or kind in (map, filter, zip, enumerate, reversed) or kind.__module__ == "itertools":
        text = f"{reference} returned a {kind.__name__} object, of which nothing has run; make it a list"
        raise refusal(NOT_RUNNABLE, text)
    if kind in (list, tuple, set) and any(type(item).__name__ == "coroutine" for item in result):  # type: ignore[attr-defined]
        text = f"{reference} returned coroutines, of which none has run; await asyncio.gather(*them)"
        raise refusal(NOT_RUNNABLE, text)


def identity_of_stderr() -> object:
    """Which file stderr is now."""
    try:
        about = os.fstat(2)
    except OSError:
        return None
    return about.st_dev, about.st_ino


def report(value: object, stderr: object) -> None:
    """Write to stderr what was returned, in a marked line that schedd takes out: it is a note of the run.

    Nothing that goes wrong here is an error, since the function has done its work. Without sys.stderr, which the
    function may have replaced, and unless descriptor 2 now is another file.
    """
    try:
        if value is not None and identity_of_stderr() == stderr:
            text = "".join(sign if " " <= sign <= "~" else ascii(sign)[1:-1] for sign in ascii(value)[:200])
            os.write(2, f"\x1ereturned {text[:200]}\n".encode())
    except Exception:  # noqa: S110 - such as in the `__repr__` of the value
        pass


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
