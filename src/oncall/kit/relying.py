"""What seldom changes, as this node remembers it, and transactions that rely on it: each sees at its beginning whether it is still so, and
again at its end, with the statement that writes last. Otherwise it is done again.

It is remembered at a revision, which triggers raise in the very transaction that changes one of `TABLES`, whoever that is. What is read is
never older than the revision read before it, so that what has the same revision at the end has not changed since.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncConnection

DIRECTORY = "directory"
"""The topic of what lookups read: services, policies, people, teams and how they are reached."""

TABLES = {
    "contact_methods",
    "escalation_policies",
    "escalation_steps",
    "escalation_targets",
    "notification_rules",
    "services",
    "teams",
    "users",
}
"""Those whose changes raise its revision; of contact methods all but how the last message to them fared, by which nobody is paged."""

MOST = 10_000
"""Answers that a node remembers."""


class Lookup(TextClause):
    """A statement that reads rows of `TABLES`, and nothing else, by a list of ids, which one of its columns names."""

    inherit_cache = True

    def __init__(self, sql: str, *, ids: str, column: str) -> None:
        super().__init__(sql)
        self.ids, self.column = ids, column


class Memory:
    """The rows that lookups found, by statement and id, all of one revision."""

    def __init__(self) -> None:
        self._revision = -1
        self._found: dict[tuple[str, object], Sequence[Any]] = {}

    def at(self, revision: int) -> dict[tuple[str, object], Sequence[Any]]:
        if self._revision != revision or len(self._found) > MOST:
            self._revision, self._found = revision, {}
        return self._found

    def forget(self) -> None:
        """Another server may count revisions otherwise."""
        self._revision, self._found = -1, {}


class Relied:
    """What one transaction relies on: revisions as they were when it began, `at` the database's clock."""

    def __init__(self, memory: Memory, at: datetime, revisions: Mapping[str, int]) -> None:
        self.at = at
        self._memory, self._revisions = memory, revisions
        self._on: dict[str, int] = {}
        self._confirmed: Mapping[str, int] = {}

    def revision(self, topic: str) -> int:
        """From now on the transaction relies on it."""
        return self._on.setdefault(topic, self._revisions.get(topic, 0))

    def known(self, lookup: Lookup, ids: Iterable[object]) -> tuple[list[Any], list[object]]:
        """Rows that are remembered, and the ids that are not."""
        found = self._memory.at(self.revision(DIRECTORY))
        unknown = [id for id in ids if (lookup.text, id) not in found]
        return [row for id in ids for row in found.get((lookup.text, id), ())], unknown

    def keep(self, lookup: Lookup, ids: Iterable[object], rows: Sequence[Any]) -> None:
        found = self._memory.at(self.revision(DIRECTORY))
        found |= {(lookup.text, id): [row for row in rows if row[lookup.column] == id] for id in ids}

    @property
    def on(self) -> Mapping[str, int]:
        """Topics and their revisions: what a statement that confirms it must find."""
        return dict(self._on)

    def confirm(self, on: Mapping[str, int]) -> None:
        """It was found so."""
        self._confirmed = on

    @property
    def is_confirmed(self) -> bool:
        return self._on == self._confirmed


def relied_of(tx: AsyncConnection) -> Relied | None:
    """What this transaction relies on, if it does."""
    return getattr(tx, "relied", None)
