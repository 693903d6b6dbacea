"""Import of Kubernetes CronJobs: manifests with several documents, and Lists."""

from __future__ import annotations

import re

from scheduler.translate.importers.crontab_times import problem_of
from scheduler.translate.importers.job_report import JobReport, RefusedError
from scheduler.translate.importers.robfig import as_schedule
from scheduler.translate.importers.shell_words import CommandWriter, Variable, word_of
from scheduler.translate.importers.source_file import Request, SourceFile
from scheduler.translate.importers.variables import ABOUT_NAMES, VARIABLE_NAME
from scheduler.translate.importers.yaml_items import Item, YamlFile
from scheduler.translate.translation import ImportedJob, Keys, Translation, Value

_KIND = re.compile(r"""["']?kind["']?\s*:\s*["']?CronJob(?:List)?\b""")
_ZONE = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.*)")
_REFERENCE = re.compile(r"(\$\$)|\$\(([^)]*)\)")
_OF_ENV_FROM = re.compile(r"[A-Z][A-Z0-9_]*")
_NOT_KNOWN = "contains a variable whose value is not in the manifest; write the value"
_INSERTED = "the shell expands it as a value; Kubernetes inserts the value into the script, where it is read as code"
_OVERLAPS = {"": "allow", "Allow": "allow", "Forbid": "skip", "Replace": "replace"}

_OF_THE_CLUSTER = re.compile(
    "affinity|automountServiceAccountToken|dnsConfig|dnsPolicy|enableServiceLinks|host(?:IPC|Network|PID|name)"
    "|imagePullPolicy|imagePullSecrets|nodeName|nodeSelector|overhead|podReplacementPolicy|preemptionPolicy|priority"
    "|priorityClassName|restartPolicy|runtimeClassName|schedulerName|serviceAccount|serviceAccountName"
    "|setHostnameAsFQDN|shareProcessNamespace|successfulJobsHistoryLimit|failedJobsHistoryLimit|terminationMessagePath"
    "|terminationMessagePolicy|tolerations|topologySpreadConstraints|ttlSecondsAfterFinished|metadata|name|subdomain"
    "|completionMode|manualSelector|selector|suspend|ports"
)
"""Keys that have a meaning in a cluster only, or say what schedd does anyway."""


def looks_like_kubernetes(source: SourceFile) -> bool:
    """Whether a document is of the kind CronJob, also within a List."""
    return _KIND.search(source.text) is not None


_ABOUT_ORIGIN = "set the variable in schedd's own environment, which all jobs inherit, or use from_file"
_OTHER_ORIGIN = (
    "another job reads this variable from elsewhere: name another one in from_env, as both get the same value"
)


def read_kubernetes(source: SourceFile, request: Request) -> Translation:
    """Translate the CronJobs of a manifest; other kinds are left out."""
    file = YamlFile(source)
    jobs = []
    remarks = file.remarks
    for item in _objects(file.documents):
        kind = item.get("kind").text
        if kind != "CronJob":
            remarks.append(source.note(item.line, f"kind: {kind}", "not a CronJob; left out"))
            continue
        reading = _Reading(source, request, item)
        if job := reading.job(file.comments_until(item.last_line)):
            jobs.append(job)
        remarks += reading.report.remarks
    zone = request.timezone or "UTC"
    if request.timezone is None and any("timezone" not in job.keys for job in jobs):
        why = "Kubernetes uses the zone of its controller manager where a job names none; UTC is assumed (--timezone)"
        remarks.append(source.note(0, "timeZone", why))
    defaults: Keys = {"timezone": zone} if jobs else {}
    return Translation(jobs=tuple(jobs), defaults=defaults, footer=file.rest(), remarks=tuple(remarks))


def _objects(documents: list[Item]) -> list[Item]:
    """Each object, those of Lists included."""
    found = []
    for document in documents:
        is_list = document.get("kind").text.endswith("List")
        found += _objects(document.get("items").items) if is_list else [document]
    return found


class _Reading:
    """One CronJob."""

    def __init__(self, source: SourceFile, request: Request, item: Item) -> None:
        self._request, self._item = request, item
        self._name = item.get("metadata", "name").text or item.get("metadata", "generateName").text
        self._of_cluster: list[str] = []
        self._values: dict[str, str | None] = {}
        self._has_env_from = False
        self.report = JobReport(source, self._name)

    def job(self, comments: tuple[str, ...]) -> ImportedJob | None:
        """The job, or None with a remark that says why there is none."""
        try:
            keys = self._keys()
        except RefusedError as refused:
            self.report.refuse_job(refused)
            return None
        return ImportedJob(name=self._request.names.of(self._name), keys=keys, comments=comments)

    def _keys(self) -> Keys:
        spec, job = self._item.get("spec"), self._item.get("spec", "jobTemplate", "spec")
        pod = job.get("template", "spec")
        containers = pod.get("containers").items
        if len(containers) != 1:
            raise RefusedError(pod.line, f"a job is one process, and this pod has {len(containers)} containers")
        (container,) = containers
        namespace = self._item.get("metadata", "namespace")
        description = self._item.get("metadata", "annotations", "description").text
        keys: Keys = {"description": description} if description else {}
        keys |= self._schedule(spec)
        self._has_env_from = bool(container.get("envFrom").items)
        keys |= self._env(container.get("env").items)
        keys["command"] = self._command(container)
        keys |= {"cwd": container.get("workingDir").text} if container.get("workingDir").text else {}
        keys |= self._limits(spec, job, pod)
        keys |= self._retry(job)
        keys |= self._user(pod, container)
        if container.get("image").text:
            why = "schedd starts the command on its own machine, which must have what the image has"
            self._note(container.get("image"), f"image: {container.get('image').text}", why)
        if namespace.text:
            self._note(namespace, f"namespace: {namespace.text}", "schedd has no namespaces")
        self._rest("spec", spec, "schedule timeZone concurrencyPolicy startingDeadlineSeconds jobTemplate")
        self._rest("jobTemplate.spec", job, "template backoffLimit activeDeadlineSeconds")
        self._rest("pod", pod, "containers terminationGracePeriodSeconds activeDeadlineSeconds securityContext")
        self._rest("container", container, "command args env workingDir image securityContext")
        if self._of_cluster:
            self._note(self._item, ", ".join(self._of_cluster), "no effect outside of a cluster")
        return keys

    def _note(self, item: Item, text: str, why: str) -> None:
        self.report.note(item.line, text, why)

    def _refuse(self, item: Item, text: str, why: str) -> None:
        self.report.refuse(item.line, text, why)

    def _rest(self, where: str, item: Item, known: str) -> None:
        """Report the keys that are not carried over."""
        one = {"parallelism", "completions"}
        for key, value in item.entries.items():
            if key in known.split() or value.is_null or (key in one and value.text == "1"):
                continue
            if _OF_THE_CLUSTER.fullmatch(key):
                self._of_cluster.append(f"{where}.{key}")
            else:
                self._refuse(value, f"{where}.{key}", "has no equivalent")

    def _schedule(self, spec: Item) -> Keys:
        text, zone = spec.get("schedule").text, spec.get("timeZone").text
        if prefixed := _ZONE.fullmatch(text):
            zone, text = prefixed.groups()
        if text.startswith("@every"):
            self._note(spec.get("schedule"), f"schedule: {text}", "intervals are on a fixed grid here")
        schedule = as_schedule(text)
        if problem := problem_of(schedule, zone or self._request.timezone or "UTC"):
            raise RefusedError(spec.get("schedule").line, problem)
        policy = spec.get("concurrencyPolicy").text
        if policy not in _OVERLAPS:
            raise RefusedError(spec.get("concurrencyPolicy").line, f"unknown concurrencyPolicy {policy}")
        keys: Keys = {"schedule": schedule, "overlap": _OVERLAPS[policy]}
        keys |= {"timezone": zone} if zone else {}
        keys |= {"enabled": False} if spec.get("suspend").is_true else {}
        return keys

    def _limits(self, spec: Item, job: Item, pod: Item) -> Keys:
        keys: Keys = {}
        if deadline := spec.get("startingDeadlineSeconds").count:
            keys["start_deadline"] = f"{deadline}s"
        total, attempt = job.get("activeDeadlineSeconds").count, pod.get("activeDeadlineSeconds").count
        if total or attempt:
            keys["timeout"] = f"{min(filter(None, (total, attempt)))}s"
        if total:
            self._note(job.get("activeDeadlineSeconds"), "activeDeadlineSeconds", "here `timeout` is for each attempt")
        grace = pod.get("terminationGracePeriodSeconds").count
        return keys if grace is None else keys | {"stop_grace": f"{grace}s"}

    def _retry(self, job: Item) -> Keys:
        limit = job.get("backoffLimit").count
        if limit is None:
            self._note(job, "backoffLimit", "Kubernetes retries 6 times where none is given")
        times = 6 if limit is None else min(limit, 1000)
        return {"retry": {"times": times, "max_delay": "6m"}} if times > 0 else {}

    def _user(self, pod: Item, container: Item) -> Keys:
        keys: Keys = {}
        for context, where in ((pod.get("securityContext"), "pod"), (container.get("securityContext"), "container")):
            for key, ours in (("runAsUser", "user"), ("runAsGroup", "group")):
                if context.get(key).text:
                    keys[ours] = context.get(key).text
                    self._note(context.get(key), f"{where}.{key}", "only a schedd that runs as root can do this")
            self._rest(f"{where}.securityContext", context, "runAsUser runAsGroup")
        return keys

    def _command(self, container: Item) -> Value:
        command = [item.text for item in container.get("command").items]
        arguments = [item.text for item in container.get("args").items]
        if not command:
            image = container.get("image").text or "the image"
            raise RefusedError(container.line, f"no command: the entrypoint of {image} is not in the manifest")
        writer = CommandWriter({name: value for name, value in self._values.items() if value is not None})
        made = writer.command([word_of(word, _REFERENCE, self._meaning) for word in command + arguments])
        where = container.get("args") if arguments else container.get("command")
        for name in writer.inserted:
            self._note(where, f"$({name})", _INSERTED)
        for word in command + arguments:
            self._note_env_from(where, word)
        return made

    def _note_env_from(self, where: Item, text: str) -> None:
        """Note each variable that only envFrom can have set: if it does not, Kubernetes leaves the text as it is."""
        for match in _REFERENCE.finditer(text) if self._has_env_from else ():
            if match[2] not in self._values and _OF_ENV_FROM.fullmatch(match[2] or ""):
                self._note(where, match[0], "if envFrom sets it, write ${NAME} in the command, and its value in env")

    def _meaning(self, match: re.Match[str]) -> str | Variable:
        """Kubernetes leaves what names no variable of the container as it is, and makes $ of $$."""
        if match[1]:
            return "$"
        name = match[2]
        if name not in self._values:
            return match[0]
        if VARIABLE_NAME.fullmatch(name):
            return Variable(name)
        value = self._values[name]
        return match[0] if value is None else value

    def _env(self, entries: list[Item]) -> Keys:
        """The variables in their order, as each can contain those before it."""
        env: Keys = {}
        for entry in entries:
            name, source = entry.get("name").text, entry.get("valueFrom")
            value = None if source.entries else self._expanded(entry.get("value").text)
            if not VARIABLE_NAME.fullmatch(name):
                self._refuse(entry, f"env.{name}", ABOUT_NAMES)
            elif origin := self._origin(source):
                env[name] = {"from_env": name}
                self._note(entry, f"env.{name}", _ABOUT_ORIGIN)
                if self._request.origins.setdefault(name, origin) != origin:
                    self._note(entry, f"env.{name}", _OTHER_ORIGIN)
            elif source.entries:
                self._refuse(entry, f"env.{name}", "has no equivalent")
            elif value is None:
                self._refuse(entry, f"env.{name}", _NOT_KNOWN)
            else:
                env[name] = value
                self._note_env_from(entry, entry.get("value").text)
            self._values[name] = value
        return {"env": env} if env else {}

    def _origin(self, source: Item) -> tuple[str, ...]:
        """The namespace, the kind, the name and the key of what a variable is read from; empty for a plain value."""
        for kind in ("secretKeyRef", "configMapKeyRef"):
            if (found := source.get(kind)).entries:
                namespace = self._item.get("metadata", "namespace").text
                return namespace, kind, found.get("name").text, found.get("key").text
        return ()

    def _expanded(self, text: str) -> str | None:
        """The value with the variables before it, None when one of them is not in the manifest."""
        word = word_of(text, _REFERENCE, self._meaning)
        values = [piece if isinstance(piece, str) else self._values[piece.name] for piece in word]
        return None if None in values else "".join(value for value in values if value is not None)
