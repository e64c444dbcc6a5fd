"""What is meant for Slack's incoming webhooks, https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks."""

import re
from collections.abc import Mapping, Sequence

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters.email_subjects import said_before
from oncall.intake.adapters.netdata import key_in_link
from oncall.intake.rules import ACTIONS, instant_of, labels_of, links_of, objects_of, one_line, read_each, said_at, severity_of, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

OVER = {"good", "#36a64f", "#2eb886", "#2eb67d"}
"""Green, by Slack's word for it and by the numbers of it in Slack's documentation."""

COLORS = {
    **dict.fromkeys(("danger", "#a30200", "#e01e5a", "#d63232"), Severity.ERROR),
    **dict.fromkeys(("warning", "#daa038", "#ecb22e"), Severity.WARNING),
}
ONLY_OF_AN_ATTACHMENT = frozenset({"fallback", "title_link", "pretext", "mrkdwn_in", "author_name", "blocks"})
OF_AN_ATTACHMENT = ONLY_OF_AN_ATTACHMENT | {"title", "text"}
OF_A_MESSAGE = frozenset({"username", "channel", "icon_emoji", "icon_url", "mrkdwn", "unfurl_links", "unfurl_media", "link_names"})
OF_OTHERS = frozenset({
    "dedup_key", "incident_key", "alias", "fingerprint", "status", "state", "action", "event_action", "event_type", "severity", "summary",
})  # fmt: skip
"""Words that a message to people does not have: whoever says them beside attachments or blocks speaks for himself."""
BLOCKS = ("header", "section", "divider", "context", "actions", "image", "rich_text", "markdown", "video", "table")
MAX_DEPTH = 6
MAX_TEXTS = 500
UNTITLED = "message without a text"
LINK = re.compile(r"<((?:https?|mailto):[^|<>\s]+)(?:\|([^<>]*))?>")
MARKS = re.compile(r"[*`~]|(?<!\S):[a-z][a-z0-9_+-]{1,40}:(?!\S)")
"""Bold, code, struck out, and the names of signs."""

Said = Mapping[str, object]


def knows(value: object, _: Received) -> bool:
    """By attachments with what they have, or by blocks of a kind; beside words of others only by a name that is Slack's alone."""
    if not isinstance(value, dict):
        return False
    first, block = _first(value.get("attachments")), _first(value.get("blocks"))
    if not OF_OTHERS.isdisjoint(value.keys()) and ONLY_OF_AN_ATTACHMENT.isdisjoint(first) and OF_A_MESSAGE.isdisjoint(value.keys()):
        return False
    return not OF_AN_ATTACHMENT.isdisjoint(first) or block.get("type") in BLOCKS


def _first(value: object) -> Said:
    return value[0] if isinstance(value, list) and value and isinstance(value[0], dict) else {}


def read(value: object, received: Received) -> list[Reading]:
    """One event for each attachment that has a title of its own, else one for the message."""
    if not isinstance(value, dict):
        raise Unreadable("it has no fields")
    attachments = objects_of(value.get("attachments"))
    titled = [attachment for attachment in attachments if said_at(attachment, ("title",))]
    if len(titled) > 1:
        return read_each(titled, lambda attachment: _read_one({"username": value.get("username")}, attachment))
    reading = _read_one(value, next(iter(titled or attachments), {}))
    if reading.summary == UNTITLED and not knows(value, received):
        raise Unreadable("it says nothing")
    return [reading]


def _read_one(message: Said, attachment: Said) -> Reading:
    word, title = said_before(_plain(_title(message, attachment)))
    color = text_of(attachment.get("color")).strip().lower()
    text = "\n".join(filter(None, (text_of(part) for part in _texts(message, attachment))))
    fields = {text_of(field.get("title")): field.get("value") for field in objects_of(attachment.get("fields")) if field.get("value")}
    return Reading(
        ACTIONS.get(word) or (Action.RESOLVE if color in OVER else Action.TRIGGER),
        one_line(title) or UNTITLED,
        dedup_key=key_in_link(attachment.get("title_link")),
        severity=COLORS.get(color) or severity_of(*(said for name, said in fields.items() if name.lower() == "severity"), word),
        source=one_line(message.get("username") or attachment.get("author_name")),
        labels=labels_of(fields),
        links=links_of(
            [
                (attachment.get("title_link"), title),
                (attachment.get("author_link"), attachment.get("author_name")),
                *((found[1].replace("&amp;", "&"), found[2]) for found in LINK.finditer(text)),
            ]
        ),
        occurred_at=instant_of(attachment.get("ts")),
        details={name: said for name, said in {"text": text, "fields": fields}.items() if said},
    )


def _title(message: Said, attachment: Said) -> object:
    """An attachment's title or a header, which are meant as such; else the text, of which the first line must do."""
    blocks = [*objects_of(message.get("blocks")), *objects_of(attachment.get("blocks"))]
    headers = [said_at(block, ("text.text",)) for block in blocks if block.get("type") == "header"]
    title = said_at(attachment, ("title",)) or next(filter(None, headers), None)
    if title:
        return title
    said = said_at(message, ("text",)) or said_at(attachment, ("pretext", "fallback", "text")) or next(iter(_texts_of(blocks)), "")
    return text_of(said).strip().partition("\n")[0]


def _texts(message: Said, attachment: Said) -> list[object]:
    blocks = [*objects_of(message.get("blocks")), *objects_of(attachment.get("blocks"))]
    return [message.get("text"), attachment.get("pretext"), attachment.get("text"), *_texts_of(blocks)]


def _texts_of(blocks: Sequence[Said]) -> list[str]:
    """What blocks say, a line for each: in their text, in their fields, in their elements and in those of a rich text."""
    return [text for block in blocks[:MAX_TEXTS] if (text := _text_of(block, MAX_DEPTH).strip())]


def _text_of(part: object, depth: int) -> str:
    if not isinstance(part, dict) or not depth:
        return ""
    text = part.get("text")
    said = text if isinstance(text, str) else _text_of(text, depth - 1)
    fields = (_text_of(field, depth - 1) for field in objects_of(part.get("fields"))[:MAX_TEXTS])
    elements = (_text_of(element, depth - 1) for element in objects_of(part.get("elements"))[:MAX_TEXTS])
    # The elements of a rich text's section are words of one sentence, those of anything else stand below each other.
    rest = ("" if part.get("type") == "rich_text_section" else "\n").join(filter(None, elements))
    return "\n".join(filter(None, (said, *fields, rest)))


def _plain(said: object) -> str:
    """Without Slack's marks: links by their text, and `&`, `<` and `>` as themselves."""
    text = MARKS.sub("", LINK.sub(lambda found: found[2] or found[1], text_of(said)))
    return one_line(text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


GUIDE = """
Wherever a monitor asks for the URL of a Slack (Mattermost, Rocket.Chat) incoming webhook, give

```
{url}
```

This is the way for what speaks nothing better: such a message names no problem, so each is an alert of its own (Netdata's excepted, whose
links say which alarm it is). The colour is the severity: `danger` an error, `warning` a warning. `[RESOLVED]`, `[OK]` before the title and
the colour `good` say that it is over, but not of what: resolve by hand. If your monitor has a webhook of its own kind,
use that instead.
"""

EXAMPLE = """{
  "username": "monitor", "text": "", "attachments": [{
    "fallback": "Disk of db-1", "title": "Disk of db-1", "title_link": "https://monitor.example.com/d/1", "color": "danger",
    "text": "/var is 97 % full", "fields": [{"title": "team", "value": "storage", "short": true}], "ts": 1772334720
  }]
}"""

DIALECT = Dialect(
    type=IntegrationType.SLACK,
    name="Slack-compatible webhooks",
    group="Your own",
    read=read,
    knows=knows,
    resolves="Says that something is over, but not what: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)
