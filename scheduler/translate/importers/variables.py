"""Names of environment variables that a job can have."""

from __future__ import annotations

import re

VARIABLE_NAME = re.compile(r"(?!SCHED_)[A-Za-z_]\w{0,254}", re.ASCII)

ABOUT_NAMES = "the name of a variable has letters, digits and _ only, and must not begin with SCHED_"
