"""Readings that stand for what could not be taken as it came, so that it pages all the same."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from oncall.incidents.values import STANDS_IN, Action
from oncall.intake.values import Reading

OVERSIZED = f"{STANDS_IN}oversized:"
ONLY_RECORDS = "; this integration only records such a body"
MAX_FROM_ONE_BODY = 5_000
"""More events than any sender's group should hold."""


def unreadable(name: str, why: str) -> Reading:
    """For a body from integration `name`; the raw bytes are kept beside it."""
    return _standing_in(f"unreadable event from {name}", f"{STANDS_IN}unreadable:{name}", why)


def only_recorded(name: str, why: str) -> Reading:
    """For such a body where whoever owns the integration wants nobody paged."""
    return Reading(Action.IGNORE, f"unreadable event from {name}", reason=f"{why}{ONLY_RECORDS}")


def why_only_recorded(action: Action, reason: str) -> str | None:
    """Why nobody could read the body of such an event; None of every other."""
    return reason.removesuffix(ONLY_RECORDS) if action is Action.IGNORE and reason.endswith(ONLY_RECORDS) else None


def oversized(name: str, limit: int, sent_by: Mapping[str, object] | None = None) -> Reading:
    """For a body of more than `limit` bytes, which is not kept; the details say who sent it."""
    stands = _standing_in(f"oversized event from {name}", f"{OVERSIZED}{name}", f"it is larger than {limit // 1024} KiB")
    return replace(stands, details=stands.details | {what: said for what, said in (sent_by or {}).items() if said})


def turned_away(name: str, count: int) -> Reading:
    """For events, `count` of them at least, that found no room and may never come again."""
    why = f"{count} events at least found no room and were answered 503 or 429: look there what they said, unless it sends them again"
    summary, dedup_key = f"events from {name} were turned away", f"{STANDS_IN}turned away:{name}"
    return Reading(Action.TRIGGER, summary, dedup_key, details={"why": why}, reason=why)


def read_each(elements: Sequence[object], read: Callable[[Mapping[str, object]], Reading]) -> list[Reading]:
    """The readings of a list of objects. One that is none spoils no other; what is beyond 5,000 pages as one."""
    some, beyond = elements[:MAX_FROM_ONE_BODY], len(elements) - MAX_FROM_ONE_BODY
    readings = [read(element) if isinstance(element, dict) else NO_OBJECT for element in some]
    if beyond > 0:
        readings.append(more_events(beyond))
    return readings


def more_events(beyond: int) -> Reading:
    """For those of one body that are too many."""
    return _standing_in(f"{beyond} more events in one body", f"{STANDS_IN}more events", f"one body held {beyond} events too many")


def delivered(readings: Sequence[Reading], id: str) -> list[Reading]:
    """The readings with the id of their delivery; of several in one body each has its own."""
    several = len(readings) > 1
    return [replace(reading, delivery_id=f"{id}/{n}" if id and several else id) for n, reading in enumerate(readings)]


def _standing_in(summary: str, dedup_key: str, why: str) -> Reading:
    return Reading(Action.TRIGGER, summary, dedup_key=dedup_key, details={"why": why}, reason=why, unreadable=True)


NO_OBJECT = _standing_in("unreadable part of an event", f"{STANDS_IN}unreadable part", "its list holds something that is not an object")
