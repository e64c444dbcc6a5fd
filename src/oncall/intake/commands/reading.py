"""From a request's body to our events: by the adapter of the integration, or as what stands for it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from oncall.incidents.values import Action, Body, Event
from oncall.intake.adapters import generic, pagerduty, pagerduty_refusals
from oncall.intake.commands.dialects import DIALECTS, dialect_of
from oncall.intake.commands.mapping import maps, read_mapped, read_unmapped
from oncall.intake.rules import (
    GZIP,
    HIDDEN,
    MAX_INFLATED,
    MAX_KEY,
    MAX_TEXT,
    bounded,
    bounded_key,
    cut,
    decode,
    delivered,
    hides,
    inflate,
    kept_headers,
    mail_sent_by,
    only_recorded,
    oversized,
    sent_by,
    storable,
    told,
    told_link,
    unreadable,
    without_key,
    without_secrets,
)
from oncall.intake.rules.mapping import Outcome
from oncall.intake.values import EPOCH, Dialect, LocalKey, Reading, Received, Unreadable
from oncall.kit.ids import EventId, new_id
from oncall.kit.log import get_log
from oncall.services.values import IntegrationRef, IntegrationType, OnUnreadable

log = get_log("intake")

NAMELESS = "it names no problem"
BY_PEOPLE = "what people write is logged as it comes, and is no event of a monitor"
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")


def received_as(
    raw: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    path: str = "",
    at: datetime = EPOCH,
    limit: int = MAX_INFLATED,
) -> Received:
    """A request as it was meant: its body inflated, to at most `limit` bytes, if its sender compressed it."""
    headers = headers or {}
    encoding = headers.get("content-encoding", "")
    content_type = cut(storable(headers.get("content-type", "")), 200)
    return Received(
        content_type,
        inflate(raw, encoding.strip().lower(), limit) if encoding or raw.startswith(GZIP) else raw,
        headers,
        query or {},
        storable(path),
        at,
    )


def as_sent(readings: Sequence[Reading], received: Received, integration: IntegrationRef, *, key: str, in_body: int = 0) -> list[Event]:
    """The events of a request, without the integration's key: some dialects carry it in the body (`in_body` times), some senders repeat
    the address, and of a key only the hash is stored.
    """
    times, raw = 0, received.raw
    for encoding in ("utf-8", *WIDE) if b"\x00" in raw else ("utf-8",):
        secret = key.encode(encoding, "replace")
        if secret in raw:
            times += raw.count(secret)
            raw = raw.replace(secret, HIDDEN.encode(encoding))
    if times or key in received.content_type:
        received = replace(received, raw=raw, content_type=received.content_type.replace(key, HIDDEN))
    # A dialect that has it in its body by design does not repeat it in its words; whoever else wrote it there may have escaped it.
    if times > in_body or not in_body or b"\\u00" in raw or not raw.startswith(b"{") or received.path.count(key) > 1:
        readings = without_key(readings, key)
    return to_events(readings, received, integration, key=key)


def read(received: Received, integration: IntegrationRef, *, by: IntegrationType | None = None, again: bool = False) -> list[Reading]:
    """The events in a body, by the integration's mapping if it has one, else by its dialect (or that of the address it came to), else by
    the one that knows it; what cannot be read is one event that says so. What is read `again` is not counted again.
    """
    is_empty = not received.raw.strip(b"\x00 \t\r\n")
    try:
        value, own = None if is_empty else decode(received), DIALECTS[by or integration.type]
        if integration.mapping is not None:
            return read_mapped(value, received, integration, lambda part: _read(part, received, own), again=again)
        if integration.is_for_people and (mails := DIALECTS[IntegrationType.EMAIL]).knows(value, received):
            return [replace(one, action=Action.IGNORE, reason=BY_PEOPLE) for one in mails.read(value, received)]
        return _read(value, received, own)
    except Unreadable as why:
        return [_unreadable(integration, "it is empty" if is_empty else str(why))]
    except Exception:
        # An adapter is total; if one is not, that is our defect, and no reason to lose the page.
        log.exception("an adapter raised, which is a defect", type=integration.type.value)
        return [unreadable(integration.name, f"the {integration.type.value} adapter failed on it")]


def _unreadable(integration: IntegrationRef, why: str) -> Reading:
    """What stands for a body that cannot be read: it pages, unless whoever owns the integration wants it only recorded."""
    if integration.on_unreadable is OnUnreadable.RECORD:
        return only_recorded(integration.name, why)
    return unreadable(integration.name, why)


def read_query(received: Received, integration: IntegrationRef, *, by: IntegrationType | None = None) -> list[Reading]:
    """As `read`, of what somebody's GET holds: a link's preview adds a query as well, so one that says nothing we know pages nobody."""
    with suppress(Unreadable):
        value = decode(received)
        is_known = dialect_of(value, received, but=DIALECTS[IntegrationType.GENERIC]) is not None
        is_mapped = integration.mapping is not None and maps(value, received, integration)
        if is_mapped or is_known or generic.says_something(value):
            return read(received, integration, by=by)
    reason = "its query says nothing that is known; perhaps somebody only opened the address"
    return [Reading(Action.IGNORE, "a GET without an event", reason=reason)]


def _read(value: object, received: Received, own: Dialect) -> list[Reading]:
    """Whoever knows the body reads it, the integration's own dialect first: people point monitors at integrations of other types. What
    nobody knows is read by common words if it has a key and a state, else as the integration's own, else by what common words there are;
    but an end without a key would end nothing, and must be seen.
    """
    known = own if own.knows(value, received) else dialect_of(value, received, but=own)
    if known is not None:
        with suppress(Unreadable):  # it has that dialect's names, but not what they stand for
            return _opened(value, received, known) or known.read(value, received)
    if known is None and not own.has_keys and generic.says_all(value):
        return generic.read(value, received)
    try:
        return own.read(value, received)
    except Unreadable:
        if not generic.says_something(value):
            raise
        readings = generic.read(value, received)
        if not all(reading.dedup_key or reading.action is Action.TRIGGER for reading in readings):
            raise
        return readings


def otherwise(outcome: Outcome, received: Received, integration: IntegrationRef) -> list[Reading]:
    """What a mapping does not read, as it is read all the same; raises Unreadable for a whole body that nobody can read."""
    own = DIALECTS[integration.type]
    return read_unmapped(outcome, received, integration, lambda part: _read(part, received, own))


def _opened(value: object, received: Received, envelope: Dialect) -> list[Reading]:
    """The events of a dialect that came in the envelope of another; none if there is no envelope, or nobody knows what is in it."""
    opened = envelope.opens(value, received) if envelope.opens else None
    if opened is None:
        return []
    inside = replace(received, headers={}, path="")
    inner = dialect_of(opened.value, inside, but=envelope)
    if inner is not None:
        with suppress(Unreadable):  # then the envelope's own dialect says what it can
            return delivered(inner.read(opened.value, inside), opened.delivery_id)
    return []


def too_large(integration: IntegrationRef, limit: int, headers: Mapping[str, str]) -> list[Reading]:
    """The event that stands for a body beyond `limit` bytes."""
    return [oversized(integration.name, limit, sent_by(headers))]


def mail_too_large(integration: IntegrationRef, limit: int, head: bytes, sender: str, announced: int) -> list[Reading]:
    """The event that stands for a mail beyond `limit` bytes; `head` is how it begins, as far as it came."""
    return [oversized(integration.name, limit, mail_sent_by(head, sender, announced))]


def object_in(received: Received) -> dict[str, object]:
    """The object in a body, for the imitated services that take nothing else; raises Unreadable for the rest."""
    value = decode(received)
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    return value


def read_pagerduty(received: Received, check: Callable[[object], str]) -> tuple[str, list[Reading]]:
    """The key in a body of PagerDuty's, and its event; raises InvalidEvent for what `check`, and so the original, refuses."""
    try:
        value = decode(received)
    except Unreadable:
        raise pagerduty_refusals.not_recognised() from None
    return check(value), pagerduty.read(value, received)


def to_events(readings: Sequence[Reading], received: Received, integration: IntegrationRef, *, key: str = "") -> list[Event]:
    """Give each reading its id, once, and its address; events of one request share its body and its headers, which hold no `key`."""
    body = Body(new_id(), received.content_type, received.raw, kept_headers(received.headers, key=key))
    is_long = len(received.raw) > MAX_TEXT
    return [_event(EventId(new_id()), reading, body, integration, is_long=is_long) for reading in readings]


def _event(id: EventId, said: Reading, body: Body, integration: IntegrationRef, *, is_long: bool) -> Event:
    component, group, class_ = told(said.component), told(said.group), told(said.class_)
    named = {"component": component, "group": group, "class": class_}
    details = {**{name: value for name, value in named.items() if value}, **without_secrets(said.details)}
    key = _key(said, integration)
    return Event(
        id,
        integration.id,
        integration.name,
        integration.service_id,
        said.action,
        key or f"{id}",
        said.severity,
        told(said.summary),
        body,
        told(said.source),
        component,
        group,
        class_,
        {name: told(text) for name, text in said.labels.items() if not hides(name, text)},
        tuple((told_link(href), told(text)) for href, text in said.links),
        said.occurred_at,
        said.expires_at,
        bounded(details) if is_long else details,
        said.reason or ("" if key else NAMELESS),
        said.unreadable,
        bounded_key(said.delivery_id),
        said.among,
        told(said.by),
    )


def _key(said: Reading, integration: IntegrationRef) -> str | None:
    key = said.dedup_key
    if not key or key.isspace():
        return None
    if not isinstance(key, LocalKey):
        return bounded_key(key)
    through = f" integration={integration.id.hex[-8:]}"
    return bounded_key(key, MAX_KEY - len(through)) + through
