"""Explains the errors of the YAML parser in terms of the line, with a correction where there is one."""

from __future__ import annotations

import re

import yaml

from scheduler.document.finding import Finding, Fix
from scheduler.document.line_context import Value, column_of, indent_of, line_above, quote, value_at
from scheduler.document.nodes import TOO_DEEP
from scheduler.errors import MASK
from scheduler.text import plural

CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]"
_DEEPER = "this line is indented too far: the line above already has a value"
_NEITHER = "the indentation matches no line above"
_ENTRY = r"- |[^#]*?:(?:[ \t]|$)"
_PLAIN_ENTRY = r"[\w.-]+:\s+[^\s\[{|>&*!\"'#].*"
_RESERVED = {
    "*": "starts an alias",
    "&": "starts an anchor",
    "!": "starts a tag",
    "@": "is reserved",
    "`": "is reserved",
    "%": "starts a directive",
}
_CLOSING = {'"': '"', "'": "'", "[": "]", "{": "}"}


def explain(error: yaml.YAMLError, text: str) -> Finding:
    """What the parser found, in one sentence."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return _control_character(text)
    if conflict := re.search(r"(?m)^(?:<{7}|>{7}) .*", text):
        message = "this line is a marker of an unresolved merge conflict"
        return Finding(conflict.start(), message, "resolve the conflict", width=len(conflict[0]))
    problem = error.problem or ""
    at = min(error.problem_mark.index, len(text))
    began = error.context_mark.index if error.context_mark else at
    for kind, finding_of in _KINDS.items():
        if kind in f"{error.context}: {problem}":
            finding = finding_of(text, at, began)
            if finding:
                return finding
    return Finding(at, f"not valid YAML: {', '.join(filter(None, (error.context, problem)))}")


def _control_character(text: str) -> Finding:
    match = re.search(CONTROL, text)
    if match is None:
        return Finding(0, "not valid YAML")
    code = ord(match[0])
    name = "a NUL character" if code == 0 else f"a control character (U+{code:04X})"
    return Finding(match.start(), f"{name} is not allowed in the file", "delete it")


def _reserved(text: str, _at: int, began: int) -> Finding | None:
    """A value that starts with, or continues after, a character reserved by YAML."""
    if text[began : began + 1] == "\t":
        return _tab(text, began, began)
    value = value_at(text, began)
    meaning = _RESERVED.get(value.text[:1])
    if meaning is None:
        return _goes_on(text, began, value)
    message = f"unquoted {value.text[0]} {meaning} in YAML; use quotes"
    return _too_far_left(text, value) or value.finding(message)


def _too_far_left(text: str, value: Value) -> Finding | None:
    """A continuation line of a command that is not indented further than its key."""
    first = text.rfind("\n", 0, value.start) + 1
    _, above = line_above(text, value.start)
    column = column_of(above)
    if value.key or text[first : value.start].strip() or value.start - first > column:
        return None
    if not re.fullmatch(_PLAIN_ENTRY, above[column:].rstrip()):
        return None
    help = f"indent this line by {column + 2} spaces to continue the line above"
    message = "this line does not continue the text above: it is not indented further than the key"
    return Finding(value.start, message, help, width=value.end - value.start, skip=(value.start, value.end))


def _tab(text: str, at: int, _began: int) -> Finding | None:
    start = text.rfind("\n", 0, at) + 1
    tab = text.find("\t", start)
    if tab < 0 or text[start:tab].strip():
        return None
    tabs = re.compile(r"\t+").match(text, tab)
    width = tabs.end() - tabs.start() if tabs else 1
    return Finding(tab, "indentation must be spaces, not tabs", "replace the tab by spaces", width=width)


def _colon(text: str, at: int, _began: int) -> Finding | None:
    """A second colon in a line, or a key where none may start."""
    value = value_at(text, at)
    if value.start < at and value.key:
        return value.finding("unquoted text must not contain a colon followed by a space; use quotes")
    first = text.rfind("\n", 0, at) + 1 + indent_of(text, at)
    return _after_text(text, at) or _tab(text, at, at) or _indented(first, _DEEPER, line_above(text, at)[1])


def _after_text(text: str, at: int) -> Finding | None:
    """The error when the lines above are not `key: value`: the first has no colon, or they continue a value."""
    start, above = line_above(text, at)
    if re.match(_ENTRY, above.strip()):
        return None
    before_start, before = line_above(text, start)
    while before and not re.match(_ENTRY, before.strip()):
        start, above = before_start, before
        before_start, before = line_above(text, start)
    if not before or re.search(r":\s*(?:[&!]\S+\s*)?(?:#.*)?$", before) or re.match(r"[\w-]+:\S", above.strip()):
        return _no_colon(text, at, start + len(above) - len(above.lstrip()))
    first = text.rfind("\n", 0, at) + 1 + indent_of(text, at)
    return Finding(first, "this line continues the text above, which must not contain a colon and a space; use quotes")


def _indented(at: int, message: str, above: str) -> Finding:
    """The advice to indent a line as the one above it."""
    spaces = column_of(above)
    indent = f"indent it by {plural(spaces, 'space')}" if spaces else "do not indent it"
    return Finding(at, message, f"{indent}, as the line above")


def _dash(text: str, at: int, _began: int) -> Finding | None:
    value = value_at(text, at)
    if not value.key:
        return None
    items = value.text.removeprefix("-").strip()
    return value.finding("a list cannot start on the line of its key", f"[{items}]")


def _unclosed_quote(text: str, _at: int, began: int) -> Finding:
    mark = text[began]
    # It most likely ends on its own line, so the lines below are read as what they look like.
    value = value_at(text, began)
    return value.finding(f"missing closing {mark}", value.text + mark)


def _escape(text: str, _at: int, began: int) -> Finding:
    end = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, began)
    value = value_at(text, began)
    message = "not a valid escape sequence: in double quotes a backslash starts one"
    if end is None or "\n" in end[0]:
        return Finding(began, message, "use single quotes")
    inner = end[0][1:-1].replace('\\"', '"')
    single = "'" + inner.replace("'", "''") + "'"
    key = value.key if value.start == began else ""
    return Finding(
        began,
        message,
        None,
        (Fix(*end.span(), (MASK,), single, key=key, masked=f"'{MASK}'"),),
        len(end[0]),
        skip=end.span(),
    )


def _after_value(text: str, at: int, _began: int) -> Finding | None:
    """A mapping that ends unexpectedly: text after a closing quote or an alias, or a wrong indentation."""
    start = text.rfind("\n", 0, at) + 1
    if not text[start:at].strip():
        return _misplaced(text, at)
    value = value_at(text, at)
    if value.start == at - 1 and value.text[:1] in {'"', "'"}:
        return _earlier_quote(text, at)
    if value.text[:1] in {"*", "&"}:
        return _reserved(text, at, value.start)
    return _goes_on(text, at, value) or _earlier_quote(text, at)


def _goes_on(text: str, at: int, value: Value) -> Finding | None:
    """A value in quotes or brackets with more text after its end, as in many shell commands."""
    mark = _CLOSING.get(value.text[:1])
    if mark is None or value.start >= at:
        return None
    if re.compile(r"(?m)[\]}]+\s*(?:#.*)?$").match(text, at):
        return Finding(at, f"unexpected {text[at]}: no bracket is open here")
    is_apostrophe = mark == "'" and re.compile(r"'\w").match(text, at - 1) and value.text.endswith(mark)
    correct = quote(value.text[1:-1] if is_apostrophe else value.text)
    return value.finding(f"text after the closing {mark}; put the whole text in quotes", correct)


def _earlier_quote(text: str, at: int) -> Finding | None:
    """An earlier quote is not closed, so that the one here closes it instead of opening a new one."""
    mark = text[at - 1 : at]
    if mark not in {'"', "'"}:
        return None
    end = text.rfind("\n", 0, at)
    while end > 0:
        start = text.rfind("\n", 0, end) + 1
        line = text[start:end]
        if line.count(mark) % 2:
            return _unclosed_quote(text, at, start + line.index(mark))
        end = start - 1
    return None


def _misplaced(text: str, at: int) -> Finding:
    if re.compile(r"-(\s|$)").match(text, at):
        return Finding(at, "unexpected list entry: a key is required here")
    if missing := _after_text(text, at):
        return missing
    _, above = line_above(text, at)
    message = _DEEPER if indent_of(text, at) > column_of(above) else _NEITHER
    return _indented(at, message, above)


def _no_colon(text: str, _at: int, began: int) -> Finding:
    end = text.find("\n", began)
    line = text[began : len(text) if end < 0 else end].rstrip()
    if "\uff1a" in line:
        return Finding(began, "a full-width colon is not a colon of YAML: use : and a space", width=len(line))
    key, colon, value = line.partition(":")
    if re.match(r"[^\S \t]", value):
        return Finding(began, "the blank after the colon is not a plain space", "use a plain space", width=len(line))
    if colon and value and not value[0].isspace():
        fix = Fix(began, began + len(line), (MASK,), f"{key}: {value}")
        return Finding(began, "missing space after the colon", None, (fix,), len(line))
    missing = "space after the dash" if re.match(r"-[^\s-]", line) else "colon: a line here must be `key: value`"
    return Finding(began, f"missing {missing}", width=len(line))


def _unclosed_bracket(text: str, at: int, began: int) -> Finding:
    close = "]" if text[began] == "[" else "}"
    if "\n" not in text[began:at]:
        return Finding(at, f"missing comma or {close} before this")
    return Finding(began, f"missing closing {close}")


def _block_scalar(text: str, _at: int, began: int) -> Finding:
    value = value_at(text, began)
    mark = text[began]
    message = f"unquoted {mark} starts a block of text on the next line; use quotes"
    return _too_far_left(text, value) or value.finding(message)


def _no_content(text: str, at: int, _began: int) -> Finding | None:
    return (
        _reserved(text, at, at)
        or _tab(text, at, at)
        or Finding(at, "a value cannot start with this character; use quotes")
    )


def _glued_colon(_text: str, at: int, _began: int) -> Finding:
    return Finding(at, "a colon must be followed by a space, or the text be in quotes")


def _document(_text: str, at: int, _began: int) -> Finding:
    message = "a second YAML document starts here; a schedule file must have only one"
    return Finding(at, message, "move its jobs under the first `jobs:`")


def _key_after_list(_text: str, at: int, _began: int) -> Finding:
    return Finding(at, "unexpected key: a list entry is required here")


def _directive(_text: str, _at: int, began: int) -> Finding:
    return Finding(began, "a line that starts with % is a YAML directive; use quotes")


def _too_deep(_text: str, at: int, _began: int) -> Finding:
    """The parser's own limit is 1,000 levels, which it may reach before it returns the first of them."""
    return Finding(at, TOO_DEEP)


_KINDS = {
    "maximum nesting depth": _too_deep,
    "directive": _directive,
    "tab character": _tab,
    "cannot start any token": _reserved,
    "alphabetic or numeric": _reserved,
    "mapping values are not allowed": _colon,
    "block sequence entries are not allowed": _dash,
    "unexpected end of stream": _unclosed_quote,
    "unexpected document indicator": _unclosed_quote,
    "unknown escape": _escape,
    "hexdecimal": _escape,
    "did not find expected ',' or": _unclosed_bracket,
    "expected '-' indicator": _key_after_list,
    "did not find expected key": _after_value,
    "could not find expected ':'": _no_colon,
    "comment or line break": _block_scalar,
    "expected node content": _no_content,
    "found unexpected ':'": _glued_colon,
    "<document start>": _document,
}
"""A part of the parser's message, and the function that explains it."""
