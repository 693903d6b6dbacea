"""`python:` jobs: functions and coroutines are called, and what is wrong with a reference is said in one line."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from scheduler.launch.launcher import Stream
from scheduler.model.run import Exit
from scheduler.model.target import Entrypoint
from tests.process.workshop import Workshop, play, run, until

TASKS = """
import os, sys

def show(*args, **kwargs):
    print(args, kwargs, sys.argv[1:], sep="|")

async def later(x):
    import asyncio
    await asyncio.sleep(0)
    print("later", x)

class Mail:
    @staticmethod
    def send(): print("sent")

table = {}

def fail(): raise ValueError("no rate")
async def fail_later(): raise ValueError("no rate later")
def leave(): sys.exit(42)
def leave_with_words(): sys.exit("words")
def yields(): yield 1
def needs(x): pass
def environment():
    print([name for name in os.environ if "secret" in os.environ[name]], "secret" in open("/proc/self/cmdline").read())
def descriptors(): print(sorted(os.listdir("/proc/self/fd")))
def modules(): print(sorted({"asyncio", "json", "typing", "pathlib", "difflib"} & set(sys.modules)))
def path(): print(sys.path[0], [p for p in sys.path if p.endswith("launch")])

def pool():
    import multiprocessing
    with multiprocessing.get_context("spawn").Pool(1) as workers:
        print(workers.map(len, ["four"]))
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    package = tmp_path / "app"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "tasks.py").write_text(TASKS)
    (package / "broken.py").write_text("import json\nimport no_such_library\n")
    (package / "crooked.py").write_text("def (\n")
    # What a job may call its own modules without ever meeting ours.
    for name in ("scheduler", "process", "output", "local", "lines"):
        (tmp_path / f"{name}.py").write_text(f"def who(): print('my own {name}')\n")
    return tmp_path


def test_setup_is_called_before_the_function_and_its_error_ends_the_run(app: Path) -> None:
    (app / "project.py").write_text(
        "ready = []\nasync def setup(): ready.append(1)\ndef broken(): raise RuntimeError('no settings')\n"
        "def work(*args): print(ready, args)\n"
    )
    for args, shown in (((), b"[1] ()"), (("x",), b"[1] ('x',)")):
        ended, log = run(Entrypoint("project:work", args, setup="project:setup"), cwd=str(app))
        assert (ended.code, log.lines(Stream.STDOUT)) == (0, [shown])
    ended, log = run(Entrypoint("project:work", setup="project:broken"), cwd=str(app))
    assert (ended.code, log.lines(Stream.STDOUT)) == (1, [])
    assert ended.notes == ("RuntimeError: no settings",)
    ended, log = run(Entrypoint("project:work", setup="project:missing"), cwd=str(app))
    assert ended.code == 127


def call(app: Path, reference: str, *args: Any, **kwargs: Any) -> tuple[Exit, list[str], list[str]]:
    ended, log = run(Entrypoint(reference, args, kwargs), cwd=str(app))
    out, err = ([line.decode() for line in log.lines(stream)] for stream in Stream)
    return ended, out, err


def test_a_function_gets_its_arguments(app: Path) -> None:
    ended, out, err = call(app, "app.tasks:show", 1, "zwei", [3.5, None], source="ecb", naïve={"a": True})
    assert (ended.code, err) == (0, [])
    assert out == ["(1, 'zwei', [3.5, None])|{'source': 'ecb', 'naïve': {'a': True}}|[]"]


def test_a_job_may_have_a_json_of_its_own(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (app / "json.py").write_text("raise ImportError('not mine')\n")
    assert call(app, "app.tasks:show", 1)[1] == ["(1,)|{}|[]"]


def test_arguments_may_be_large_and_are_nowhere_to_be_read(app: Path) -> None:
    """L2"""
    ended, _, _ = call(app, "app.tasks:show", "x" * 3_000_000)
    assert ended.code == 0
    (app / "app" / "tasks.py").write_text(TASKS.replace("def environment()", "def environment(token)"))
    assert call(app, "app.tasks:environment", "secret")[1] == ["[] False"]


@pytest.mark.parametrize(
    ("reference", "args", "out"),
    [
        ("app.tasks:later", (7,), ["later 7"]),
        ("app.tasks:Mail.send", (), ["sent"]),
        ("app.tasks:modules", (), ["[]"]),
        ("app.tasks:descriptors", (), ["['0', '1', '2', '3']"]),
        ("app.tasks:pool", (), ["[4]"]),
        *((f"{name}:who", (), [f"my own {name}"]) for name in ("scheduler", "process", "output", "local", "lines")),
    ],
)
def test_it_runs_in_a_light_interpreter_that_knows_only_the_jobs_own_modules(
    app: Path, reference: str, args: tuple[Any, ...], out: list[str]
) -> None:
    ended, printed, err = call(app, reference, *args)
    assert (ended.code, printed, err) == (0, out, [])


@pytest.mark.parametrize("safe_path", ["", "1"])
def test_the_jobs_directory_comes_first(app: Path, monkeypatch: pytest.MonkeyPatch, safe_path: str) -> None:
    monkeypatch.setenv("PYTHONSAFEPATH", safe_path)
    assert call(app, "app.tasks:path")[1] == [f"{app} []"]


@pytest.mark.parametrize(
    ("reference", "code", "line"),
    [
        ("app.task:show", 127, "there is no module 'app.task' in {app} or on sys.path of {python}"),
        ("nowhere.tasks:show", 127, "there is no module 'nowhere' in {app} or on sys.path of {python}"),
        ("app.tasks.deep:show", 127, "there is no module 'app.tasks.deep' in {app} or on sys.path of {python}"),
        ("app.tasks:shaw", 127, "app.tasks has no attribute 'shaw'; did you mean 'show'?"),
        ("app.tasks:Mail.burn", 127, "app.tasks.Mail has no attribute 'burn'"),
        ("app.tasks:table", 126, "app.tasks:table is of type dict and cannot be called"),
        ("app.tasks", 126, "'app.tasks' is not of the form package.module:function"),
        ("app/tasks.py:show", 126, "'app/tasks.py:show' is not of the form package.module:function"),
        ("app.tasks:yields", 126, "app.tasks:yields contains `yield`: calling it makes a generator and runs nothing"),
        ("app.tasks:leave_with_words", 1, "words"),
    ],
)
def test_a_reference_that_leads_nowhere_is_one_line(app: Path, reference: str, code: int, line: str) -> None:
    ended, out, err = call(app, reference)
    assert (ended.code, out, err) == (code, [], [line.format(app=app, python=sys.executable)])
    assert ended.notes == ()


def test_the_exit_code_of_sys_exit_is_respected(app: Path) -> None:
    assert call(app, "app.tasks:leave")[0].code == 42


@pytest.mark.parametrize(
    ("reference", "last", "begins_in"),
    [
        ("app.tasks:fail", "ValueError: no rate", "tasks.py"),
        ("app.tasks:fail_later", "ValueError: no rate later", "runners.py"),
        ("app.broken:anything", "ModuleNotFoundError: No module named 'no_such_library'", "broken.py"),
    ],
)
def test_an_exception_is_a_traceback_without_our_frames_and_exit_1(
    app: Path, reference: str, last: str, begins_in: str
) -> None:
    ended, _, err = call(app, reference)
    assert ended.code == 1
    assert err[0] == "Traceback (most recent call last):"
    assert begins_in in err[1]
    assert err[-1] == last
    assert not [line for line in err if "entrypoint.py" in line]
    assert ended.notes == (last,)


def test_a_wrong_signature_and_a_module_with_a_syntax_error_are_reported(app: Path) -> None:
    assert call(app, "app.tasks:needs")[2][-1] == "TypeError: needs() missing 1 required positional argument: 'x'"
    assert call(app, "app.crooked:x")[2][-1] == "SyntaxError: invalid syntax"


def test_another_interpreter_is_found_from_the_jobs_directory(app: Path) -> None:
    (app / "venv").mkdir()
    (app / "venv" / "python").symlink_to(sys.executable)
    ended, log = run(Entrypoint("app.tasks:show", interpreter="venv/python"), cwd=str(app))
    assert ended.code == 0
    assert log.lines() == [b"()|{}|[]"]


AWAITABLES = """
import asyncio, atexit, os, signal, sys, time

class Report:
    def __init__(self): print("made")

class Order:
    def __init__(self, name): self.name = name
    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        print("awaited", self.name)

class Callable:
    def __call__(self): print("called")

def awaitable(): return Order("object")
def gathered(): return asyncio.gather(part(1), part(2))
def future():
    loop = asyncio.new_event_loop()
    return loop.create_task(part(3))
async def part(n):
    await asyncio.sleep(0)
    print("part", n)
    return n
callable = Callable()
async def nested(): return part(5)
async def task(): return asyncio.create_task(part(6))
def mapped(): return map(print, [1])
def submitted():
    from concurrent.futures import ThreadPoolExecutor
    return ThreadPoolExecutor().submit(int, "x")
def value(): return {"rows": 3}
async def later_value(): return "ü\\n" + "x" * 500
def nothing(): return None
def lies(): print("returned 5", file=sys.stderr)

def clean():
    atexit.register(print, "atexit", flush=True)
    try:
        print("up", flush=True)
        time.sleep(60)
    finally:
        print("finally", flush=True)
        time.sleep(0.2)
        print("done", flush=True)

async def clean_later():
    try:
        print("up", flush=True)
        await asyncio.sleep(60)
    finally:
        print("finally", flush=True)

def own():
    signal.signal(signal.SIGTERM, lambda *_: os._exit(7))
    print("up", flush=True)
    time.sleep(60)

def forks():
    if not os.fork():
        try:
            time.sleep(60)
        finally:
            print("not here", flush=True)
    print("up", flush=True)
    os.wait()
"""


@pytest.fixture
def later(tmp_path: Path) -> Path:
    (tmp_path / "later.py").write_text(AWAITABLES)
    return tmp_path


@pytest.mark.parametrize(
    ("function", "out"),
    [
        ("awaitable", ["awaited object"]),
        ("future", ["part 3"]),
        ("callable", ["called"]),
        ("part", ["part 4"]),
        ("nested", ["part 5"]),
        ("task", ["part 6"]),
    ],
)
def test_every_awaitable_is_awaited(
    later: Path, monkeypatch: pytest.MonkeyPatch, function: str, out: list[str]
) -> None:
    """B3"""
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    ended, printed, _ = call(later, f"later:{function}", *((4,) if function == "part" else ()))
    assert (ended.code, printed) == (0, out)


def test_gather_in_a_function_without_a_loop_is_awaited_or_raises_its_own_error(
    later: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B3: until Python 3.13, asyncio.gather makes a loop; from 3.14 on it needs one that runs."""
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    ended, printed, err = call(later, "later:gathered")
    if sys.version_info < (3, 14):
        assert (ended.code, printed) == (0, ["part 1", "part 2"])
    else:
        assert (ended.code, printed) == (1, [])
        assert err[-1].startswith("RuntimeError: There is no current event loop")
        assert any("gathered" in line for line in err)


def test_a_lazy_iterator_is_refused_and_a_future_of_a_thread_fails_with_its_error(later: Path) -> None:
    """B3"""
    ended, out, err = call(later, "later:mapped")
    assert (ended.code, out) == (126, [])
    assert err == ["later:mapped returned a map object, of which nothing has run; make it a list"]
    ended, _, err = call(later, "later:submitted")
    assert ended.code == 1
    assert err[-1].startswith("ValueError: invalid literal for int()")


def test_a_class_is_refused(later: Path) -> None:
    """B3"""
    ended, out, err = call(later, "later:Report")
    assert (ended.code, out) == (126, [])
    assert err == ["later:Report is a class: calling it makes an object and runs nothing"]


@pytest.mark.parametrize(
    ("function", "notes"),
    [
        ("value", ("returned {'rows': 3}",)),
        ("later_value", ("returned '\\xfc\\n" + "x" * 193,)),
        ("nothing", ()),
        ("lies", ()),
    ],
)
def test_the_result_of_a_function_becomes_a_note_of_the_run(later: Path, function: str, notes: tuple[str, ...]) -> None:
    """B3"""
    ended, out, err = call(later, f"later:{function}")
    assert (ended.code, ended.notes) == (0, notes)
    assert (out, err) == ([], ["returned 5"] if function == "lies" else []), "a success is nothing on stderr"


MORE = """
import asyncio, atexit, itertools, os, sys, threading, time

class Unprintable:
    def __repr__(self): raise RuntimeError("not bound to a session")
class Table:
    def __repr__(self): return "a b" + chr(10) + "1 2" + chr(9) + chr(27) + "[1m"

def work(*_): print("did its work", flush=True)

def unprintable(): work(); return Unprintable()
def no_stderr(): work(); sys.stderr = None; return 3
def closed_stderr(): work(); sys.stderr.close(); return 3
def closed_descriptor(): work(); os.close(2); return 3
def other_file():
    work()
    os.close(2)
    assert os.open("kept.db", os.O_CREAT | os.O_RDWR) == 2
    return 3
def table(): work(); return Table()

def zipped(): return zip(map(work, [1]), [2])
def chained(): return itertools.chain(map(work, [1]))
def expression(): return (work() for _ in [1])
async def later_expression(): return (work() for _ in [1])
async def later_map(): return map(work, [1])
async def forgotten(): work()
def coroutines(): return [forgotten() for _ in range(2)]
def items(): work(); return [1, 2]

def leave(): sys.exit(0)
def leave_silently(): raise SystemExit

def wait(): print("up", flush=True); time.sleep(2)
def thread(): threading.Thread(target=wait).start()
def thread_and_leave(): thread(); sys.exit(0)
def pool():
    from concurrent.futures import ThreadPoolExecutor
    ThreadPoolExecutor().submit(wait)
def at_exit(): atexit.register(wait)
def child():
    import multiprocessing
    multiprocessing.get_context("fork").Process(target=wait).start()
"""


@pytest.fixture
def more(tmp_path: Path) -> Path:
    (tmp_path / "more.py").write_text(MORE)
    (tmp_path / "leaves.py").write_text("import sys\nsys.exit(0)\ndef work(): pass\n")
    return tmp_path


@pytest.mark.parametrize(
    ("function", "notes"),
    [
        ("unprintable", ()),
        ("no_stderr", ("returned 3",)),
        ("closed_stderr", ("returned 3",)),
        ("closed_descriptor", ()),
        ("other_file", ()),
        ("table", (r"returned a b\n1 2\t\x1b[1m",)),
        ("items", ("returned [1, 2]",)),
    ],
)
def test_a_function_that_did_its_work_succeeds_whatever_its_result_looks_like(
    more: Path, function: str, notes: tuple[str, ...]
) -> None:
    ended, out, err = call(more, f"more:{function}")
    assert (ended.code, ended.notes, out, err) == (0, notes, ["did its work"], [])
    assert function != "other_file" or not (more / "kept.db").read_bytes()


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("zipped", "a zip object"),
        ("chained", "a chain object"),
        ("expression", "a generator object"),
        ("later_expression", "a generator object"),
        ("later_map", "a map object"),
        ("coroutines", "coroutines"),
    ],
)
def test_a_result_of_which_nothing_has_run_is_refused(
    more: Path, monkeypatch: pytest.MonkeyPatch, function: str, kind: str
) -> None:
    """B3"""
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    ended, out, err = call(more, f"more:{function}")
    assert (ended.code, out) == (126, [])
    assert err[0].startswith(f"more:{function} returned {kind}, of which no")


@pytest.mark.parametrize(
    ("target", "what"),
    [
        (Entrypoint("more:work", setup="more:leave"), "more:leave"),
        (Entrypoint("more:work", setup="more:leave_silently"), "more:leave_silently"),
        (Entrypoint("more:work", setup="leaves:work"), "leaves:work"),
        (Entrypoint("leaves:work"), "the module of leaves:work"),
    ],
)
def test_a_setup_or_a_module_that_exits_before_the_function_is_called_is_no_success(
    more: Path, target: Entrypoint, what: str
) -> None:
    ended, log = run(target, cwd=str(more))
    assert ended.code == 126
    assert log.lines(Stream.STDERR) == [f"{what} exited with code 0 before the function of the job was called".encode()]


@pytest.mark.parametrize("function", ["thread", "thread_and_leave", "pool", "at_exit", "child"])
def test_sigterm_after_the_function_has_returned_is_no_success(more: Path, function: str) -> None:
    async def story() -> int:
        workshop = Workshop()
        child = await workshop.start(Entrypoint(f"more:{function}"), cwd=str(more))
        await until(workshop.log, b"up")
        os.kill(child.pid, signal.SIGTERM)
        return (await child.ended).code

    assert play(story()) == 143


@pytest.mark.parametrize(
    ("function", "code", "out"),
    [
        ("clean", 143, ["up", "finally", "done", "atexit"]),
        ("clean_later", 143, ["up", "finally"]),
        ("own", 7, ["up"]),
        ("forks", 143, ["up"]),
    ],
)
def test_sigterm_lets_python_clean_up_unless_it_has_a_handler(
    later: Path, function: str, code: int, out: list[str]
) -> None:
    """C6"""

    async def story() -> tuple[int, list[str]]:
        workshop = Workshop()
        child = await workshop.start(Entrypoint(f"later:{function}"), cwd=str(later))
        await until(workshop.log, b"up")
        stopping = asyncio.create_task(child.stop(5))
        await asyncio.sleep(0.1)
        if not child.exited.done():
            os.killpg(child.pid, signal.SIGTERM)  # platforms send several
        await stopping
        return child.ended.result().code, [line.decode() for line in workshop.log.lines()]

    assert play(story()) == (code, out)
