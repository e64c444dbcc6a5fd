"""What of an alert a message tells besides its title. Pure."""

from collections.abc import Iterator, Mapping

from oncall.incidents.values import Told

MOST = 12
"""A message is read on a phone; the rest is in the API."""

LONGEST = 500


def facts_of(told: Told, *, title: str) -> tuple[tuple[str, str], ...]:
    """Name by name what the monitor says: descriptions and other details first, then labels; nothing that is said elsewhere already."""
    facts: dict[str, str] = {}
    said = {title, told.source, *(href for href, _ in told.links)}
    for name, text in (*_words_in(told.details), *told.labels.items()):
        if text and text not in said and len(facts) < MOST:
            facts.setdefault(name, text[:LONGEST])
    return tuple(facts.items())


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
