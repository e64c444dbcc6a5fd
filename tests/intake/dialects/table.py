"""What a line of the tables says, and how it is read: a body that somebody else wrote, and what we must read in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.intake.payloads import CAPTURED, SHARED, body, integration

from oncall.incidents.values import Event
from oncall.intake.commands import read, received_as, to_events
from oncall.intake.values import Received

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

Expected = tuple[str, str, str | None, str | None]
"""action, severity, dedup key (None: one that no other event has), title (None: that of a resolve is nobody's business)"""


@dataclass(frozen=True)
class Body:
    """`folder/file` of the payloads, the dialect that reads it, and the events in it.

    Headers and path come from the request that was captured with it, or are said here. `by_itself`: a generic integration knows the
    dialect, and reads the same. `why` is the reason of what is ignored.
    """

    name: str
    type: str
    events: list[Expected]
    headers: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    at: datetime = NOON
    by_itself: bool = True
    why: str | None = None

    @property
    def id(self) -> str:
        return f"{self.type}:{self.name}"


def requested(name: str) -> tuple[dict[str, str], str]:
    """Headers, by their names in lower case, and path of the request that a body was captured with; nothing if it was not."""
    file = name.rpartition(".")[0] + ".request.json"
    for folder in (CAPTURED, SHARED):
        if (folder / file).exists():
            said = json.loads((folder / file).read_text())
            return {key.lower(): value for key, value in said["headers"].items()}, said["path"]
    return {}, ""


def sent(name: str) -> bytes:
    """What was sent: the body, or of a request that has none its query, as the routes take it."""
    raw = body(name)
    return raw.strip().partition(b"?")[2] if raw.startswith(b"GET /") else raw


def received_of(row: Body) -> Received:
    """The request that brought a body."""
    headers, path = requested(row.name)
    headers |= {key.lower(): value for key, value in row.headers.items()}
    return received_as(sent(row.name), headers=headers, path=row.path or path, at=row.at)


def events_of(row: Body, type: str | None = None) -> list[Event]:
    """What an integration of this type, else of the row's own, makes of a body."""
    ref, received = integration(type or row.type), received_of(row)
    return to_events(read(received, ref), received, ref)


def all_bodies() -> list[str]:
    """Every body in the shared folder, as `folder/file`; none if it is not there."""
    files = (path for path in Path(SHARED).glob("*/*") if path.name != "SOURCE.md" and not path.name.endswith(".request.json"))
    return sorted(str(path.relative_to(SHARED)) for path in files)
