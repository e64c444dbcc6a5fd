"""What a monitor says in an alert, as people are told it: without the secrets that it holds. On everybody's way, so it is quick."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from oncall.intake.rules.hiding import SK, is_secret_name, redacted, without_looks
from oncall.intake.rules.secrets import hides, is_opaque, is_secret, without_login

DEEPEST = 64
NAMING = (
    "pass", "pwd", "secret", "token", "auth", "key", "cookie", "credential", "header", "bearer", "sig", "session", "jwt", "otp", "hmac",
    "%3a", "%22",
)  # fmt: skip
"""What stands in a text that names a secret."""

PARAMETER = re.compile(r"(?<=[?&#;])([^?&#;=\s]{1,100})=([^&#;\s]*)[&;]?")
SHORT = 16
"""Up to this nothing looks like a secret by itself."""

LOOKING = ("eyJ", "-----BEGIN", "xox", "glpat-", "AIza", "SG.", "ewog", "eyAi", "W3s")
"""What begins a secret that needs no name, or JSON in base64."""

LOOKING_IN_AN_ADDRESS = ("hooks.slack", "/intake/", "/integrations/generic/", "webhook", "api.telegram.org")
LOOKING_WITH_A_LINE = ("ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "sk_live_", "oc_api_")


def without_secrets(members: Mapping[str, object]) -> dict[str, object]:
    """Members without the secret ones at any depth, and texts in them without the secrets they hold."""
    return {name: _without_secrets(said, DEEPEST) for name, said in members.items() if not hides(name, said)}


def _without_secrets(value: object, depth: int) -> object:
    match value:
        case str():
            return told(value)
        case dict() if depth:
            twin = next((name for name in ("name", "key") if isinstance(value.get(name), str)), None)
            is_twin = "value" in value and twin is not None and is_secret(value[twin])
            return {
                name: _without_secrets(said, depth - 1)
                for name, said in value.items()
                if not hides(name, said) and not (is_twin and name == "value")
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
    """An address as people may follow it: what is secret in its query is left out, even if it leads nowhere then."""
    if ("?" in href or "#" in href) and _names(href):
        kept = PARAMETER.sub(lambda found: "" if _is_secret_parameter(unquote(found[1]), unquote(found[2])) else found[0], href)
        href = href if kept == href else kept.rstrip("?&;#")
    return without_looks(href) if _looks(href) else href


def _is_secret_parameter(name: str, said: str) -> bool:
    return is_secret_name(name) or hides(name, said) or (name.lower() == "key" and is_opaque(said))


def _looks(text: str) -> bool:
    """Whether something in it may be a secret by its look. Words are looked for, since a pattern takes ten times as long."""
    for word in LOOKING:  # any() with its generator takes twice as long
        if word in text:
            return True
    if "/" in text:
        for word in LOOKING_IN_AN_ADDRESS:
            if word in text:
                return True
    if "sk-" in text and SK.search(text):
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
