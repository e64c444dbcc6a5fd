"""What seldom changes, as this node remembers it, and transactions that rely on it: each sees at its beginning whether it is still so, and
again at its end, with the statement that writes last. Otherwise it is done again.

It is remembered at a revision, which triggers raise in the very transaction that changes one of `TABLES`, whoever that is. What is read is
never older than the revision read before it, so that what has the same revision at the end has not changed since.
"""

from collections import ChainMap
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
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

MOST, AGE = 10_000, timedelta(minutes=1)
"""Answers that a node remembers, and how long: a change that no trigger has seen (they can be switched off) is not overlooked for ever."""


class Lookup(TextClause):
    """A statement that reads rows of `TABLES`, and nothing else, by a list of ids, which one of its columns names."""

    inherit_cache = True

    def __init__(self, sql: str, *, ids: str, column: str) -> None:
        super().__init__(sql)
        self.ids, self.column = ids, column


Found = dict[tuple[str, object], Sequence[Any]]
"""Rows by the statement and the id that found them."""


class Memory:
    """What lookups found, all at one revision of the directory, for a minute."""

    def __init__(self) -> None:
        self._revision, self._since = -1, datetime.min.replace(tzinfo=UTC)
        self._found: Found = {}

    def at(self, revision: int, now: datetime) -> Found:
        """What is written into it later counts only as long as nothing else was begun."""
        if self._revision != revision or len(self._found) > MOST or not timedelta(0) <= now - self._since <= AGE:
            self._revision, self._since, self._found = revision, now, {}
        return self._found

    def forget(self) -> None:
        """Another server may count revisions otherwise."""
        self._revision, self._found = -1, {}


class Relied:
    """What one transaction relies on: revisions as they were when it began, `at` the database's clock. Each must be confirmed before it
    commits, and what it looked up is remembered when it has.
    """

    def __init__(self, memory: Memory, at: datetime, revisions: Mapping[str, int]) -> None:
        self.at, self.is_confirmed = at, True
        self._memory, self._revisions = memory, revisions
        self._on: dict[str, int] = {}
        self._remembered: Found | None = None
        self._read: Found = {}

    def revision(self, topic: str) -> int:
        """From now on the transaction relies on it."""
        self.is_confirmed = False
        return self._on.setdefault(topic, self._revisions.get(topic, 0))

    def known(self, lookup: Lookup, ids: Iterable[object]) -> tuple[list[Any], list[object]]:
        """Rows that are known, and the ids of which nothing is."""
        revision = self.revision(DIRECTORY)
        if self._remembered is None:
            self._remembered = self._memory.at(revision, self.at)
        found = ChainMap(self._read, self._remembered)
        unknown = [id for id in ids if (lookup.text, id) not in found]
        return [row for id in ids for row in found.get((lookup.text, id), ())], unknown

    def keep(self, lookup: Lookup, ids: Iterable[object], rows: Sequence[Any]) -> None:
        self._read |= {(lookup.text, id): [row for row in rows if row[lookup.column] == id] for id in ids}

    @property
    def on(self) -> Mapping[str, int]:
        """Topics and their revisions: what a statement that confirms it must find."""
        return dict(self._on)

    def confirm(self, on: Mapping[str, int]) -> None:
        """It was found so."""
        self.is_confirmed = on == self._on

    def remember(self) -> None:
        """It has committed."""
        if self._remembered is not None:
            self._remembered |= self._read


def relied_of(tx: AsyncConnection) -> Relied | None:
    """What this transaction relies on, if it does."""
    return getattr(tx, "relied", None)
