"""What a message tells besides the title: what people reported, what an alert says. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC

from oncall.desk.values import Record, Verdict
from oncall.incidents.values import Told

MOST = 12
"""A message is read on a phone; the rest is in the API."""

LONGEST = 500


def facts_of(told: Told, *, title: str) -> tuple[tuple[str, str], ...]:
    """Name by name what people reported, then what the monitor says: descriptions and other details first, then labels; nothing that is
    said elsewhere already.
    """
    facts: dict[str, str] = {}
    said = {title, told.source, *(href for href, _ in told.links)}
    for name, text in (*told.report, *_words_in(told.details), *told.labels.items()):
        if text and text not in said and len(facts) < MOST:
            facts.setdefault(name, text[:LONGEST])
    return tuple(facts.items())


def report_of(record: Record) -> tuple[tuple[str, str], ...]:
    """What whoever is paged must know of what people said: why it is not over, who reported it, and how their words begin. How the
    reporter is reached is in the record alone: a message passes through many hands.
    """
    report = []
    verification, reporter = record.verification, record.reporter
    if verification is not None and verification.verdict is Verdict.NOT_SATISFIED:
        who = f"{verification.by.name}, {verification.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        report.append(("reporter not satisfied", _begun(f"{who}: {verification.text}" if verification.text else who)))
    if reporter is not None:
        report.append(("reported by", f"{reporter.name} ({reporter.kind.value})"))
    if record.description.strip():
        report.append(("description", _begun(record.description.strip())))
    return tuple(report)


def _begun(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rstrip() + "…"


def _words_in(details: Mapping[str, object], depth: int = 1) -> Iterator[tuple[str, str]]:
    """Text and numbers, of the objects inside as well; a list says little on a phone."""
    for name, value in details.items():
        match value:
            case str():
                yield name, value
            case bool() | None:
                continue
            case int() | float():
                yield name, str(value)
            case dict() if depth:
                yield from _words_in(value, depth - 1)
            case _:
                continue
