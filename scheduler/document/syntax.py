"""What a person did when YAML's parser stops: its error in terms of the line, and what to write instead."""

from __future__ import annotations

import re

import yaml

from scheduler.document.line_context import NAME, Flaw, Value, column_of, indent_of, line_above, quote, value_at
from scheduler.errors import MASK

DEEPEST = 64
"""Mappings and lists within one another."""

TOO_DEEP = f"mappings and lists are nested more than {DEEPEST} deep"

CONTROL = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]"
_DEEPER = "indented deeper than the line above, which is complete"
_NEITHER = "indented less than the line above, and as no other line"
_PLAIN_ENTRY = r"[\w.-]+:\s+[^\s\[{|>&*!\"'#].*"
_RESERVED = {
    "*": "marks an alias",
    "&": "marks an anchor",
    "!": "marks a tag",
    "@": "is reserved",
    "`": "is reserved",
    "%": "begins a directive",
}
_CLOSING = {'"': '"', "'": "'", "[": "]", "{": "}"}


def explain(error: yaml.YAMLError, text: str) -> Flaw:
    """One sentence for what the parser found."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return _control_character(text)
    problem = error.problem or ""
    at = min(error.problem_mark.index, len(text))
    began = error.context_mark.index if error.context_mark else at
    for kind, flaw_of in _KINDS.items():
        if kind in f"{error.context}: {problem}":
            flaw = flaw_of(text, at, began)
            if flaw:
                return flaw
    return Flaw(at, f"not YAML: {', '.join(filter(None, (error.context, problem)))}")


def undefined_alias(text: str, at: int) -> Flaw:
    """What to say about `*name` when nothing above is called &name."""
    return value_at(text, at).flaw("unquoted, * marks an alias in YAML, and no anchor of this name stands above")


def tag(text: str, at: int, *, on_scalar: bool) -> Flaw:
    """What to say about `!name`."""
    message = "unquoted, ! marks a tag in YAML, and tags mean nothing here"
    word = re.compile(r"\S+").match(text, at)
    if word and not on_scalar:
        return Flaw(at, message, "nothing, delete the tag", width=len(word[0]))
    return value_at(text, at).flaw(message)


def anchor(text: str, at: int) -> Flaw:
    """What to say about `&name` with nothing behind it."""
    return value_at(text, at).flaw("unquoted, & marks an anchor in YAML; the text needs quotes")


def template(text: str, at: int) -> Flaw:
    """What to say about `{{ name }}`."""
    return value_at(text, at).flaw("{{ begins a mapping in YAML, and no template is filled in here; quotes keep it")


def _control_character(text: str) -> Flaw:
    match = re.search(CONTROL, text)
    if match is None:
        return Flaw(0, "not YAML")
    code = ord(match[0])
    name = "a NUL character" if code == 0 else f"a control character (U+{code:04X})"
    return Flaw(match.start(), f"{name} cannot stand in a file", "delete it")


def _reserved(text: str, _at: int, began: int) -> Flaw | None:
    """A value that begins with a character that YAML keeps for itself, or goes on with one."""
    if text[began : began + 1] == "\t":
        return _tab(text, began, began)
    value = value_at(text, began)
    meaning = _RESERVED.get(value.text[:1])
    if meaning is None:
        return _goes_on(text, began, value)
    message = f"unquoted, {value.text[0]} {meaning} in YAML; the text needs quotes"
    return _too_far_left(text, value) or value.flaw(message)


def _too_far_left(text: str, value: Value) -> Flaw | None:
    """A line of shell that was to go on with the text above and stands where a key would."""
    first = text.rfind("\n", 0, value.start) + 1
    _, above = line_above(text, value.start)
    column = column_of(above)
    if value.key or text[first : value.start].strip() or value.start - first > column:
        return None
    if not re.fullmatch(_PLAIN_ENTRY, above[column:].rstrip()):
        return None
    help = f"{MASK} with {column + 2} spaces before it, to go on with the line above"
    message = "indented no further than the key above, so this does not go on with its text"
    return Flaw(value.start, message, help, value.text, value.end - value.start, (value.start, value.end))


def _tab(text: str, at: int, _began: int) -> Flaw | None:
    start = text.rfind("\n", 0, at) + 1
    tab = text.find("\t", start)
    if tab < 0 or text[start:tab].strip():
        return None
    tabs = re.compile(r"\t+").match(text, tab)
    width = tabs.end() - tabs.start() if tabs else 1
    return Flaw(tab, "a tab indents this line; YAML indents with spaces only", "spaces instead of the tab", width=width)


def _colon(text: str, at: int, _began: int) -> Flaw | None:
    """A second colon in a line, or a key where none may begin."""
    value = value_at(text, at)
    if value.start < at and value.key:
        return value.flaw("a colon and a space within the text: unquoted, YAML takes it for another key")
    start, above = line_above(text, at)
    if re.match(r"[\w-]+:\S", above.strip()):
        return _no_colon(text, at, start + len(above) - len(above.lstrip()))
    first = text.rfind("\n", 0, at) + 1 + indent_of(text, at)
    return _tab(text, at, at) or _indented(first, _DEEPER, text[first:at], above)


def _indented(at: int, message: str, key: str, above: str) -> Flaw:
    """The advice to let a line begin where the one above it does."""
    spaces = column_of(above)
    name = key.strip() if re.fullmatch(NAME, key.strip()) else "…"
    return Flaw(at, message, f"{MASK}: … with {spaces} spaces before it, as in the line above", name)


def _dash(text: str, at: int, _began: int) -> Flaw | None:
    value = value_at(text, at)
    if not value.key:
        return None
    items = value.text.removeprefix("-").strip()
    return value.flaw("a list cannot begin in the line of its key", f"[{items}]")


def _unclosed_quote(text: str, _at: int, began: int) -> Flaw:
    mark = text[began]
    # One that ends in its own line is by far the likeliest: the lines below are then read as what they look like.
    value = value_at(text, began)
    return value.flaw(f"this quote is never closed by another {mark}", value.text + mark)


def _escape(text: str, _at: int, began: int) -> Flaw:
    end = re.compile(r'"(?:[^"\\]|\\.)*"').match(text, began)
    value = value_at(text, began)
    message = "within double quotes a backslash begins an escape, and YAML does not know this one"
    if end is None or "\n" in end[0]:
        return Flaw(began, message, "single quotes, within which a backslash is itself")
    inner = end[0][1:-1].replace('\\"', '"')
    help = "'" + inner.replace("'", "''") + "'"
    key = f"{value.key}: " if value.key and value.start == began else ""
    return Flaw(began, message, key + MASK, help, len(end[0]), end.span())


def _after_value(text: str, at: int, _began: int) -> Flaw | None:
    """A mapping that does not go on: text after a closing quote or an alias, or an indentation that fits nothing."""
    start = text.rfind("\n", 0, at) + 1
    if not text[start:at].strip():
        return _misplaced(text, at)
    value = value_at(text, at)
    if value.start == at - 1 and value.text[:1] in {'"', "'"}:
        return _earlier_quote(text, at)
    if value.text[:1] in {"*", "&"}:
        return _reserved(text, at, value.start)
    return _goes_on(text, at, value) or _earlier_quote(text, at)


def _goes_on(text: str, at: int, value: Value) -> Flaw | None:
    """A value that its closing quote or bracket ends, as in many a line of shell, with more text from `at` on."""
    mark = _CLOSING.get(value.text[:1])
    if mark is None or value.start >= at:
        return None
    is_apostrophe = mark == "'" and re.compile(r"'\w").match(text, at - 1) and value.text.endswith(mark)
    meant = quote(value.text[1:-1] if is_apostrophe else value.text)
    return value.flaw(f"the text goes on after its closing {mark}", meant)


def _earlier_quote(text: str, at: int) -> Flaw | None:
    """The quote that closes here was meant to open: an earlier one has not been closed."""
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


def _misplaced(text: str, at: int) -> Flaw:
    if re.compile(r"-(\s|$)").match(text, at):
        return Flaw(at, "a list entry where a key should stand", "the entry below its key, or `key:` instead of `- `")
    _, above = line_above(text, at)
    key = re.compile(r"[\w.-]*").match(text, at)
    message = _DEEPER if indent_of(text, at) > column_of(above) else _NEITHER
    return _indented(at, message, key[0] if key else "", above)


def _no_colon(text: str, _at: int, began: int) -> Flaw:
    end = text.find("\n", began)
    line = text[began : len(text) if end < 0 else end].rstrip()
    key, colon, value = line.partition(":")
    if colon and value and not value[0].isspace():
        return Flaw(began, "a space is missing after the colon", MASK, f"{key}: {value}", len(line))
    word = line if re.fullmatch(r"[\w-]+", line) else "key"
    return Flaw(began, "this line has no colon: every line here is `key: value`", f"{MASK}: …", word, len(line))


def _unclosed_bracket(text: str, at: int, began: int) -> Flaw:
    close = "]" if text[began] == "[" else "}"
    if "\n" not in text[began:at]:
        return Flaw(at, f"a comma or {close} is missing before this", "a comma between the entries, quotes around text")
    return Flaw(began, f"this {text[began]} is never closed by a {close}", f"a {close} after the last entry")


def _block_scalar(text: str, _at: int, began: int) -> Flaw:
    value = value_at(text, began)
    mark = text[began]
    message = f"after {mark} the text begins in the next line; {mark} as part of a text needs quotes"
    return _too_far_left(text, value) or value.flaw(message)


def _no_content(text: str, at: int, _began: int) -> Flaw | None:
    return (
        _reserved(text, at, at)
        or _tab(text, at, at)
        or Flaw(at, "nothing can begin with this", "quotes around the text")
    )


def _document(_text: str, at: int, _began: int) -> Flaw:
    return Flaw(at, "a second document begins here; a schedule file has one", "its jobs under the one `jobs:`")


def _key_after_list(_text: str, at: int, _began: int) -> Flaw:
    return Flaw(at, "a key where a list entry should stand", "`- ` before it, or the list further indented")


def _directive(_text: str, _at: int, began: int) -> Flaw:
    return Flaw(began, "a line that begins with % is a directive of YAML", "quotes around the text")


def _too_deep(_text: str, at: int, _began: int) -> Flaw:
    """libyaml's own limit is a thousand, and it may look so far ahead before it hands out the first of them."""
    return Flaw(at, TOO_DEEP)


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
    "<document start>": _document,
}
"""What the parser's message contains, and who explains it."""
