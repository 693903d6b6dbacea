"""The section [Service] of an exported unit: what it runs, its context, limits and restrictions."""

from __future__ import annotations

from posixpath import join, normpath

import msgspec

from scheduler.model.job import Job, OutputMode, Overlap
from scheduler.model.target import FromEnv, FromFile
from scheduler.translate.exporters.command_words import condition_of, words_of
from scheduler.translate.exporters.exported import LossReport, environment_of
from scheduler.translate.exporters.shell_text import attempts
from scheduler.translate.exporters.unit_text import (
    ABOUT_HARDENING,
    HARDENING,
    STRICT,
    command_line,
    size_of,
    span_of,
    value_of,
    word_of,
)

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_LOCKS = "/run/lock"
_HOMES = ("/home", "/root", "/run/user")


class ServiceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`of_user` makes units of a user's manager; `owner` runs the jobs that name no user, None is root."""

    of_user: bool = False
    owner: str | None = None
    python: str = "/usr/bin/python3"


class Service:
    """The service of one job. What it cannot do goes to the report."""

    def __init__(self, job: Job, options: ServiceOptions, report: LossReport) -> None:
        self._job, self._options, self._report = job, options, report
        self._of_user = options.of_user
        self._user = job.process.user or options.owner
        self._writable = [] if self._of_user else [job.cwd]

    def lines(self, condition: str) -> list[str]:
        """The section; `condition` are commands of a shell that end with an error where the job is not to run."""
        lines = ["[Service]\n", "Type=oneshot\n"]
        lines += [f"ExecCondition={command_line(['/bin/sh', '-c', f'{condition}:'])}\n"] if condition else []
        if words := condition_of(self._job):
            lines.append(f"ExecCondition={command_line(['/usr/bin/timeout', *words[1:]])}\n")
            self._report.approximated("run_if", "the exit code 255 is a failure")
            self._report.exact("run_if_timeout")
        command = self._command()
        return [*lines, *command, *self.context(), *self._ends(), *self.hardening()]

    def _command(self) -> list[str]:
        job = self._job
        words = absolute(words_of(job, self._report, self._options.python), job.cwd)
        if job.retry.times or (job.lock and job.timeout is not None):
            words = ["/bin/sh", "-c", attempts(job, '"$@"', self._report, limited=True), "sh", *words]
        files = {name: value.path for name, value in self._variables().items() if isinstance(value, FromFile)}
        if files:
            reads = "".join(f'{name}=$(cat "$CREDENTIALS_DIRECTORY/{name}"); export {name}; ' for name in files)
            words = ["/bin/sh", "-c", f'{reads}exec "$@"', "sh", *words]
            self._report.approximated("env", "a shell reads values from files, which are credentials of the service")
        words = [*self._lock(), *words]
        lines = [f"LoadCredential={name}:{value_of(path)}\n" for name, path in files.items()]
        return [*lines, f"ExecStart={command_line(words)}\n", *self._ping()]

    def _lock(self) -> list[str]:
        job = self._job
        if job.lock is None:
            return []
        if (job.lock_slots or 1) > 1:
            self._report.lost("lock", "a lock with several slots has no equivalent")
            return []
        self._report.approximated("lock", "flock(1) waits without a limit; it is for jobs of the same user")
        if self._of_user:
            return ["/bin/sh", "-c", f'exec flock "$XDG_RUNTIME_DIR/schedd-{job.lock}.lock" "$@"', "sh"]
        self._writable.append(_LOCKS)
        return ["/usr/bin/flock", f"{_LOCKS}/schedd-{job.lock}.lock"]

    def _ping(self) -> list[str]:
        url = self._job.ping
        if url is None:
            return []
        if not isinstance(url, str) or "?" in url:
            self._report.lost("ping", "the address is not in the file, or has a query")
            return []
        url = url.rstrip("/")
        self._report.approximated("ping", "curl(1) sends the start, the success or the failure")
        start = command_line(["/usr/bin/curl", "-fsS", "-m", "10", "-o", "/dev/null", f"{url}/start"])
        end = 'case "$SERVICE_RESULT" in exec-condition) exit;; success) s=;; *) s=/fail;; esac; '
        end += 'curl -fsS -m 10 -o /dev/null "$0$s"'
        return [f"ExecStartPre=-{start}\n", f"ExecStopPost=-{command_line(['/bin/sh', '-c', end, url])}\n"]

    def context(self) -> list[str]:
        """User, directory, environment and limits, which the commands of `on_failure` have, too."""
        job, process = self._job, self._job.process
        self._report.exact("cwd", "umask", "nice", "memory_limit")
        lines = [f"WorkingDirectory={value_of(job.cwd)}\n", *self._account()]
        lines += [f"UMask={process.umask:04o}\n"] if process.umask is not None else []
        lines += [f"Nice={process.nice}\n"] if process.nice is not None else []
        lines += [f"LimitAS={size_of(process.memory_limit)}\n"] if process.memory_limit is not None else []
        return [*lines, *self._environment()]

    def _account(self) -> list[str]:
        process = self._job.process
        if self._of_user:
            for key in ("user", "group"):
                if getattr(process, key) is not None:
                    self._report.lost(key, "the manager of a user runs all jobs as that user")
            return []
        self._report.exact("user", "group")
        if self._user is None:
            self._report.approximated("user", "the job names none: the service runs as root")
        lines = [f"User={value_of(self._user)}\n"] if self._user else []
        return [*lines, f"Group={value_of(process.group)}\n"] if process.group else lines

    def _variables(self) -> dict[str, str | FromEnv | FromFile | None]:
        return environment_of(self._job.environment)[0]

    def _environment(self) -> list[str]:
        self._report.exact("env", "env_file", "path")
        files = environment_of(self._job.environment)[1]
        variables = self._variables()
        lines = []
        for name, value in variables.items():
            match value:
                case None:
                    lines.append(f"UnsetEnvironment={name}\n")
                case FromEnv(variable):
                    self._report.lost(
                        "env",
                        f"{name}: {variable} is in schedd's environment only; use EnvironmentFile= or LoadCredential=",
                    )
                case str():
                    lines.append(f"Environment={word_of(f'{name}={value}')}\n")
        lines += [f"EnvironmentFile={value_of(file)}\n" for file in files]
        if files and variables:
            self._report.approximated("env_file", "its variables override those of `env`")
        return [*lines, *self._search_path(variables.get("PATH"))]

    def _search_path(self, given: object) -> list[str]:
        """systemd itself looks for programs in ExecSearchPath= only, not in the PATH of the commands."""
        path = given if isinstance(given, str) else _PATH
        if not self._job.path:
            return [f"ExecSearchPath={value_of(path)}\n"] if path is given else []
        path = ":".join([*self._job.path, path])
        self._report.approximated("path", "in front of the PATH of systemd")
        return [f"ExecSearchPath={value_of(path)}\n", f"Environment={word_of(f'PATH={path}')}\n"]

    def _ends(self) -> list[str]:
        job = self._job
        self._report.exact("timeout", "stop_grace", "success_codes", "output", "retry")
        is_limited = job.timeout is not None and not (job.retry.times or job.lock)
        lines = [f"TimeoutStartSec={span_of(job.timeout)}\n"] if job.timeout is not None and is_limited else []
        lines.append(f"TimeoutStopSec={span_of(job.stop_grace)}\n")
        codes = sorted(job.success_codes - {0})
        lines += [f"SuccessExitStatus={' '.join(map(str, codes))}\n"] if codes else []
        if 0 not in job.success_codes:
            self._report.lost("success_codes", "0 is always a success")
        if job.output is OutputMode.DISCARD:
            lines += ["StandardOutput=null\n", "StandardError=null\n"]
        if job.overlap is Overlap.SKIP:
            self._report.exact("overlap")
        else:
            self._report.lost("overlap", f"{job.overlap}: a timer does nothing while its service is running")
        return lines

    def hardening(self) -> list[str]:
        """Restrictions: those of schedd's own unit, and fewer for root and for a user's manager."""
        lines = ["\n", f"# {ABOUT_HARDENING}\n"]
        if self._of_user:
            return [*lines, "NoNewPrivileges=yes\n", "LockPersonality=yes\n"]
        lines.append(HARDENING)
        if self._user not in {None, "root", "0"}:
            lines += [STRICT, *(f"ReadWritePaths={word_of('-' + path)}\n" for path in self._writable)]
            if not self._job.cwd.startswith(_HOMES):
                lines.append("ProtectHome=yes\n")
        return lines


def absolute(words: list[str], directory: str) -> list[str]:
    """The words with a program that systemd finds: it takes no relative paths."""
    if "/" in words[0] and not words[0].startswith("/"):
        return [normpath(join(directory, words[0])), *words[1:]]
    return words
