"""Variables, recipients and jobs as other programs write them, in our shape."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scheduler.config.field_types import VARIABLE
from scheduler.document.flow import in_flow
from scheduler.document.line_context import quote
from scheduler.document.nodes import Mapping, Node, Scalar, Sequence
from scheduler.suggestion import Replacement

_NAMING = {"name", "key", "variable"}
_VALUES = {"value", "val"}
_RECIPIENTS = {
    "mail": "email e_mail mailto to address",
    "webhook": "url http https hook endpoint webhookurl post",
    "command": "cmd script exec run shell program",
    "apprise": "appriseurl",
}
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
                found[name] = in_flow(Scalar(value, 0, False)) or ""
        elif isinstance(item, Mapping):
            keys = {key.value.lower(): value for key, value in item.entries}
            name_node = next((value for key, value in keys.items() if key in _NAMING), None)
            value_node = next((value for key, value in keys.items() if key in _VALUES), None)
            if len(keys) == 2 and isinstance(name_node, Scalar) and value_node is not None:
                found[name_node.value] = in_flow(value_node) or ""
                converted += keys
            elif len(keys) == 1:
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
    elif re.fullmatch(r"(?:mailto:)?[^\s@/]+@[^\s@/]+\.[^\s@/]+", text):
        yield Replacement(f"{{mail: {text.removeprefix('mailto:')}}}", converted=("mailto",))
    elif re.match(r"[a-z][a-z0-9+.-]*://", text):
        yield Replacement(f"{{apprise: {flow}}}")
    elif "/" in text or " " in text:
        yield Replacement(f"{{command: {flow}}}")


def _is_user(word: str) -> bool:
    import pwd  # noqa: PLC0415 - only for a line of a crontab

    return word == "root" or any(word == user.pw_name for user in pwd.getpwall())


def job_of(node: Node) -> Iterator[Replacement]:
    """A job that is given as text or a list: a line of a crontab, or a command."""
    if isinstance(node, Sequence) and (words := in_flow(node)):
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
        if command and not _is_user(words[count]):
            yield Replacement(f"{{schedule: {quote(schedule)}, command: {in_flow(Scalar(command, 0, True))}}}")
        return
    yield Replacement(f"{{command: {quote(text)}}}")
