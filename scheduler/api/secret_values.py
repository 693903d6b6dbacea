"""Which variables of an environment are secret: by their name, by their source, and by how their value looks."""

from __future__ import annotations

import re

from scheduler.model.target import EnvLayer, FromEnv, FromFile

_NAMES = (
    r"(?i)secret|passw|passphrase|_pwd$|(?:^|_)pass$|token|credential|api_?key|private|cookie|"
    r"(?:^|_)(?:key|auth|dsn|salt|pin|otp|jwt|pat)(?:_|$)|smtp_url|webhook"
)
"""Parts of names of variables that hold secrets: SECRET_KEY_BASE, PGPASSWORD, GITHUB_TOKEN, STRIPE_KEY."""

_LOOKS = (
    r"://[^/\s@]*:[^/\s@]+@",  # a password within an address
    r"-----BEGIN [A-Z ]*PRIVATE KEY",
    r"\b(?:sk|pk|rk|whsec)_(?:live|test)_|\bgh[pousr]_|\bglpat-|\bxox[abprs]-|\bAKIA[0-9A-Z]{12}|\bAIza|\bsk-",
    r"\beyJ[\w-]+\.[\w-]+\.[\w-]+",  # a JSON Web Token
    r"^[A-Za-z0-9+/]{30,}={1,2}$",  # base64
)

_MIXED = r"(?<![\w-])[\w-]{24,}(?![\w-])"
"""A long word. Letters and digits through each other make it a token, and not a name."""

_HOW_MIXED = 4
"""Changes between letters and digits from which on a long word is a token."""


def is_secret(name: str, value: str) -> bool:
    """Whether a variable is secret by its name or by the look of its value."""
    return bool(re.search(_NAMES, name)) or any(re.search(look, value) for look in _LOOKS) or _has_token(value)


def _has_token(value: str) -> bool:
    return any(len(re.findall(r"[A-Za-z]\d|\d[A-Za-z]", word)) >= _HOW_MIXED for word in re.findall(_MIXED, value))


def referenced(layers: tuple[EnvLayer, ...]) -> frozenset[str]:
    """The variables whose value is kept outside of the schedule file, in a file or in another variable."""
    names: set[str] = set()
    for layer in layers:
        for name, value in layer.values.items():
            (names.add if isinstance(value, FromEnv | FromFile) else names.discard)(name)
    return frozenset(names)
