"""Variables, recipients, functions and jobs as other programs write them, in our shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scheduler.config.field_types import VARIABLE
from scheduler.document.flow import in_flow
from scheduler.document.line_context import quote
from scheduler.document.nodes import Mapping, Node, Scalar, Sequence
from scheduler.schedule import find_zone
from scheduler.suggestion import Replacement
from scheduler.text import is_typo

_NAMING = {"name", "key", "variable"}
_VALUES = {"value", "val"}
_RECIPIENTS = {
    "mail": "email e_mail mailto to address",
    "webhook": "url http https hook endpoint webhookurl post",
    "command": "cmd script exec run shell program",
    "apprise": "appriseurl",
}
_ARGUMENT_LISTS = {"cmd", "exec", "entrypoint", "program", "command"}
"""Keys under which a list is one command with its arguments; under others, such as `script`, it has several steps."""

_ADDRESS = r"[^\s@/,;<>]+@[^\s@/,;<>]+\.[^\s@/,;<>]+"
_NO_COMMAND = (
    r"(?i)[\d*?,/#-]+|(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?)(?:days?)?(?:[-,#].*)?|to|thru|through|"
    r"until|till|from|since|starting|and|or|except|excluding|not|only|every|each|on|weekdays?|weekends?|utc|gmt|local|z|"
    r"hourly|daily|weekly|monthly|yearly|annually|true|false|yes|no|off|null"
)
"""A word that is a part of a schedule, or a value of YAML."""

_FORMATS = {"slack": "slack.com", "discord": "discord.com", "teams": "webhook.office.com", "mattermost": "mattermost"}


def as_variables(node: Node) -> Iterator[Replacement]:
    """`[A=b]`, `[{name: A, value: b}]` and `[{A: b}]` as `{A: b}`."""
    found: dict[str, str] = {}
    converted: list[str] = []
    for item in node.items if isinstance(node, Sequence) else [node]:
        if isinstance(item, Scalar):
            pairs = [item.value] if isinstance(node, Sequence) else item.value.split()
            if not all("=" in pair for pair in pairs):
                return
            for pair in pairs:
                name, _, value = pair.partition("=")
                if re.search(r"^[\"']|[\s,;]\w+=|[,;]$", value):
                    return  # quotes of a shell, or several variables
                found[name] = in_flow(Scalar(value, 0, False)) or ""
        elif isinstance(item, Mapping):
            keys = {key.value.lower(): value for key, value in item.entries}
            name_node = next((value for key, value in keys.items() if key in _NAMING), None)
            value_node = next((value for key, value in keys.items() if key in _VALUES), None)
            if len(keys) == 2 and isinstance(name_node, Scalar) and value_node is not None:
                found[name_node.value] = in_flow(value_node) or ""
                converted += keys
            elif len(keys) == 1 and not keys.keys() & _NAMING:
                found |= {key.value: in_flow(value) or "" for key, value in item.entries}
            else:
                return
        else:
            return
    if found and all(re.fullmatch(VARIABLE, name) for name in found) and all(found.values()):
        entries = ", ".join(f"{name}: {value}" for name, value in found.items())
        yield Replacement(f"{{{entries}}}", converted=tuple(converted))


def recipients(node: Node) -> Iterator[Replacement]:
    """One or more recipients as the list of them."""
    items = node.items if isinstance(node, Sequence) else [node]
    found = [next(recipient(item), None) or Replacement(in_flow(item) or "") for item in items]
    if found and all(one.text for one in found):
        converted = tuple(word for one in found for word in one.converted)
        yield Replacement(f"[{', '.join(one.text for one in found)}]", converted=converted)


def recipient(node: Node) -> Iterator[Replacement]:
    """An address, a command, or a mapping with another key, as a recipient."""
    if isinstance(node, Scalar):
        yield from _of_text(node)
    elif isinstance(node, Mapping) and node.entries:
        (key, value), *others = node.entries
        text, word = in_flow(value), re.sub(r"[-_ ]", "", key.value.lower())
        rest = "".join(f", {name.value}: {in_flow(other)}" for name, other in others)
        if text is None:
            return
        ours = next((ours for ours, theirs in _RECIPIENTS.items() if word in {ours, *theirs.split()}), None)
        if ours == "command" and not is_one_command(word, value):
            return
        if ours:
            yield Replacement(f"{{{ours}: {text}{rest}}}", converted=(key.value,))
        elif word in _FORMATS:
            yield Replacement(f"{{webhook: {text}, format: {word}{rest}}}")


def _of_text(node: Scalar) -> Iterator[Replacement]:
    text, flow = node.value.strip(), in_flow(node)
    if flow is None:
        return
    if re.match(r"https?://", text):
        known = next((name for name, host in _FORMATS.items() if host in text), None)
        yield Replacement(f"{{webhook: {flow}, format: {known}}}" if known else f"{{webhook: {flow}}}")
    elif re.fullmatch(rf"(?:mailto:)?{_ADDRESS}(?:[\s,;]+{_ADDRESS})*[,;]?", text):
        found = [in_flow(Scalar(one, 0, True)) for one in re.split(r"[\s,;]+", text.removeprefix("mailto:")) if one]
        addresses = str(found[0]) if len(found) == 1 else f"[{', '.join(map(str, found))}]"
        yield Replacement(f"{{mail: {addresses}}}", converted=("mailto",))
    elif re.fullmatch(r"[a-z][a-z0-9+.-]*://\S*", text):
        yield Replacement(f"{{apprise: {flow}}}")
    elif re.match(r"(?:\.{0,2}|~)/\S", text):
        yield Replacement(f"{{command: {flow}}}")


def is_one_command(key: str, value: Node) -> bool:
    """Whether a value under a key of another program is one command: a list may have several, as under `script`."""
    if not isinstance(value, Sequence):
        return True
    is_known = key in _ARGUMENT_LISTS or (is_typo(key, "command") and key != "commands")
    return is_known and _is_program(value.items[:1])


def _is_program(words: list[Node]) -> bool:
    return all(isinstance(word, Scalar) and not re.search(r"\s", word.value) for word in words)


def is_dotted(value: Node) -> bool:
    """Whether it is a name such as `app.tasks.etl`."""
    return isinstance(value, Scalar) and re.fullmatch(r"(?a)[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+", value.value) is not None


def function_in(value: Node) -> re.Match[str] | None:
    """Matches `app.tasks:etl`, with `module` in it, and `db:migrate`, which may also be a task of another program."""
    pattern = r"(?a)[A-Za-z_]\w*(?P<module>(?:\.\w+)+)?:[A-Za-z_][\w.]*"
    return re.fullmatch(pattern, value.value) if isinstance(value, Scalar) else None


def _is_user(word: str) -> bool:
    import pwd  # noqa: PLC0415 - only for a line of a crontab

    return word == "root" or any(word == user.pw_name for user in pwd.getpwall())


def _is_command(word: str) -> bool:
    """Whether the word after a schedule starts a command, and is not a user, a time zone or more of the schedule."""
    if re.match(r"[\w./~$'\"(\[{:!@]", word) is None or re.fullmatch(_NO_COMMAND, word):
        return False
    return find_zone(word) is None and not _is_user(word)


def job_of(node: Node) -> Iterator[Replacement]:
    """A job that is given as text or a list: a line of a crontab, or a command."""
    if isinstance(node, Sequence) and _is_program(node.items[:1]) and (words := in_flow(node)):
        are_programs = len(node.items) > 1 and all(isinstance(one, Scalar) and "/" in one.value for one in node.items)
        if not are_programs:
            yield Replacement(f"{{command: {words}}}")
    if isinstance(node, Scalar) and node.value.strip():
        yield from _job_of_text(node.value)


def _job_of_text(text: str) -> Iterator[Replacement]:
    if glued := re.fullmatch(r"([\w-]+):(\S.*)", text):
        yield Replacement(f"{{{glued[1]}: {in_flow(Scalar(glued[2], 0, True))}}}")
        return
    words = text.split()
    count = 1 if words and words[0].startswith("@") else 5
    if words and words[0].startswith("@every"):
        count = 2
    schedule, command = " ".join(words[:count]), " ".join(words[count:])
    looks_like_cron = re.fullmatch(r"(?i)[\d*?,/#LWH~-]+|@\w+", words[0]) if words else None
    if looks_like_cron:
        if command and _is_command(words[count]):
            yield Replacement(f"{{schedule: {quote(schedule)}, command: {in_flow(Scalar(command, 0, True))}}}")
        return
    if words and not re.fullmatch(_NO_COMMAND, words[0]):
        yield Replacement(f"{{command: {quote(text)}}}")
