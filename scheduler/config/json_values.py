"""The values of `args` and `kwargs`: JSON, without the words that YAML parsers disagree about."""

from __future__ import annotations

import re
from typing import Any

from scheduler.config.values import CLOCK, FALSE, FLOAT, INTEGER, NULLS, OCTAL_LOOKING, TRUE, InvalidValueError
from scheduler.errors import MASK


def json_value(text: str, plain: bool) -> Any:
    """The meaning of a scalar: null, true, false, a number or text. No message repeats it, since it may be secret."""
    if not plain:
        return text
    if text in NULLS:
        return None
    if text in TRUE | FALSE:
        return text in TRUE
    if re.fullmatch(INTEGER, text):
        return int(text) if len(text) <= 18 else text
    if re.fullmatch(OCTAL_LOOKING, text) or (re.fullmatch(CLOCK, text) and not text.startswith("0")):
        message = "ambiguous: a number for some YAML parsers, text for others; use quotes for text"
        raise InvalidValueError(message, f'"{MASK}"', fill=text)
    if text.lower() in {"yes", "no", "on", "off", "y", "n"}:
        message = "ambiguous: a boolean for some YAML parsers, text for others; use true or false, or quotes for text"
        raise InvalidValueError(message, f'"{MASK}"', fill=text)
    if re.fullmatch(FLOAT, text):
        return float(text)
    if text.lower().lstrip("+-") in {".inf", ".nan"}:
        message = "not a valid JSON number; use quotes for text"
        raise InvalidValueError(message, f'"{MASK}"', fill=text)
    return text
