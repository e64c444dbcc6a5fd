"""CloudEvents, https://github.com/cloudevents/spec: structured, in batches, and in headers; what is in it is read as what it is."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.adapters import dynatrace, generic
from oncall.intake.rules import decode, instant_of, one_line, read_each, text_of
from oncall.intake.values import Dialect, Opened, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

ENVELOPE = frozenset({"specversion", "type", "source", "id"})
BATCH = "application/cloudevents-batch"
IN_HEADERS = ("specversion", "type", "source", "subject", "id", "time")


def knows(value: object, received: Received) -> bool:
    """By the envelope: around the body, around each of a list, or in the headers."""
    if isinstance(value, list):
        return _is_envelope(value[0]) if value else received.content_type.startswith(BATCH)
    return _is_envelope(value) or "ce-specversion" in received.headers


def _is_envelope(value: object) -> bool:
    return isinstance(value, dict) and value.keys() >= ENVELOPE


def read(value: object, received: Received) -> list[Reading]:
    """The events in each envelope. An envelope's id is one of the delivery, never of the problem: that is what `data` says."""
    if isinstance(value, dict) and {"specversion", "type"} <= value.keys():
        events: Sequence[object] = [value]
    elif "ce-specversion" in received.headers:
        events = [{name: received.headers.get(f"ce-{name}", "") for name in IN_HEADERS} | {"data": value}]
    elif isinstance(value, list):
        events = value
    else:
        raise Unreadable("it has no specversion and no type")
    if not events:
        return [Reading(Action.IGNORE, "no events", reason="the batch is empty")]
    return read_each([part for event in events for part in _parts(event)], lambda part: _read_one(part, received))


def _parts(event: object) -> list[object]:
    """The envelope around each thing that it holds, opened; each part is a delivery of its own."""
    if not isinstance(event, dict):
        return [event]
    inner, id = _inner(event), text_of(event.get("id"))
    if not isinstance(inner, list) or not inner:
        return [{**event, "data": inner}]
    return [{**event, "data": element, "id": f"{id} {n}" if n and id else id} for n, element in enumerate(inner)]


def _read_one(event: Mapping[str, object], received: Received) -> Reading:
    reading = _said(event.get("data"), received)
    type, subject = one_line(event.get("type")), one_line(event.get("subject"))
    title = f"{type}: {subject}" if type and subject else type or subject
    source, id = text_of(event.get("source")), text_of(event.get("id"))
    return replace(
        reading,
        summary=one_line(title) or generic.UNTITLED if reading.summary.startswith(generic.UNTITLED) else reading.summary,
        source=reading.source or one_line(source),
        class_=reading.class_ or type,
        occurred_at=reading.occurred_at or instant_of(event.get("time")),
        details={"subject": subject, **reading.details} if subject else reading.details,
        delivery_id=f"{source} {id}" if source and id else "",
    )


def _said(inner: object, received: Received) -> Reading:
    """What the data says; that of Dynatrace in its own words."""
    if dynatrace.knows(inner, received):
        return dynatrace.read(inner, received)[0]
    if isinstance(inner, dict) or (isinstance(inner, str) and inner.strip()):
        return generic.read(inner, received)[0]
    return Reading(Action.TRIGGER, generic.UNTITLED, details={} if inner in (None, "", []) else {"data": inner})


def opens(value: object, received: Received) -> Opened | None:
    """The data of a single envelope, if it is another dialect's whole body; of a batch each event is read by itself."""
    event: object = value
    if "ce-specversion" in received.headers:
        event = {name: received.headers.get(f"ce-{name}", "") for name in IN_HEADERS} | {"data": value}
    if not isinstance(event, dict):
        return None
    inner, source, id = _inner(event), text_of(event.get("source")), text_of(event.get("id"))
    return Opened(inner, f"{source} {id}" if source and id else "") if isinstance(inner, dict | list) else None


def _inner(event: Mapping[str, object]) -> object:
    """The data as a value: of text that is, or is called, JSON or XML, what it says; of bytes, if they are either."""
    said, media_type = event.get("data"), text_of(event.get("datacontenttype")).lower()
    try:
        if said is None and isinstance(encoded := event.get("data_base64"), str):
            found = decode(Received("", base64.b64decode(encoded, validate=True)))
            return found if isinstance(found, dict | list) else None
        if isinstance(said, str) and ("json" in media_type or "xml" in media_type or said.lstrip().startswith(("{", "["))):
            return decode(Received("", said.encode("utf-8", "replace")))
    except (binascii.Error, ValueError, Unreadable):
        return said
    return said


GUIDE = """
Send events to `{url}`, structured (`application/cloudevents+json`), in batches (`application/cloudevents-batch+json`) or binary, with the
attributes in `ce-` headers:

```sh
curl -sS {url} -H 'Content-Type: application/cloudevents+json' -d '{"specversion": "1.0", "type": "com.example.disk.full",
  "source": "/hosts/db-1", "subject": "/var", "id": "1",
  "data": {"summary": "/var is 97 % full", "severity": "critical", "dedup_key": "db-1/var", "status": "firing"}}'
```

What an event means is read from its `data`, in common words as on the page for anything else; Dynatrace's problems in their own. Without a
title in it `type` and `subject` are the title. `source` and `id` only tell deliveries apart: without a `dedup_key`, or something else that
names the problem, each event is a problem of its own.
"""

EXAMPLE = """{
  "specversion": "1.0", "type": "com.example.disk.full", "source": "/hosts/db-1", "subject": "/var", "id": "0b7c-42",
  "time": "2026-03-01T03:12:00Z", "datacontenttype": "application/json",
  "data": {"summary": "/var is 97 % full", "severity": "critical", "dedup_key": "db-1/var", "status": "firing"}
}"""

DIALECT = Dialect(
    type=IntegrationType.CLOUDEVENTS,
    name="CloudEvents",
    group="Your own",
    read=read,
    knows=knows,
    resolves='Send `"status": "resolved"` in `data`, with the same `dedup_key`.',
    guide=GUIDE,
    example=EXAMPLE,
    opens=opens,
    has_keys=True,
)
