"""Whether a user column follows the times of a crontab, as in /etc/crontab."""

from __future__ import annotations

import re

from scheduler.translate.importers.source_file import Machine

SYSTEM_PATH = re.compile(r"(?:.*/)?etc/crontab|(?:.*/)?cron\.d/[^/]+")
"""Files that have the column, also below the root of an image."""

_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}", re.ASCII)
_WITH_GROUP = re.compile(r"([a-z_][a-z0-9_-]*):([a-z_][a-z0-9_-]*)(?:/[\w-]+)?", re.ASCII)
_FLAGS = re.compile(r"(\S+)\s+-[nqs]+(?=\s)", re.ASCII)
_PROGRAM_PATH = re.compile(r"(?:\.{1,2}|~)/\S|/\S*(?:bin/|/[^/]*\.(?:sh|py|pl|rb|php|js)$)")
_SHELL_WORDS = r"[!(:.{]|\[\[?|cd|command|eval|exec|export|if|set|source|test|ulimit|umask"
_PROGRAMS = (
    r"artisan|aws|awk|bash|borg|bundle|cat|certbot|chmod|chown|chronic|composer|cp|curl|dash|date|df|docker|drush|du"
    r"|echo|env|find|flock|fstrim|gcloud|git|grep|gunzip|gzip|ionice|java|kill|killall|kubectl|ln|logger|logrotate|ls"
    r"|mail|mailx|make|mkdir|mv|mysql|mysqldump|nice|node|nodejs|nohup|npm|npx|ntpdate|perl|pg_dump|php[\d.]*|pkill"
    r"|podman|poetry|printf|psql|python[\d.]*|rails|rake|rclone|redis-cli|restic|rm|rsync|ruby|run-parts|sed|service"
    r"|setsid|sh|shutdown|sleep|sort|ssh|su|sudo|sync|systemctl|tail|tar|tee|time|timeout|touch|true|uptime|uv|wget|wp"
    r"|xargs|yarn|yes|zsh"
)
_USERS = {"git", "mysql"}
"""Programs that are users as well, and that take no path as their first argument."""

_KNOWN = re.compile(rf"{_SHELL_WORDS}|{_PROGRAMS}", re.ASCII)
"""What commands of a crontab often begin with, whether or not this machine has it."""


def split_group(word: str) -> tuple[str, str | None]:
    """The user and the group of `user:group`, FreeBSD's form of the column; the login class is left out."""
    match = _WITH_GROUP.fullmatch(word)
    return (match[1], match[2]) if match else (word, None)


def not_a_user(word: str) -> bool:
    """Whether a word in the place of the user is the beginning of a command: a path, an option, or an assignment."""
    return word.startswith(("/", "./", "~", "$", "-")) or "=" in word


def has_user_column(commands: list[str], machine: Machine) -> bool:
    """Whether the first words of these commands, which follow the times, name users.

    `root` is not a program. Otherwise all of them must be names, of users or unknown ones in front of what is
    clearly a command.
    """
    words = [_FLAGS.sub(r"\1", command, count=1).split(None, 2)[:2] for command in commands]
    if not words or any(len(pair) < 2 for pair in words):
        return False
    first = {user for user, _ in words}
    if "root" in first or any(_WITH_GROUP.fullmatch(user) for user in first):
        return True
    if any(following.startswith("-") for _, following in words):
        return False
    if not all(_is_name(user, following, machine) for user, following in words):
        return False
    if all(map(machine.is_user, first)):
        return True
    followed = [following for user, following in words if not machine.is_user(user)]
    return all(map(_looks_like_command, followed)) and any(
        _is_program(following, machine) or _PROGRAM_PATH.match(following) for following in followed
    )


def may_be_user(command: str, machine: Machine) -> bool:
    """Whether the first word of a command could as well be a user: it is a name, and not a program known here."""
    words = command.split(None, 2)[:2]
    return len(words) > 1 and _is_name(words[0], words[1], machine) and _looks_like_command(words[1])


def _is_name(word: str, following: str, machine: Machine) -> bool:
    """Whether a word can be a user and is no program, or none that could be followed by this word."""
    is_program = _is_program(word, machine) and not (word in _USERS and following.startswith("/"))
    return not is_program and _NAME.fullmatch(word) is not None


def _looks_like_command(word: str) -> bool:
    return word.startswith(("/", "./", "../", "~/", "$", "(")) or _KNOWN.fullmatch(word) is not None


def _is_program(word: str, machine: Machine) -> bool:
    return _KNOWN.fullmatch(word) is not None or machine.is_program(word)
