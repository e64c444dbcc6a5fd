"""What a monitor's words mean to us: text, titles, labels, links, severity, action, instants."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice

import msgspec

from oncall.incidents.values import Action, Severity
from oncall.intake.rules.decoding import MAX_NAME, MAX_TEXT, cut
from oncall.intake.rules.secrets import without_login

MAX_SUMMARY = 1024
MAX_LABELS = 200
MAX_LABEL = 4_096
ALL_LABELS = 16 * 1024
MAX_LINKS = 20
MAX_LINK = 2_048

CONTROL = re.compile("[\x01-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]+")  # and what reverses the direction of text
STATE_IN_TITLE = re.compile(r"(?i)\s*\[(alerting|ok|no data|firing(:\d+)?|resolved(:\d+)?|triggered|recovered|problem)\]\s*(?=\S)")
NANOSECONDS = re.compile(r"(\.\d{6})\d+")

SEVERITIES: dict[str, Severity] = {
    **dict.fromkeys(("critical", "crit", "fatal", "emergency", "emerg", "alert", "page", "disaster", "blocker"), Severity.CRITICAL),
    **dict.fromkeys(("severe", "urgent", "p0", "p1", "sev0", "sev1"), Severity.CRITICAL),
    **dict.fromkeys(("error", "err", "major", "high", "failure", "p2", "sev2"), Severity.ERROR),
    **dict.fromkeys(("warning", "warn", "minor", "average", "medium", "moderate", "p3", "sev3"), Severity.WARNING),
    **dict.fromkeys(("info", "information", "informational", "notice", "low", "debug", "p4", "p5", "sev4", "sev5"), Severity.INFO),
}
ACTIONS: dict[str, Action] = {
    **dict.fromkeys(("resolve", "resolved", "ok", "okay", "recovery", "recovered", "close", "closed", "clear", "cleared"), Action.RESOLVE),
    **dict.fromkeys(("normal", "up", "healthy", "fixed", "success", "succeeded", "passing", "passed", "solved", "online"), Action.RESOLVE),
    **dict.fromkeys(("acknowledge", "acknowledged", "ack", "acked", "acknowledgement"), Action.ACKNOWLEDGE),
    **dict.fromkeys(
        ("trigger", "triggered", "firing", "alerting", "problem", "down", "open", "opened", "create", "created"), Action.TRIGGER
    ),
    **dict.fromkeys(("active", "failing", "failed", "failure", "critical", "warning", "error", "unhealthy", "no_data"), Action.TRIGGER),
}


def text_of(value: object, *, limit: int = MAX_TEXT) -> str:
    """Any value as text: a string as it is, nothing as nothing, the rest as compact JSON; cut with a mark."""
    text = value if isinstance(value, str) else "" if value is None else msgspec.json.encode(value).decode()
    return text if len(text) <= limit else cut(text, limit)


def one_line(value: object) -> str:
    """At most 1,024 characters on one line, no control characters, cut with a mark."""
    text = value if isinstance(value, str) else text_of(value)
    # Whatever breaks or separates lines is not printable.
    if text.isprintable():
        if len(text) <= MAX_SUMMARY and "  " not in text:  # as nearly all are
            return text.strip()
    else:
        text = CONTROL.sub(" ", text[:MAX_TEXT])
    return cut(" ".join(text.split()), MAX_SUMMARY)


def title_of(value: object) -> str:
    """One line without the state that some monitors write before it: the title stays while the state changes."""
    line = without_login(one_line(value))
    return STATE_IN_TITLE.sub("", line, count=1) if line.startswith("[") else line


def labels_of(value: object) -> dict[str, str]:
    """A flat map of text, from an object, a list of {key, value} or of pairs; whatever else is said stands under `tags`. 16 KiB at most."""
    if isinstance(value, dict):
        return _within_bounds(value.items())
    if not value:
        return {}
    pairs: list[tuple[str, object]] = []
    rest = []
    for element in value[:MAX_LABELS] if isinstance(value, list) else [value]:
        match element:
            case {"key": str(name), "value": said} | {"name": str(name), "value": said}:
                pairs.append((name, said))
            case [str(name), said]:
                pairs.append((name, said))
            case _:
                rest.append(text_of(element, limit=MAX_LABEL))
    return _within_bounds([*pairs, ("tags", ", ".join(rest))] if rest else pairs)


def _within_bounds(pairs: Iterable[tuple[str, object]]) -> dict[str, str]:
    labels: dict[str, str] = {}
    left = ALL_LABELS
    for name, said in islice(pairs, MAX_LABELS):
        text = text_of(said, limit=MAX_LABEL)
        left -= len(text)
        labels[name if len(name) <= MAX_NAME else cut(name, MAX_NAME)] = text if left >= 0 else cut(text, 1)
    return labels


def links_of(pairs: Iterable[tuple[object, object]]) -> tuple[tuple[str, str], ...]:
    """(href, text) of what can be followed, each address once: http and https only, since people click on them."""
    found: dict[str, str] = {}
    for said, text in pairs:
        href = without_login(said.strip()).replace(" ", "%20") if isinstance(said, str) else ""
        if href.startswith(("http://", "https://")) and href.isprintable() and len(href) <= MAX_LINK and len(found) < MAX_LINKS:
            found.setdefault(href, one_line(text) or cut(href, MAX_SUMMARY))
    return tuple(found.items())


def objects_of(value: object) -> list[Mapping[str, object]]:
    """The objects in a list; whatever else is no list, or none of them, is left out."""
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []


def severity_of(*values: object) -> Severity:
    """Of the first word that is known; what nobody knows is `unknown`, which pages."""
    for value in values:
        if value:
            word = (value if isinstance(value, str) else text_of(value)).strip().lower()
            found = SEVERITIES.get(word) or SEVERITIES.get(word.replace("-", "").replace(" ", ""))
            if found:
                return found
    return Severity.UNKNOWN


def action_of(*values: object) -> Action:
    """Of the first word that is known; whatever does not say that it is over, or seen, is a trigger."""
    for value in values:
        found = ACTIONS.get((value if isinstance(value, str) else text_of(value)).strip().lower()) if value else None
        if found:
            return found
    return Action.TRIGGER


def _instant_in(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)  # as nearly all are
    except ValueError:
        return datetime.fromisoformat(NANOSECONDS.sub(r"\1", text.strip().upper()).replace(" UTC", "+00:00"))


def instant_of(value: object) -> datetime | None:
    """An RFC 3339 instant with an offset, or seconds or milliseconds since 1970; a monitor's zero time and anything else is None."""
    if value is None:
        return None
    try:
        match value:
            case str() if len(value) < 20 and value.strip().isdecimal() and len(value.strip()) in {10, 13}:
                return instant_of(int(value))
            case str() if 10 <= len(value) <= 64:
                at = _instant_in(value)
                return at.astimezone(UTC) if at.tzinfo and 1971 <= at.year <= 2200 else None
            case bool():
                return None
            case int() | float() if 1e9 <= value < 1e10:
                return datetime.fromtimestamp(value, UTC)
            case int() | float() if 1e12 <= value < 1e13:
                return datetime.fromtimestamp(value / 1000, UTC)
            case _:
                return None
    except (ValueError, OverflowError):
        return None
