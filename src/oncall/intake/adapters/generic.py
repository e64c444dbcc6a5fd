"""Any JSON that says what it means in our own words: an object, or a list of them."""

from oncall.incidents.values import Action
from oncall.intake.rules import action_of, instant_of, key_of_identity, labels_of, one_line, severity_of, text_of
from oncall.intake.values import Reading, Unreadable

SUMMARY = ("summary", "title", "message", "subject", "name", "description", "text")
STATE = ("action", "event_action", "status", "state")
KEY = ("dedup_key", "alert_id", "incident_key", "id", "fingerprint")
SEVERITY = ("severity", "priority", "level")


def read(value: object) -> list[Reading]:
    """Each object is one event. Missing words have defaults: it triggers, its severity is unknown, its key comes from its source."""
    if isinstance(value, dict):
        return [_read_one(value)]
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        raise Unreadable("it is neither a JSON object nor a list of them")
    if not value:
        return [Reading(Action.IGNORE, "no events", reason="the list of events is empty")]
    return [_read_one(element) for element in value]


def _read_one(event: dict[str, object]) -> Reading:
    said = {name.lower(): value for name, value in event.items()}

    def first(names: tuple[str, ...]) -> object:
        return next((said[name] for name in names if said.get(name) not in (None, "", [], {})), None)

    identity = {name: one_line(said.get(name)) for name in ("source", "host", "component", "group", "class", "check")}
    links = said.get("links")
    hrefs = [
        (text_of(link.get("href")), text_of(link.get("text")) or text_of(link.get("href")))
        for link in (links if isinstance(links, list) else [])
        if isinstance(link, dict)
    ]
    url, details = text_of(said.get("url")), said.get("details")
    return Reading(
        action_of(first(STATE)),
        one_line(first(SUMMARY)) or "event without a summary",
        dedup_key=text_of(first(KEY)) or key_of_identity(**identity),
        severity=severity_of(first(SEVERITY)),
        source=identity["source"] or identity["host"],
        component=identity["component"],
        group=identity["group"],
        class_=identity["class"],
        labels=labels_of(said.get("labels") or said.get("tags")),
        links=tuple((href, text) for href, text in [*hrefs, (url, "link")] if href.startswith(("http://", "https://"))),
        occurred_at=instant_of(said.get("occurred_at") or said.get("timestamp")),
        details=details if isinstance(details, dict) else {},
    )
