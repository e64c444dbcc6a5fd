"""Papertrail's webhook, https://www.papertrail.com/help/alerts/: a saved search found log lines, or none where some should be."""

from dataclasses import replace

from oncall.intake.rules import Fields, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("saved_search.name", "saved_search.query"),
    identity={"papertrail_saved_search": ("saved_search.id",)},
    # Each line has the severity of its syslog; how bad it is that the search found it, nobody says.
    source=("events.0.hostname", "counts.0.source_name"),
    component=("events.0.program",),
    links={"saved_search.html_search_url": "search", "saved_search.html_edit_url": "edit"},
    occurred_at=("events.0.received_at",),
    untitled="saved search without a name",
)
LINES = 20


def knows(value: object, _: Received) -> bool:
    """By a saved search and what it found: the lines, or how many."""
    return isinstance(value, dict) and isinstance(value.get("saved_search"), dict) and ("events" in value or "counts" in value)


def read(value: object, _: Received) -> list[Reading]:
    """One event, however many lines were found; the first of them are its details."""
    if not isinstance(value, dict) or not isinstance(value.get("saved_search"), dict):
        raise Unreadable("it has no saved search")
    events = value.get("events")
    lines = [text_of(said_at(event, ("message",)), limit=1_000) for event in events[:LINES]] if isinstance(events, list) else []
    details = {"query": said_at(value, ("saved_search.query",)), "lines": lines, "counts": value.get("counts")}
    return [replace(read_fields(value, FIELDS), details={name: said for name, said in details.items() if said})]


GUIDE = """
In Papertrail, open the saved search, **Create alert** (or *Edit alerts*) **→ Webhook**, URL `{url}`. The alert is known by the saved
search: as long as it is open, further lines page nobody.
"""

EXAMPLE = """{
  "events": [{"id": 90071992547409931, "received_at": "2026-03-01T03:12:00Z", "hostname": "db-1", "program": "kernel", "severity": "Err",
    "message": "Out of memory: killed process 4200 (postgres)"}],
  "saved_search": {"id": 4200, "name": "Out of memory", "query": "\\"Out of memory\\"",
    "html_edit_url": "https://papertrailapp.com/searches/4200/edit", "html_search_url": "https://papertrailapp.com/searches/4200"},
  "min_id": "90071992547409931", "max_id": "90071992547409931"
}"""

DIALECT = Dialect(
    type=IntegrationType.PAPERTRAIL,
    name="Papertrail",
    group="Metrics and logs",
    read=read,
    knows=knows,
    resolves="Never says that it is over: resolve by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)
