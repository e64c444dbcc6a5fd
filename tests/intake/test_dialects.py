"""Every body that somebody else wrote, and what we must read in it: state, severity, identity, title."""

import pytest
from tests.intake.dialects import clouds, code, metrics, paging, servers, uptime
from tests.intake.dialects.table import Body, all_bodies, events_of

from oncall.intake.commands.dialects import DIALECTS
from oncall.services.values import IntegrationType

GROUPS = (metrics, clouds, uptime, servers, code, paging)
BODIES = [row for group in GROUPS for row in group.BODIES]
CASES = [case for group in GROUPS for case in group.CASES]


def check(row: Body, type: str) -> None:
    found = events_of(row, type)
    assert [(e.action.value, e.severity.value) for e in found] == [(action, severity) for action, severity, _, _ in row.events]
    for event, (_, _, key, title) in zip(found, row.events, strict=True):
        assert event.dedup_key == (key or str(event.id))
        assert title in (None, event.summary)
        assert not event.unreadable
        assert row.why is None or event.reason == row.why
        assert (event.action.value != "ignore") or event.reason, "what is ignored says why"


@pytest.mark.parametrize("row", BODIES, ids=lambda row: row.id)
def test_what_a_body_says(row: Body) -> None:
    check(row, row.type)


@pytest.mark.parametrize("row", [row for row in BODIES if row.by_itself], ids=lambda row: row.id)
def test_a_generic_integration_knows_it_by_itself(row: Body) -> None:
    check(row, "generic")


@pytest.mark.parametrize(("type", "firing", "resolved"), CASES, ids=[f"{type}:{firing}" for type, firing, _ in CASES])
def test_what_fires_and_what_resolves_it_meet_in_one_alert(type: str, firing: str, resolved: str) -> None:
    rows = {row.name: row for row in BODIES if row.type == type}
    fires, resolves = events_of(rows[firing]), events_of(rows[resolved])
    assert "trigger" in {e.action.value for e in fires}
    assert {e.action.value for e in resolves} == {"resolve"}
    assert {e.dedup_key for e in fires} >= {e.dedup_key for e in resolves}
    assert not any(e.dedup_key == str(e.id) for e in resolves), "an identity that nothing else has meets nothing"


def test_every_real_body_is_in_a_table() -> None:
    if not all_bodies():
        pytest.skip("../shared/payloads is absent")
    assert sorted(set(all_bodies()) - {row.name for row in BODIES}) == []


@pytest.mark.parametrize("row", BODIES, ids=lambda row: row.id)
def test_a_body_is_of_one_dialect_only(row: Body) -> None:
    """Whoever knows a body must be the one that reads it, whatever the order in which they are asked."""
    from tests.intake.dialects.table import requested
    from tests.intake.payloads import body

    from oncall.intake.commands import received_as
    from oncall.intake.rules import decode

    headers, path = requested(row.name)
    headers |= {key.lower(): value for key, value in row.headers.items()}
    received = received_as(body(row.name), headers=headers, path=row.path or path, at=row.at)
    knowing = {dialect.type.value for dialect in DIALECTS.values() if dialect.knows(decode(received), received)}
    assert knowing <= {row.type}, "each body in the tables has one dialect; make `knows` stricter"
    assert not row.by_itself or row.type == "generic" or knowing == {row.type}


@pytest.mark.parametrize("type", list(IntegrationType), ids=str)
def test_every_type_of_integration_has_a_dialect_whose_example_it_reads(type: IntegrationType) -> None:
    dialect = DIALECTS[type]
    from tests.intake.payloads import events

    for event in events(type.value, dialect.example.encode()):
        assert not event.unreadable
