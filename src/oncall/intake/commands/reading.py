"""From a request's body to our events: by the adapter of the integration, or as what stands for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from oncall.incidents.values import Body, Event
from oncall.intake.adapters import pagerduty, pagerduty_refusals
from oncall.intake.commands.dialects import DIALECTS, dialect_of
from oncall.intake.rules import MAX_TEXT, bounded, bounded_key, cut, decode, inflate, oversized, storable, unreadable
from oncall.intake.values import EPOCH, Dialect, Reading, Received, Unreadable
from oncall.kit.ids import EventId, new_id
from oncall.kit.log import get_log
from oncall.services.values import IntegrationRef

log = get_log("intake")


def received_as(
    raw: bytes,
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    path: str = "",
    at: datetime = EPOCH,
) -> Received:
    """A request as it was meant: its body inflated, within bounds, if its sender compressed it."""
    headers = headers or {}
    encoding = headers.get("content-encoding", "").strip().lower()
    content_type = cut(storable(headers.get("content-type", "")), 200)
    return Received(content_type, inflate(raw, encoding) if encoding else raw, headers, query or {}, path, at)


def without_key(received: Received, key: str) -> Received:
    """The body as it is kept: some dialects carry the integration key in it, and of a key only the hash is stored."""
    secret = key.encode("utf-8", "replace")
    return replace(received, raw=received.raw.replace(secret, b"[redacted]")) if secret in received.raw else received


def read(received: Received, integration: IntegrationRef) -> list[Reading]:
    """The events in a body, by the integration's dialect, else by the one that knows it; what cannot be read is one event that says so."""
    is_empty = not received.raw.strip(b"\x00 \t\r\n")
    try:
        return _read(None if is_empty else decode(received), received, DIALECTS[integration.type])
    except Unreadable as why:
        return [unreadable(integration.name, "it is empty" if is_empty else str(why))]
    except Exception:
        # An adapter is total; if one is not, that is our defect, and no reason to lose the page.
        log.exception("an adapter raised, which is a defect", type=integration.type.value)
        return [unreadable(integration.name, f"the {integration.type.value} adapter failed on it")]


def _read(value: object, received: Received, dialect: Dialect) -> list[Reading]:
    """Whoever knows the body reads it, the integration's own dialect first: people point monitors at integrations of other types."""
    if not dialect.knows(value, received):
        dialect = dialect_of(value, received, but=dialect) or dialect
    return dialect.read(value, received)


def too_large(integration: IntegrationRef, limit: int) -> list[Reading]:
    """The event that stands for a body beyond `limit` bytes."""
    return [oversized(integration.name, limit)]


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


def to_events(readings: Sequence[Reading], received: Received, integration: IntegrationRef) -> list[Event]:
    """Give each reading its id, once, and its address; events of one request share its body."""
    body = Body(new_id(), received.content_type, received.raw)
    is_long = len(received.raw) > MAX_TEXT
    return [_event(EventId(new_id()), reading, body, integration, is_long=is_long) for reading in readings]


def _event(id: EventId, said: Reading, body: Body, integration: IntegrationRef, *, is_long: bool) -> Event:
    return Event(
        id,
        integration.id,
        integration.name,
        integration.service_id,
        said.action,
        bounded_key(said.dedup_key) if said.dedup_key and not said.dedup_key.isspace() else f"{id}",
        said.severity,
        said.summary,
        body,
        said.source,
        said.component,
        said.group,
        said.class_,
        said.labels,
        said.links,
        said.occurred_at,
        said.expires_at,
        bounded(said.details) if is_long else said.details,
        said.reason,
        said.unreadable,
        bounded_key(said.delivery_id),
    )
