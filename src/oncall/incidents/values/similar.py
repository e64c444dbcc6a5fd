"""Incidents whose titles say much the same, and how they ended."""

from dataclasses import dataclass
from uuid import UUID

from oncall.desk.values import Record
from oncall.incidents.values import Incident


@dataclass(frozen=True, slots=True)
class Alike:
    """An incident with the words that its title shares with the one asked for, of so many that either of them has."""

    incident: Incident
    shared: tuple[str, ...]
    of: int


@dataclass(frozen=True, slots=True)
class Similar:
    """One that is alike enough to be shown: how much (0 to 1), in which words, and what the desk recorded of it, if it did."""

    incident: Incident
    likeness: float
    reason: str
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A problem that may be behind an incident: how likely (0 to 1) and why, and what helps until it is repaired."""

    problem_id: UUID
    title: str
    status: str
    root_cause: str
    workaround: str
    resolution: str
    score: float
    reason: str
    of_service: bool = False
    """It is known of the very service."""
