"""The whole path of an incident as a text that a person reads at three in the morning. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from textwrap import wrap

from oncall.incidents.values.whole_path import OTHERWISE, Sentence, WholePath

WIDTH = 100


def written_out(path: WholePath) -> str:
    """What it is and how it stands; what happened, day by day; what comes next."""
    incident = path.seen.incident
    head = [
        f'Incident #{incident.number} "{incident.title}" on {path.seen.service}: {incident.status.value}.',
        f"Severity {incident.severity.value}, {incident.urgency.value} urgency; {incident.escalation_reason}. All times are UTC.",
    ]
    coming = [one for one in path.next if one.kind != OTHERWISE]
    missed = [one for one in path.next if one.kind == OTHERWISE]
    there = [*head, *_days(path.sentences), *_ahead("What comes next", coming), *_ahead("What would have come next", missed)]
    return "\n".join(there) + "\n"


def _ahead(title: str, sentences: Sequence[Sentence]) -> Iterator[str]:
    if sentences:
        yield from ("", title, *_days(sentences))


def _days(sentences: Sequence[Sentence]) -> Iterator[str]:
    day = ""
    for one in sentences:
        if (its := f"{_utc(one.at):%Y-%m-%d}") != day:
            day = its
            yield from ("", day)
        yield from _lines([one])


def _lines(sentences: Sequence[Sentence]) -> Iterator[str]:
    for one in sentences:
        yield from wrap(one.text, WIDTH, initial_indent=f"  {_utc(one.at):%H:%M:%S}  ", subsequent_indent=" " * 12)


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def wants_text(accept: str) -> bool:
    """Whether an Accept header would rather have plain text than JSON; without one, or where both are as good, it is JSON."""
    return _rank(accept, "text/plain") > _rank(accept, "application/json")


def _rank(accept: str, media_type: str) -> float:
    ranks = [0.0]
    for part in accept.split(","):
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        if kind in {media_type, f"{media_type.partition('/')[0]}/*", "*/*"}:
            ranks.append(next((_weight(one.removeprefix("q=")) for one in parameters if one.startswith("q=")), 1.0))
    return max(ranks)


def _weight(said: str) -> float:
    return float(said) if said.replace(".", "", 1).isdecimal() else 0.0
