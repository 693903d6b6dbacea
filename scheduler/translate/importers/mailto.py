"""What schedd offers in place of MAILTO, the variable of a crontab."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^\s@,]+@[^\s@,]+")
_ABOUT_MAIL = "schedd does not mail the output of jobs, and only passes the variable to them"


def about_mail(value: str) -> str:
    """Why MAILTO with this value is refused, and what to write instead."""
    named = [name for name in re.split(r"[\s,]+", value) if name]
    addresses = [name for name in named if _ADDRESS.fullmatch(name)]
    local = ", ".join(name for name in named if name not in addresses)
    example = f", such as {local}@localhost" if local.replace("-", "").isalnum() else ""
    needed = f"; schedd needs a full address instead of {local}{example}" if local else ""
    if not addresses:
        return f"{_ABOUT_MAIL}; `on_failure` mails failures, through SMTP_URL{needed}"
    to = addresses[0] if len(addresses) == 1 else f"[{', '.join(addresses)}]"
    return f"{_ABOUT_MAIL}{needed}; for mails about failures, set SMTP_URL and write: on_failure: [{{mail: {to}}}]"
