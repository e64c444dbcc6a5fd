"""Buttons of ours that somebody presses in Slack, and what is shown for it there. Pure.

https://docs.slack.dev/reference/interaction-payloads/block_actions-payload
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from oncall.channels.slack import SECTION_LIMIT, escaped, section
from oncall.kit.settings import Settings, SettingsError

SETTING = "ONCALL_SLACK_SIGNING_SECRET"
MOST_SECRETS = 2
MEMBER = re.compile(r"[UW][A-Z0-9]{6,20}")
HOOKS = ("https", "hooks.slack.com")
MOST_BLOCKS = 50
VERBS = frozenset({"acknowledge", "resolve", "escalate"})


@dataclass(frozen=True, slots=True)
class SlackApp:
    """`secrets`: one of them signs what Slack posts. `api_url` is where answers may go beside Slack's own host for them."""

    secrets: tuple[str, ...]
    api_url: str


@dataclass(frozen=True, slots=True)
class Press:
    """A button that a member pressed: what it carries, the blocks of its message, and where Slack waits for what came of it."""

    member: str
    value: str
    blocks: tuple[Mapping[str, Any], ...]
    response_url: str | None


def read_slack_app(settings: Settings) -> SlackApp | None:
    """Our app, if what it posts can be believed."""
    secrets = tuple(secret.get_secret_value() for secret in settings.slack_signing_secret)
    if not secrets:
        return None
    if len(secrets) > MOST_SECRETS or any(not re.fullmatch(r"[\x21-\x7e]{16,128}", secret) for secret in secrets):
        raise SettingsError(f"{SETTING} cannot be used: it must be one signing secret, or two and a comma between them.")
    return SlackApp(secrets, settings.slack_api_url)


def read_press(payload: str, app: SlackApp) -> Press | None:
    """The button that a payload tells of; None of everything else that happens in Slack, such as a link that was opened."""
    try:
        said = json.loads(payload)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("type") != "block_actions":
        return None
    first = next(iter(_dicts(said.get("actions"))), {})
    member, value = _within(said, "user").get("id"), first.get("value")
    if first.get("action_id") not in VERBS or not isinstance(value, str) or not isinstance(member, str) or not MEMBER.fullmatch(member):
        return None
    return Press(member, value, tuple(_dicts(_within(said, "message").get("blocks"))[:MOST_BLOCKS]), _answer_to(said, app))


def replaced(press: Press, said: str, *, left: Collection[str] | None) -> dict[str, Any]:
    """The message anew, with what came of it, and with those buttons that may still be pressed; None: with all of them."""
    shown = [block for block in press.blocks if block.get("type") == "section"]
    buttons = [
        button
        for block in press.blocks
        if block.get("type") == "actions"
        for button in _dicts(block.get("elements"))
        if left is None or button.get("action_id") not in VERBS - frozenset(left)
    ]
    row = [{"type": "actions", "block_id": "verbs", "elements": buttons}] if buttons else []
    return {"replace_original": True, "text": said, "blocks": [*shown, section(said), *row]}


def whispered(said: str) -> dict[str, Any]:
    """For whoever pressed, and nobody else."""
    return {"response_type": "ephemeral", "replace_original": False, "text": escaped(said)}


def for_all(said: str, *, who: str, press: Press, did: bool, known: bool) -> str:
    """What everybody reads, in mrkdwn: it says who did it, by their name here where we know it, else by Slack's own."""
    if not did:
        return escaped(said)[:SECTION_LIMIT]
    name = escaped(who) if known else f"<@{press.member}> as {escaped(who)}"
    return f"{name}: {escaped(said)}"[:SECTION_LIMIT]


def _answer_to(said: Mapping[str, Any], app: SlackApp) -> str | None:
    """Only Slack is told what came of it: its own host for that, or that of the API we were told to call."""
    url = said.get("response_url")
    if not isinstance(url, str) or not url.isprintable():
        return None
    ours = urlsplit(app.api_url)
    try:
        asked = urlsplit(url)
    except ValueError:
        return None
    return url if (asked.scheme, asked.netloc) in {HOOKS, (ours.scheme, ours.netloc)} else None


def _within(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _dicts(found: object) -> Sequence[dict[str, Any]]:
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
