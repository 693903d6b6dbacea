"""Import of the YAML files of yacron and cronstable."""

from __future__ import annotations

import re

from scheduler.schedule import format_duration
from scheduler.translate.importers.crontab_command import Command, for_shell
from scheduler.translate.importers.crontab_times import problem_of
from scheduler.translate.importers.day_fields import ABOUT_BOTH, both
from scheduler.translate.importers.job_report import JobReport, RefusedError, about_catch_up
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.variables import VARIABLE_NAME
from scheduler.translate.importers.yaml_items import Item, YamlFile
from scheduler.translate.translation import ImportedJob, Keys, Remark, Translation, Value

_OVERLAPS = {"": "allow", "Allow": "allow", "Forbid": "skip", "Replace": "replace"}
_FIELDS = ("minute", "hour", "dayOfMonth", "month", "dayOfWeek")
_NAMES = {"second": "second", "minute": "minute", "hour": "hour", "dayOfMonth": "day", "month": "month"}
_NAMES |= {"dayOfWeek": "day_of_week", "year": "year"}
_NICE = {"idle": 19, "low": 15, "below-normal": 10, "normal": 0, "above-normal": -5, "high": -10}
_NO_EFFECT = {"captureStderr", "captureStdout", "saveLimit", "maxLineLength", "streamPrefix", "monitorResources"}
_NO_EFFECT |= {"archiveOutput", "redactArchivedSecrets", "catchupJitterSeconds", "concurrencyScope"}
_HINTS = {
    "statsd": "use `ping`, or the metrics of schedd",
    "clusterPolicy": "schedd runs alone, or as an active and a standby daemon",
    "onlyIfLastSucceeded": "has no equivalent",
    "secrets": "use {from_file: …} or {from_env: …} in `env`",
}
_DURATIONS = {"killTimeout": "stop_grace", "executionTimeout": "timeout", "startingDeadlineSeconds": "start_deadline"}
_SENTRY = "set SENTRY_DSN in schedd's own environment"
_MAIL = "set SMTP_URL in schedd's own environment; subject and text cannot be changed"


def looks_like_yacron(source: SourceFile) -> bool:
    """Whether the text has a list of jobs with names, as no schedule file has."""
    return re.search(r"^jobs:[ \t]*(?:#.*)?\n(?:[ \t]*(?:#.*)?\n)*[ \t]*-[ \t]", source.text, re.MULTILINE) is not None


def read_yacron(source: SourceFile, request: Request) -> Translation:
    """Translate a file of yacron or cronstable."""
    file = YamlFile(source)
    jobs: list[ImportedJob] = []
    remarks: list[Remark] = file.remarks
    for document in file.documents:
        defaults = document.get("defaults")
        for item in document.get("jobs").items:
            report = JobReport(source, item.get("name").text)
            comments = file.comments_until(item.last_line)
            try:
                keys = _Reading(_merged(defaults, item), request, report).keys()
                jobs.append(ImportedJob(name=request.names.of(report.name), keys=keys, comments=comments))
            except RefusedError as refused:
                report.refuse_job(refused)
            remarks += report.remarks
        for key, value in document.entries.items():
            if key not in {"jobs", "defaults"}:
                why = "import the included files too" if key == "include" else "has no equivalent in a schedule file"
                remarks.append(source.refuse(value.line, key, why))
    if any("failsWhen" not in (item.entries | document.get("defaults").entries) for document in file.documents
           for item in document.get("jobs").items):  # fmt: skip
        why = "a job that prints to stderr fails by default; here the exit code decides"
        remarks.append(source.note(0, "failsWhen", why))
    return Translation(
        jobs=tuple(jobs), defaults={"timezone": "UTC"} if jobs else {}, footer=file.rest(), remarks=tuple(remarks)
    )


def _merged(defaults: Item, item: Item) -> Item:
    """The keys of a job on top of the defaults: mappings are merged, lists are joined."""
    if defaults.entries and item.entries:
        keys = dict.fromkeys([*item.entries, *defaults.entries])
        return Item(item.line, {key: _merged_key(defaults.entries.get(key), item.entries.get(key)) for key in keys})
    return item


def _merged_key(below: Item | None, above: Item | None) -> Item:
    if below is None or above is None:
        found = above or below
        assert found is not None  # noqa: S101 - one of the two has the key
        return found
    if below.items and above.items:
        return Item(above.line, below.items + above.items)
    return _merged(below, above)


class _Reading:
    """One job with the defaults of its file."""

    def __init__(self, item: Item, request: Request, report: JobReport) -> None:
        self._item, self._request, self._report = item, request, report

    def keys(self) -> Keys:
        """The keys of the job. RefusedError when there is no job."""
        item = self._item
        keys: Keys = self._schedule()
        keys |= self._command()
        policy = item.get("concurrencyPolicy")
        if policy.text not in _OVERLAPS:
            raise RefusedError(policy.line, f"unknown concurrencyPolicy {policy.text}")
        keys["overlap"] = _OVERLAPS[policy.text]
        for theirs, ours in _DURATIONS.items():
            if duration := self._seconds(theirs):
                keys[ours] = duration
        for theirs, ours in (("user", "user"), ("group", "group"), ("env_file", "env_file")):
            if item.get(theirs).text:
                keys[ours] = item.get(theirs).text
        keys |= self._others()
        keys |= self._environment()
        keys |= self._failure()
        if "expect_success_within" in keys and "on_failure" not in keys:
            why = "nobody is notified of it until on_failure is set"
            self._report.note(item.get("sla").line, "sla.maxTimeSinceSuccessSeconds", why)
        self._rest()
        return keys

    def _schedule(self) -> Keys:
        schedule = self._item.get("schedule")
        is_local = "utc" in self._item.entries and not self._item.get("utc").is_true
        zone = self._item.get("timezone").text or (self._request.zone if is_local else "")
        keys: Keys = {}
        made: Value = schedule.text
        fields = {name: value.text for name, value in schedule.entries.items()} or self._fields(schedule.text.split())
        if fields:
            days = both(fields.get("dayOfMonth", "*"), fields.get("dayOfWeek", "*"))
            if days is None:
                raise RefusedError(schedule.line, ABOUT_BOTH)
            keys = days.keys
            fields |= {"dayOfMonth": days.day, "dayOfWeek": days.weekday}
            made = " ".join(fields.get(name, "*") for name in _FIELDS)
            if fields.keys() - {*_FIELDS}:
                # Fields that a mapping leaves out would be the lowest value here, not any.
                given = {"minute": "*", "hour": "*"} | fields
                kept = {name: text for name, text in given.items() if text != "*" or name in {"minute", "hour"}}
                made = {_NAMES.get(name, name): text for name, text in kept.items()}
        if problem := problem_of(made, zone or "UTC"):
            raise RefusedError(schedule.line, problem)
        return {"schedule": made} | ({"timezone": zone} if zone else {}) | keys

    @staticmethod
    def _fields(words: list[str]) -> dict[str, str]:
        """The fields of an expression: a sixth is the year, and of seven the first is the second. None for an alias."""
        names = ("second", *_FIELDS, "year") if len(words) == 7 else (*_FIELDS, "year")
        return dict(zip(names, words, strict=False)) if 5 <= len(words) <= 7 else {}

    def _command(self) -> Keys:
        command = self._item.get("command")
        if command.items:
            return {"command": [word.text for word in command.items]}
        if not command.text.strip():
            raise RefusedError(command.line, "the command is missing")
        return for_shell(Command(command.text), self._item.get("shell").text or "/bin/sh")

    def _seconds(self, key: str) -> str | None:
        text = self._item.get(key).text
        if not re.fullmatch(r"\d{1,9}(?:\.\d{1,6})?", text) or float(text) == 0:
            return None
        return format_duration(float(text))

    def _others(self) -> Keys:
        keys: Keys = {}
        enabled, directory = self._item.get("enabled"), self._item.get("workingDirectory").text
        if enabled.text and not enabled.is_true:
            keys["enabled"] = False
        if directory.startswith("/"):
            keys["cwd"] = directory
        elif directory:
            self._report.refuse(self._item.get("workingDirectory").line, "workingDirectory", "write an absolute path")
        if nice := _NICE.get(self._item.get("priority").text):
            keys["nice"] = nice
        missed = self._item.get("onMissed").text
        if missed in {"run-once", "run-all"}:
            keys["catch_up"] = "31d"
            self._report.note(self._item.get("onMissed").line, f"onMissed: {missed}", about_catch_up("31d"))
        since = self._item.get("sla", "maxTimeSinceSuccessSeconds").count
        if since:
            keys["expect_success_within"] = f"{since}s"
        return keys

    def _environment(self) -> Keys:
        env: Keys = {}
        for entry in self._item.get("environment").items:
            name = entry.get("key").text
            if VARIABLE_NAME.fullmatch(name):
                env[name] = entry.get("value").text
            else:
                self._report.refuse(entry.line, f"environment.{name}", "not a variable that a job can have")
        return {"env": env} if env else {}

    def _failure(self) -> Keys:
        keys: Keys = {}
        retry = self._item.get("onFailure", "retry")
        times = retry.get("maximumRetries").text
        if times not in {"", "0"}:
            count = retry.get("maximumRetries").count
            if count is None:
                self._report.note(retry.line, f"maximumRetries: {times}", "retries have a limit here")
            made: Keys = {"times": 1000 if count is None else min(count, 1000)}
            delays = {"delay": "initialDelay", "max_delay": "maximumDelay"}
            for ours, theirs in delays.items():
                text = retry.get(theirs).text or {"delay": "1", "max_delay": "300"}[ours]
                made[ours] = format_duration(float(text)) if re.fullmatch(r"\d{1,9}(?:\.\d+)?", text) else "1s"
            factor = retry.get("backoffMultiplier").text or "2"
            made["factor"] = float(factor) if re.fullmatch(r"\d{1,3}(?:\.\d+)?", factor) else 2.0
            keys["retry"] = made
        failure: list[Value] = []
        for hook in ("onFailure", "onPermanentFailure", "onLate"):
            failure += self._recipients(self._item.get(hook, "report"), keys)
        if failure:
            keys["on_failure"] = failure
        if success := self._recipients(self._item.get("onSuccess", "report"), keys):
            keys["on_success"] = success
        return keys

    def _recipients(self, report: Item, keys: Keys) -> list[Value]:
        found: list[Value] = []
        mail, shell, webhook = report.get("mail"), report.get("shell", "command"), report.get("webhook", "url")
        addresses = [*filter(str.isprintable, re.findall(r"[^\s,;<>@]+@[^\s,;<>@]+", mail.get("to").text))]
        if addresses:
            found.append({"mail": addresses[0] if len(addresses) == 1 else [*addresses]})
            self._report.note(mail.line, "mail", _MAIL)
        if shell.text or shell.items:
            found.append({"command": [word.text for word in shell.items] or shell.text})
            self._report.note(shell.line, "shell", "the command gets SCHED_… variables and JSON on standard input")
        if webhook.entries:
            found.append({"webhook": _secret(webhook)})
            self._report.note(webhook.line, "webhook", "the body is schedd's own")
        if report.get("sentry").entries:
            keys["sentry"] = True
            self._report.note(report.get("sentry").line, "sentry", _SENTRY)
        for key, value in report.entries.items():
            if key not in {"mail", "shell", "webhook", "sentry"}:
                self._report.refuse(value.line, f"report.{key}", "has no equivalent")
        return found

    def _rest(self) -> None:
        known = "name command schedule shell concurrencyPolicy executionTimeout killTimeout startingDeadlineSeconds"
        known += " user group env_file enabled workingDirectory priority onMissed sla environment onFailure onLate"
        known += " onSuccess onPermanentFailure utc timezone"
        for key, value in self._item.entries.items():
            if key == "failsWhen":
                for name in ("producesStdout", "producesStderr", "always"):
                    if value.get(name).is_true:
                        self._report.refuse(value.line, f"failsWhen.{name}", "the exit code decides; see success_codes")
                if value.get("nonzeroReturn").text and not value.get("nonzeroReturn").is_true:
                    self._report.refuse(value.line, "failsWhen.nonzeroReturn", "add `|| true` to the command")
            elif key in _NO_EFFECT:
                self._report.note(value.line, key, "no effect here: schedd logs the output and keeps its end")
            elif key not in known.split() and not value.is_null:
                self._report.refuse(value.line, key, _HINTS.get(key, "has no equivalent"))


def _secret(item: Item) -> Value:
    """A value that may be kept elsewhere."""
    if item.get("fromEnvVar").text:
        return {"from_env": item.get("fromEnvVar").text}
    if item.get("fromFile").text:
        return {"from_file": item.get("fromFile").text}
    return item.get("value").text
