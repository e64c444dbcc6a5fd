"""What an invariant is told: the database before and after a deed, the providers' journal, and what the outside heard."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import msgspec
from tests.machine.doing import Did
from tests.machine.reading import Entry, Incident, Page, Rows
from tests.machine.wire import Call

JSON = dict[str, Any]

EXECUTED = ("step_fired", "step_skipped")


@dataclass(frozen=True, slots=True)
class Seen:
    at: datetime
    before: Rows
    now: Rows
    journal: list[Call]
    called: list[Call]
    """Of the journal what this deed added."""
    did: Did
    waiting: bool
    """A provider has not answered yet."""

    def changed(self) -> Iterator[tuple[Incident, Incident, list[Entry]]]:
        """Every incident that was there before, as it was and is, with what its timeline says in between."""
        last = max((entry.seq for entry in self.before.entries), default=0)
        were = {incident.id: incident for incident in self.before.incidents}
        for incident in self.now.incidents:
            if incident.id in were:
                new = [entry for entry in self.now.entries_of(incident) if entry.seq > last]
                yield were[incident.id], incident, new

    def pages(self) -> dict[UUID, Page]:
        return {page.id: page for page in self.now.pages}


Invariant = Callable[[Seen], Iterable[str]]


def length(said: str | None) -> timedelta | None:
    """A duration of a policy."""
    return None if said is None else msgspec.convert(said, timedelta)


def policy_of(incident: Incident, entry: Entry) -> JSON | None:
    """The policy that an entry of the timeline speaks of; None if the incident goes by another one now."""
    return next((policy for policy in incident.policies if f"of policy {policy['name']}" in entry.reason), None)


def delay_after(incident: Incident, entry: Entry) -> timedelta | None:
    """How long the step that fired there waits."""
    policy, step = policy_of(incident, entry), entry.position[2]
    if policy is None or step >= len(policy["steps"]):
        return None
    return length(policy["steps"][step]["delay"])


def executed(rows: Rows, incident: Incident) -> Iterator[tuple[Entry, Entry, list[Entry]]]:
    """Each step that fired or was skipped with the next one, and what happened between; only while it went by the policy it has now."""
    entries = rows.entries_of(incident)
    anew = max((one.seq for one in entries if one.kind in {"resnapshot", "reassigned"}), default=0)
    steps = [one for one in entries if one.kind in EXECUTED and one.seq > anew]
    for one, following in pairwise(steps):
        yield one, following, [between for between in entries if one.seq < between.seq < following.seq]
