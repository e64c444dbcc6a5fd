"""Every real body with each of its parts replaced by rubbish: no adapter fails on it, or changes it."""

import copy
from collections.abc import Iterator
from contextlib import suppress

import pytest
from tests.intake.dialects import clouds, code, metrics, paging, servers, uptime
from tests.intake.dialects.table import Body, received_of
from tests.intake.payloads import events

from oncall.intake.commands import DIALECTS
from oncall.intake.rules import decode
from oncall.intake.values import Received, Unreadable

RUBBISH: tuple[object, ...] = (None, "", "x", 7, True, [], {}, [7], {"x": [None]})
ROWS = [row for group in (metrics, clouds, uptime, servers, code, paging) for row in group.BODIES]


def damaged(value: object) -> Iterator[object]:
    """The value with one of its parts replaced, or left out; lists are damaged in their first element only."""
    yield from RUBBISH
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {other: said for other, said in value.items() if other != name}
            for worse in damaged(inner):
                yield value | {name: worse}
    if isinstance(value, list) and value:
        for worse in damaged(value[0]):
            yield [worse, *value[1:]]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_damaged_body_is_read_or_told_to_be_unreadable(row: Body) -> None:
    received = received_of(row)
    own = next(dialect for dialect in DIALECTS.values() if dialect.type.value == row.type)
    bare = Received(received.content_type, b"", received.headers, path=received.path)
    for n, value in enumerate(damaged(decode(received))):
        before = copy.deepcopy(value) if n % 50 == 0 else None
        own.knows(value, bare)
        with suppress(Unreadable):
            assert own.read(value, bare), value
        assert before is None or before == value, "an adapter changes nothing"


def test_what_has_a_dialects_names_but_not_what_they_stand_for_is_read_as_somebodys_own() -> None:
    raw = b'{"message_type": null, "entity_id": "db-1/disk", "state_message": "Disk full", "status": "resolved"}'
    for type in ("generic", "victorops", "pingdom"):
        (event,) = events(type, raw)
        assert (event.action.value, event.dedup_key, event.unreadable) == ("resolve", "db-1/disk", False)
