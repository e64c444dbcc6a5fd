"""Pages and notices as messages of a Slack app (https://docs.slack.dev/reference/methods/chat.postMessage)."""

import re
from typing import Any

from oncall.channels.brief import Brief, brief, fitted, standing_brief
from oncall.channels.calling import Calls, bad_address, lack, not_configured, said_in, words_in
from oncall.channels.values import (
    BadAddress,
    BundleMessage,
    FailedPermanently,
    FailedTemporarily,
    Message,
    NoticeMessage,
    Outcome,
    PageMessage,
    Sent,
    Standing,
    Unknown,
)
from oncall.kit.http_client import HttpReply

SETTING = "ONCALL_SLACK_BOT_TOKEN"
CONVERSATION = re.compile(r"[CDGUW][A-Z0-9]{6,20}")
SECTION_LIMIT = 2_900
"""A section of Block Kit holds 3,000 characters."""

# What `error` says when `ok` is false (https://docs.slack.dev/reference/methods/chat.postMessage#errors). What is in none of these
# sets is about this one message or conversation, and stays so.
ABOUT_US = frozenset(
    {
        "access_denied",
        "account_inactive",
        "ekm_access_denied",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "team_access_not_granted",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)
FOR_NOW = frozenset(
    {"message_limit_exceeded", "rate_limited", "ratelimited", "request_timeout", "service_unavailable", "team_added_to_org"}
)
PERHAPS = frozenset({"duplicate_message_not_found", "fatal_error", "internal_error"})
"""Some of it may have happened before the error was raised, the documentation says."""
ABOUT_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format"})
ADVICE = {
    "channel_not_found": "invite the app to this channel",
    "not_in_channel": "invite the app to this channel",
    "is_archived": "the channel is archived",
    "messages_tab_disabled": "allow messages in the app's settings (App Home)",
    "missing_scope": "the app needs chat:write",
}


class SlackChannel:
    """The address is the id of a member or a channel. `client_msg_id` is the same on every attempt; Slack promises nothing about it."""

    name = "slack"
    takes_updates = True
    rings = False

    def __init__(self, token: str | None, url: str, calls: Calls, *, presses: bool = False) -> None:
        """Without a `token` everything but sending works. With `presses` Slack tells us which button was pressed, else they are links."""
        self._calls, self._presses = calls, presses
        self._method = f"{url.rstrip('/')}/chat.postMessage"
        self._edit_method = f"{url.rstrip('/')}/chat.update"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"} if token else None

    @property
    def lacks(self) -> str | None:
        return None if self._headers is not None else lack("Slack", SETTING)

    def check_address(self, address: str) -> str:
        id = address.strip()
        if not CONVERSATION.fullmatch(id):
            raise BadAddress(
                "This is not the id of a Slack member or channel: it is like U012AB3CDE or C012AB3CDE; Slack shows it in the "
                "profile (Copy member ID), or at the end of the channel's details."
            )
        return id

    def signing_secret(self, address: str) -> None:
        """Slack vouches for the app."""

    async def send(self, message: Message) -> Outcome:
        if self._headers is None:
            return not_configured("Slack", SETTING)
        try:
            to = self.check_address(message.address)
        except BadAddress as error:
            return bad_address(str(error))
        reply = await self._calls.post_json(self._method, message, content(message, to, presses=self._presses), self._headers)
        if isinstance(reply, HttpReply) and said_in(reply).get("error") in ABOUT_BLOCKS:
            # Such as buttons to addresses that Slack finds odd; a page with links to copy is better than none.
            reply = await self._calls.post_json(self._method, message, content(message, to, blocks=False), self._headers)
        return meaning_of(reply, self._calls) if isinstance(reply, HttpReply) else reply

    async def edit(self, provider_id: str, message: PageMessage | BundleMessage, standing: Standing) -> Outcome:
        """https://docs.slack.dev/reference/methods/chat.update"""
        if self._headers is None:
            return not_configured("Slack", SETTING)
        to, _, stamp = provider_id.partition("/")
        changed = content(message, to, presses=self._presses, standing=standing)
        kept = {name: changed[name] for name in ("channel", "text", "blocks", "parse", "link_names")}
        reply = await self._calls.post_json(self._edit_method, message, kept | {"ts": stamp}, self._headers)
        return meaning_of(reply, self._calls) if isinstance(reply, HttpReply) else reply

    async def close(self) -> None:
        """Nothing of its own: the HTTP client belongs to whoever made it."""


def meaning_of(reply: HttpReply, calls: Calls) -> Outcome:
    """What an answer of a method that posts means."""
    said = said_in(reply)
    if reply.status != 200 or not isinstance(said.get("ok"), bool):
        return calls.otherwise(reply)
    stamp = words_in(said, "ts")
    if said["ok"]:
        return Sent(f"{words_in(said, 'channel')}/{stamp}", f"answered 200, message {stamp}") if stamp else calls.otherwise(reply)
    error = words_in(said, "error") or "an error without a name"
    detail = f"Slack says {error}" + (f": {ADVICE[error]}" if error in ADVICE else "")
    if error in ABOUT_US:
        return FailedPermanently(f"{detail}; look at {SETTING}", code="not_authenticated", credential=True)
    if error in FOR_NOW:
        return FailedTemporarily(detail)
    if error in PERHAPS:
        return Unknown(f"sent, but {detail}")
    return FailedPermanently(detail, code="refused")


def content(message: Message, to: str, *, blocks: bool = True, presses: bool = False, standing: Standing | None = None) -> dict[str, Any]:
    """The arguments of chat.postMessage. `text` is what notifications show, and all there is without blocks. With a `standing` a page
    or a list says how it stands now.
    """
    said = standing_brief(message, standing) if standing and not isinstance(message, NoticeMessage) else brief(message)
    sent: dict[str, Any] = {
        "channel": to,
        "text": escaped(said.line) if blocks else fitted(_lines(said, links=True), SECTION_LIMIT),
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": False,
        "parse": "none",
        "client_msg_id": str(message.notification_id),
    }
    if blocks:
        sent["blocks"] = _blocks(said, presses=presses)
    return sent


def _blocks(said: Brief, *, presses: bool) -> list[dict[str, Any]]:
    lines = _lines(said)
    if presses and said.acknowledge_url:
        lines.insert(1 + len(said.marks), _link(said.acknowledge_url, "open in the browser"))  # for whoever cannot press; it must fit
    made: list[dict[str, Any]] = [section(fitted(lines, SECTION_LIMIT))]
    if said.buttons:
        made.append({"type": "actions", "block_id": "verbs", "elements": [_button(*button, presses=presses) for button in said.buttons]})
    return made


def section(text: str) -> dict[str, Any]:
    """`verbatim`: Slack looks for no names, channels or links of its own in it."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _button(verb: str, label: str, url: str, *, presses: bool) -> dict[str, Any]:
    """What acts carries its signed token, which says for whom it acts; what only shows something is a link."""
    made: dict[str, Any] = {"type": "button", "action_id": verb, "text": {"type": "plain_text", "text": label}}
    made |= {"value": url.rpartition("/")[2]} if presses and verb != "incident" else {"url": url}
    return made | ({"style": "primary"} if verb == "acknowledge" else {})


def _lines(said: Brief, *, links: bool = False) -> list[str]:
    """In mrkdwn, our own links first where there are no buttons: they must fit."""
    line = escaped(said.line)
    return [
        line if "*" in line else f"*{line}*",
        *map(escaped, said.marks),
        *(_link(url, label) for _, label, url in said.buttons if links),
        *map(escaped, said.paragraphs),
        *(escaped(f"{name}: {value}") for name, value in said.facts),
        *(_link(href, words) for href, words in said.links),
    ]


def _link(url: str, words: str) -> str:
    return f"<{escaped(url).replace('|', '%7C')}|{escaped(words)}>"


def escaped(text: str) -> str:
    """The three characters of mrkdwn (https://docs.slack.dev/messaging/formatting-message-text#escaping): what begins with < is a
    link or a mention, and nothing that others said can begin so."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
