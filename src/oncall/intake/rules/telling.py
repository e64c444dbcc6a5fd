"""What a monitor says in an alert, as people are told it: without the secrets that it holds. On everybody's way, so it is quick."""

from collections.abc import Mapping

from oncall.intake.rules.hiding import redacted, without_looks
from oncall.intake.rules.secrets import is_secret, without_login

DEEPEST = 64
NAMING = ("pass", "pwd", "secret", "token", "auth", "key", "cookie", "credential", "header", "bearer", "%3a", "%22", "hooks.slack")
"""What stands in a text that names a secret."""

SHORT = 16
"""Up to this nothing looks like a secret by itself."""

LOOKING = ("eyJ", "-----BEGIN", "xox", "glpat-", "hooks.slack", "ewog", "eyAi", "W3s")
"""What begins a secret that needs no name, or JSON in base64."""

LOOKING_WITH_A_LINE = ("ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "sk_live_", "oc_api_")


def without_secrets(members: Mapping[str, object]) -> dict[str, object]:
    """Members without the secret ones at any depth, and texts in them without the secrets they hold."""
    return {name: _without_secrets(said, DEEPEST) for name, said in members.items() if not is_secret(name)}


def _without_secrets(value: object, depth: int) -> object:
    match value:
        case str():
            return told(value)
        case dict() if depth:
            twin = next((name for name in ("name", "key") if isinstance(value.get(name), str)), None)
            hides = "value" in value and twin is not None and is_secret(value[twin])
            return {
                name: _without_secrets(said, depth - 1)
                for name, said in value.items()
                if not is_secret(name) and not (hides and name == "value")
            }
        case list() if depth:
            return [_without_secrets(said, depth - 1) for said in value]
        case dict() | list():
            return None
        case _:
            return value


def told(text: str) -> str:
    """What a monitor says in words. Nearly always it holds no secret, which is found out in a moment."""
    if (len(text) > SHORT and _looks(text)) or (("=" in text or ":" in text or "<" in text) and _names(text)):
        text = redacted(text, is_prose=True)
    return without_login(text)


def told_link(href: str) -> str:
    """An address as people may follow it: what in its query is only called a token stays, since without it many lead nowhere."""
    return without_looks(href) if _looks(href) else href


def _looks(text: str) -> bool:
    """Whether something in it may be a secret by its look. Words are looked for, since a pattern takes ten times as long."""
    for word in LOOKING:  # any() with its generator takes twice as long
        if word in text:
            return True
    if "_" in text:
        for word in LOOKING_WITH_A_LINE:
            if word in text:
                return True
    return False


def _names(text: str) -> bool:
    """Whether something in it may be a secret by its name."""
    said = text.lower()
    for word in NAMING:  # noqa: SIM110 — as above
        if word in said:
            return True
    return False
