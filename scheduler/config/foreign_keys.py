"""The names that other schedulers use for our keys."""

from __future__ import annotations

import re

from scheduler.text import typo_of

FOREIGN = {
    "schedule": "cron crontab sched cronexpression cronschedule expression when trigger spec rule timer oncalendar",
    "command": "cmd script run exec cmdline commandline program task entrypoint execstart",
    "python": "func function callable module handler method class target",
    "timeout": "executiontimeout activedeadlineseconds maxruntime runtimelimit timelimit maxduration timeoutseconds"
    " softtimelimit",
    "overlap": "concurrencypolicy concurrency maxinstances singleton nooverlap allowoverlap allowparallel",
    "start_deadline": "startingdeadlineseconds startingdeadline misfiregracetime misfire deadline",
    "stop_grace": "killtimeout terminationgraceperiodseconds stoptimeout grace graceperiod stopgraceperiod killafter",
    "env": "environment environ envs variables vars envvars",
    "env_file": "envfile envfiles dotenv environmentfile",
    "cwd": "workdir workingdir workingdirectory dir chdir directory pwd",
    "timezone": "tz crontz zone utc",
    "retry": "retries maxretries retrycount backofflimit",
    "catch_up": "catchup backfill anacron persistent runmissed",
    "enabled": "active enable disabled disable suspend suspended paused",
    "user": "runas username uid owner",
    "group": "gid groupname",
    "lock": "mutex lockname semaphore exclusive",
    "description": "desc comment title summary doc help notes",
    "success_codes": "exitcodes successexitcodes okcodes successcode allowedexitcodes successexitstatus",
    "memory_limit": "memory memlimit maxmemory ram memorymax",
    "nice": "niceness",
    "output": "stdout logging log capture captureoutput capturestdout",
    "args": "arguments parameters params",
    "interpreter": "pythonbin executable pythonexecutable",
    "on_failure": "onfail onerror onfailed alert alerts alarm notify notifications notifier notifiers mailto mail email"
    " webhook webhooks slack hook",
    "on_success": "onok oncomplete onsuccessful",
    "on_recovery": "onrecover onrecovered onfixed",
    "ping": "healthcheck healthchecks heartbeat pingurl deadmansswitch snitch monitor",
    "webhook": "url http https slack hook",
    "mail": "email to mailto",
    "defaults": "default common global globals",
    "overrides": "override patch patches overlay overlays",
    "jobs": "tasks schedules cronjobs services job entries beatschedule",
    "include": "includes import imports files extends",
    "max_running": "maxjobs maxconcurrent maxparallel workers parallelism concurrency maxconcurrency",
    "shutdown_timeout": "gracefultimeout stoptimeout terminationgraceperiodseconds drain draintimeout shutdown",
    "times": "count retries maxretries",
    "delay": "wait interval pause seconds initialdelay retrydelay sleep",
    "factor": "backoff multiplier backoffmultiplier exponent exponential backofffactor",
    "max_delay": "maximumdelay maxbackoff maxwait maxinterval",
    "from_env": "env variable valuefrom envvar",
    "from_file": "file path secret secretkeyref",
    "ignore": "disable skip off codes",
    "from": "startdate start startat startson notbefore validfrom",
    "until": "enddate end endat endson notafter validuntil expires",
    "except": "exclude excludes excluded skipdates holidays exceptdates blackout blackouts exceptions",
    "slow_after": "warnafter slow slowafter",
    "run_if": "condition onlyif guard if",
    "splay": "jitter randomdelay randomizeddelaysec randomizeddelay spread",
    "path": "paths",
    "setup": "prepare before init",
    "notify_after": "failurethreshold alertafter",
    "accepts": "inputs",
    "token": "password passwd apitoken apikey secret",
}
"""Our keys with the names used elsewhere, in lower case without dashes and underscores."""

REFUSED = {
    "backoff retrybackoff retrydelay retryinterval delay maxdelay factor": (
        'the delay between attempts is part of "retry"',
        "for example `retry: {times: 2, delay: 10s, factor: 2}`",
    ),
    "slots": ('the number of slots is part of "lock"', "for example `lock: {name: mail, slots: 2}`"),
    "restart restartpolicy": (
        "a command that has ended starts again at its next scheduled time",
        "use `retry` for further attempts after a failure",
    ),
    "skipcodes skipcode skipexitcodes skiponexitcodes skipon": (
        "an exit code cannot mean that a run was skipped",
        "test in `run_if`, before the run, or list the code in `success_codes`",
    ),
    "dependson depends dependencies dependency needs requires upstream upstreams after runafter downstream dag": (
        "jobs have no dependencies except `@after`",
        'use `schedule: "@after JOB"`, or one job whose command runs all steps',
    ),
    "image container containerimage dockerimage runson nodeselector pod": (
        "a command runs where schedd runs, or on a worker",
        "start a container in the command, for example with `docker run`, or see docs/scaling.md for workers",
    ),
    "queue queuename routingkey": (
        "a job has no queue of its own",
        "`launcher: celery` runs it on a worker; the queue is a key of the top-level `launcher`",
    ),
    "priority prio priorities priorityclass priorityclassname weight": (
        "jobs have no priority: waiting runs start in the order in which they were due",
        "give the other jobs a common `lock`, or less CPU time with `nice`",
    ),
}
"""Keys for what does not exist on purpose, as in docs/recipes.md, or elsewhere: why not, and what serves instead."""


REFUSED_AT_THE_TOP = {
    "mailto": (
        'recipients of mails are in "on_failure"',
        "use `on_failure: [{mail: ops@example.com}]` under `defaults`; it mails failures, through SMTP_URL",
    ),
    "tz crontz": ('the time zone is a key of jobs, "timezone"', "for example `defaults: {timezone: Europe/Berlin}`"),
    "shell": ('the shell is a key of jobs, "shell"', "for example `defaults: {shell: /bin/bash}`"),
}
"""Variables of a crontab at the top level of the file."""


def names_target(name: str) -> bool:
    """Whether a key, possibly misspelled or from another scheduler, says what a job runs."""
    word = normalized(name)
    foreign = FOREIGN["command"].split() + FOREIGN["python"].split()
    return word in {*foreign, "command", "python"} or typo_of(word, ("command", "python")) is not None


def normalized(name: str) -> str:
    """A key as it is written in this table."""
    return re.sub(r"[-_ ]", "", name.lower())
