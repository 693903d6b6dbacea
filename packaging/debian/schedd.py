#!/usr/bin/python3 -IB
"""schedd or schedctl, by the name under which this file is installed, with its own libraries."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../lib/schedd"))

from scheduler.cli import console

getattr(console, os.path.basename(sys.argv[0]))()
