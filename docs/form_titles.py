"""The forms of the schedule file in the documents: their order, their titles, and the groups of the keys of a job."""

from __future__ import annotations

FORMS = {
    "FileForm": "Top level",
    "JobForm": "A job",
    "ScheduleForm": "A schedule with named fields",
    "ExclusionForm": "An entry of `except`",
    "RetryForm": "`retry`",
    "LockForm": "`lock`",
    "ReferenceForm": "A value from a variable or a file",
    "RecipientForm": "A recipient",
    "LauncherForm": "`launcher`",
    "CeleryForm": "`launcher.celery`",
    "LintForm": "`lint`",
    "WebForm": "`web`",
    "MetricsForm": "`metrics`",
}
"""The forms in the order of the page, and what a reader calls them."""

BASES = {"ExclusionForm": "ScheduleForm"}
"""The forms that have all keys of another one."""

JOB_GROUPS = {
    "When it runs": "schedule timezone from until except splay enabled catch_up start_deadline run_if run_if_timeout",
    "What it runs": "description command shell python args kwargs setup interpreter accepts secret_arguments launcher",
    "Its environment": "env env_file path cwd user group umask nice memory_limit output",
    "Overlaps and limits": "overlap lock max_waiting timeout stop_grace on_shutdown",
    "Failures": "retry success_codes",
    "Notifications": "on_failure notify_after remind on_recovery on_success on_skip on_slow slow_after "
    "expect_success_within ping sentry",
    "Warnings": "lint",
}
"""The keys of a job, grouped."""
