"""The values of `args` and `kwargs`: JSON, without the words that YAML parsers disagree about."""

from __future__ import annotations

import re
from typing import Any, get_origin

from scheduler.config.node_errors import AlreadyReportedError, Read
from scheduler.config.scalars import CLOCK, FALSE, FLOAT, INTEGER, NULLS, OCTAL_LOOKING, TRUE, InvalidValueError
from scheduler.config.value_errors import report
from scheduler.document.nodes import Broken, Mapping, Node, Scalar, Sequence
from scheduler.document.source import Source


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
        raise InvalidValueError(message, kind="quoted")
    if text.lower() in {"yes", "no", "on", "off", "y", "n"}:
        message = "ambiguous: a boolean for some YAML parsers, text for others; use true or false, or quotes for text"
        raise InvalidValueError(message, kind="quoted")
    if re.fullmatch(FLOAT, text):
        return float(text)
    if text.lower().lstrip("+-") in {".inf", ".nan"}:
        message = "not a valid JSON number; use quotes for text"
        raise InvalidValueError(message, kind="quoted")
    return text


def json_reader(hint: Any) -> Read:
    """The reader of `args` (a list) or `kwargs` (a mapping)."""
    shape = Sequence if get_origin(hint) is list else Mapping

    def read(node: Node, source: Source, where: str) -> Any:
        if isinstance(node, Broken):
            raise AlreadyReportedError
        if type(node) is not shape:
            if shape is Mapping:
                raise InvalidValueError("must be a mapping of names and values")
            if not isinstance(node, Scalar):
                raise InvalidValueError("must be a list; a mapping of keyword arguments goes under `kwargs`")
            if isinstance(json_value(node.value, node.plain), str):  # it may be a secret, which no advice repeats
                raise InvalidValueError("must be a list; put the value in brackets")
            raise InvalidValueError("must be a list", kind="item", in_list=True)
        return _plain_json(node, source, where)

    return read


def _read_scalar(node: Node, _source: Source, _where: str) -> Any:
    if not isinstance(node, Scalar):
        raise AlreadyReportedError
    return json_value(node.value, node.plain)


def _plain_json(node: Node, source: Source, where: str) -> Any:
    if isinstance(node, Mapping):
        return {key.value: _plain_json(value, source, f"{where}.{key.value}") for key, value in node.entries}
    if isinstance(node, Sequence):
        return [_plain_json(item, source, f"{where}[{place}]") for place, item in enumerate(node.items)]
    if isinstance(node, Scalar):
        try:
            return json_value(node.value, node.plain)
        except InvalidValueError as error:
            report(error, node, source, where, _read_scalar)
    return None
