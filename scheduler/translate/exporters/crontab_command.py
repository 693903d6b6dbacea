"""The command of a line of an exported crontab: the context of the job, its conditions, and what it runs."""

from __future__ import annotations

from scheduler.model.job import Job, OutputMode, Overlap
from scheduler.model.recipient import MailRecipient
from scheduler.model.target import FromEnv, FromFile, ShellCommand
from scheduler.schedule import Limits
from scheduler.translate.exporters.command_words import condition_of, words_of
from scheduler.translate.exporters.exported import LossReport, environment_of
from scheduler.translate.exporters.shell_line import JOB_PATH, KEEP_PATH, RESTORE_PATH, lock_step, quoted, script
from scheduler.translate.exporters.shell_text import attempts, date_tests, seconds

_OF_CRON = frozenset({"MAILTO", "MAILFROM"})
"""Variables that cron itself reads; set in a command they have no effect on its mails."""


class CrontabCommand:
    """The command of one job. What it cannot do goes to the report."""

    def __init__(self, job: Job, limits: Limits, report: LossReport, python: str) -> None:
        self._job, self._report, self._python = job, report, python
        self._own_path: str | None = ""
        steps = [*self._environment(), *self._process()]
        self._context = f"{''.join(steps)}cd {quoted(job.cwd)} || exit; "
        self._tests = date_tests(limits, report, otherwise="exit 0") + self._condition()
        # After the tests: a line that is not for today must not take the lock from one that is.
        self._rest = f"{self._overlap()}{self._delay(limits)}{self._lock()}{self._target()}"
        self._others()

    def text(self, test: str) -> str:
        """The whole command, with a test of the date that ends the shell on other days."""
        return f"{self._context}{test}{self._tests}{self._rest}"

    def _condition(self) -> str:
        words = condition_of(self._job)
        if not words:
            return ""
        self._report.approximated("run_if", "a run that is skipped is not recorded")
        self._report.exact("run_if_timeout")
        return f"{' '.join([*map(quoted, words[:2]), *self._with_path(), *map(quoted, words[2:])])} || exit 0; "

    def _target(self) -> str:
        job = self._job
        words = words_of(job, self._report, self._python)
        is_script = isinstance(job.target, ShellCommand) and words[:2] == ["/bin/sh", "-c"]
        self._ends()
        if is_script and job.timeout is None and not job.retry.times:
            if words[2].endswith("\n\n"):
                self._report.approximated("command", "empty lines at the end are dropped")
            return self._path_step() + script(words[2])
        words = [*self._with_path(), *(self._quoted("command", word) for word in words)]
        return attempts(job, " ".join(words), self._report, limited=True)

    def _path_step(self) -> str:
        """Set the PATH of the job for all that follows."""
        if self._own_path is None:
            return "unset PATH; "
        return f"export PATH={self._own_path}; " if self._own_path else ""

    def _with_path(self) -> list[str]:
        """Words in front of a program that give it the PATH of the job, and find it there."""
        if self._own_path is None:
            return ["env -u PATH"]
        return ["env", f"PATH={self._own_path}"] if self._own_path else []

    def _quoted(self, key: str, text: str) -> str:
        if text.endswith("\n"):
            self._report.approximated(key, "line breaks at the end of a value are dropped")
        return quoted(text)

    def _ends(self) -> None:
        job = self._job
        self._report.exact("retry", "timeout")
        if "stop_grace" in job.origins and job.timeout is not None:
            self._report.approximated("stop_grace", "timeout(1) waits so long; nothing else stops a job")
        elif "stop_grace" in job.origins:
            self._report.lost("stop_grace", "nothing stops a job")
        if job.success_codes != {0} and job.retry.times:
            self._report.approximated("success_codes", "they end the loop; cron itself ignores exit codes")
        elif job.success_codes != {0}:
            self._report.lost("success_codes", "cron ignores exit codes")

    def _overlap(self) -> str:
        match self._job.overlap:
            case Overlap.REPLACE:
                self._report.lost("overlap", "cron does not stop a job")
                return ""
            case Overlap.ALLOW:
                self._report.exact("overlap")
                return ""
            case Overlap.QUEUE:
                self._report.approximated(
                    "overlap", "flock(1) on a file in the home directory or /tmp; every run waits"
                )
            case Overlap.SKIP:
                self._report.approximated(
                    "overlap", "flock(1) on a file in the home directory or /tmp; a skip is not recorded"
                )
        return lock_step(self._job.name, waits=self._job.overlap is Overlap.QUEUE)

    def _lock(self) -> str:
        lock = self._job.lock
        if lock is None:
            return ""
        if (self._job.lock_slots or 1) > 1:
            self._report.lost("lock", "a lock with several slots has no equivalent")
            return ""
        self._report.approximated("lock", "flock(1) waits without a limit; it is for jobs of the same user")
        return lock_step(f"lock-{lock}", waits=True, descriptor=8)

    def _delay(self, limits: Limits) -> str:
        if not limits.delay:
            self._report.exact("splay")
            return ""
        self._report.approximated("splay", "a sleep in the command, as long as the delay is in schedd")
        return f"sleep {seconds(limits.delay.total_seconds())}; "

    def _environment(self) -> list[str]:
        """Steps that set all variables but an own PATH: flock(1), date(1) and the like are found in that of cron."""
        self._report.exact("env", "env_file", "path")
        variables, files = environment_of(self._job.environment)
        steps = [f"set -a; . {quoted(file)}; set +a; " for file in files]
        if files:
            self._report.approximated("env_file", "a shell reads it, and expands what it contains")
            steps = [KEEP_PATH, *steps, RESTORE_PATH]
            self._own_path = JOB_PATH
        for name, value in variables.items():
            if name in _OF_CRON:
                self._report.lost("env", f"{name}: cron reads it from a line of its own; put it above this job")
            if isinstance(value, FromEnv):
                self._report.lost(
                    "env", f"{name}: {value.variable} is in schedd's environment only; set it in the crontab"
                )
            elif name == "PATH":
                self._own_path = self._value(value)
            else:
                word = self._value(value)
                steps.append(f"unset {name}; " if word is None else f"export {name}={word}; ")
        return [*steps, *self._path()]

    def _value(self, value: str | FromFile | None) -> str | None:
        """A value of `env` as a word of the shell, None for a variable that is removed."""
        if isinstance(value, FromFile):
            self._report.approximated("env", "a shell reads values from files")
            return f'"$(cat {quoted(value.path)})"'
        return self._quoted("env", value) if value else value

    def _path(self) -> list[str]:
        """`path` is in front of the PATH of the job, else of that of cron."""
        directories = quoted(":".join(self._job.path)) if self._job.path else ""
        if directories and self._own_path == "":
            return [f'export PATH={directories}:"$PATH"; ']
        if directories:
            self._own_path = f"{directories}:{self._own_path}" if self._own_path else directories
        return []

    def _process(self) -> list[str]:
        process = self._job.process
        self._report.exact("cwd", "umask", "nice", "memory_limit", "output")
        steps = [f"umask {process.umask:03o}; "] if process.umask is not None else []
        steps += [f"ulimit -v {process.memory_limit // 1024}; "] if process.memory_limit is not None else []
        steps += [f"renice -n {process.nice} $$ >/dev/null; "] if process.nice is not None else []
        steps += ["exec >/dev/null 2>&1; "] if self._job.output is OutputMode.DISCARD else []
        if process.group is not None:
            self._report.lost("group", "cron knows no group")
        return steps

    def _others(self) -> None:
        if "output" in self._job.origins and self._job.output is not OutputMode.DISCARD:
            self._report.approximated("output", "cron mails it")
        for recipient in self._job.on_failure:
            if isinstance(recipient, MailRecipient):
                self._report.lost("on_failure", f"MAILTO={','.join(recipient.to)} would mail all output")
        if self._job.ping is not None:
            self._report.lost("ping", "add curl(1) to the command")
