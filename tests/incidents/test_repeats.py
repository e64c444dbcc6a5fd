"""Repeats are decided by what their alert was a moment ago, and stored only if it still is."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.intake.test_gate import event, open_gate
from tests.system import System, to

from oncall.incidents.commands import repeats
from oncall.incidents.commands.repeats import OpenLately
from oncall.incidents.values import Alert, Severity
from oncall.kit.db import Database
from oncall.kit.ids import AlertId, IncidentId, ServiceId, new_id

STATES = text("SELECT state, event_count, severity, labels ->> 'host' AS host FROM alerts ORDER BY id")
LAST = text("""
    SELECT e.incident_id = a.incident_id AS follows FROM events e JOIN alerts a ON a.id = e.alert_id ORDER BY e.id DESC LIMIT 1
""")
MOVED = """
    INSERT INTO incidents OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(i, jsonb_build_object('id', gen_random_uuid(), 'number', 1000000))).* FROM incidents i;
    UPDATE alerts SET incident_id = (SELECT id FROM incidents WHERE number = 1000000)
"""


@pytest.fixture
async def service_id(system: System) -> ServiceId:
    made = await system.service([to(await system.user("Ana"))])
    return ServiceId(UUID(made["service"]["id"]))


@pytest.mark.parametrize(
    ("meanwhile", "decision", "states"),
    [
        pytest.param("SELECT 1", "deduplicated", [("open", 3, "critical", "a")], id="nothing happened"),
        pytest.param("UPDATE alerts SET event_count = 10", "deduplicated", [("open", 11, "critical", "a")], id="another node counted"),
        pytest.param("UPDATE alerts SET severity = 'warning'", "deduplicated", [("open", 3, "critical", "a")], id="it was less grave"),
        pytest.param("UPDATE alerts SET labels = '{}'", "deduplicated", [("open", 3, "critical", "a")], id="relabelled"),
        pytest.param(MOVED, "deduplicated", [("open", 3, "critical", "a")], id="it was merged into another incident"),
        pytest.param("UPDATE alerts SET watched = true", "deduplicated", [("open", 3, "critical", "a")], id="each trigger counts"),
        pytest.param(
            "UPDATE alerts SET state = 'resolved', resolved_at = now() - interval '1 day'; UPDATE incidents SET status = 'closed'",
            "opened",
            [("resolved", 2, "critical", "a"), ("open", 1, "critical", "a")],
            id="it is over",
        ),
    ],
)
async def test_what_happened_meanwhile_is_seen(
    database: Database, database_url: str, service_id: ServiceId, meanwhile: str, decision: str, states: list[Any]
) -> None:
    def again() -> Any:
        return event(service_id, "disk", labels={"host": "a"})

    async with open_gate(database_url) as made:
        for _ in range(2):
            await made.accept([again()])
        assert list(made._open_lately._alerts), "it is remembered"
        async with database.transaction() as tx:
            for statement in meanwhile.split(";\n") if meanwhile is MOVED else meanwhile.split("; "):
                await tx.exec_driver_sql(statement)
        assert [one.decision for one in await made.accept([again()])] == [decision]
        async with database.transaction() as tx:
            assert [tuple(row) for row in await tx.execute(STATES)] == states
            assert (await tx.execute(LAST)).one().follows, "it is said of the incident that its alert is in by now"


async def test_what_is_about_to_change_is_forgotten(database_url: str, service_id: ServiceId) -> None:
    """Else all that comes after a change would be taken for another one."""
    async with open_gate(database_url) as made:
        for severity in (Severity.CRITICAL, Severity.CRITICAL, Severity.WARNING):
            await made.accept([event(service_id, "disk", severity=severity)])
        assert not made._open_lately._alerts
        await made.accept([event(service_id, "disk", severity=Severity.WARNING)])
        assert [alert.severity for alert in made._open_lately._alerts.values()] == [Severity.WARNING]


def test_so_many_alerts_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "ALERTS_KEPT", 2)
    lately, service_id = OpenLately(), ServiceId(new_id())
    keys = [(service_id, name) for name in "abc"]
    for key in keys:
        lately.keep({key: Alert(AlertId(new_id()), *key, True, Severity.INFO, False, IncidentId(new_id()))})
    assert list(lately.find(keys)) == keys[1:]
    large = Alert(AlertId(new_id()), service_id, "d", True, Severity.INFO, False, IncidentId(new_id()), labels={"text": "x" * 2_000})
    lately.keep({(service_id, "d"): large})
    assert list(lately.find([*keys, (service_id, "d")])) == keys[1:], "what says much is read each time"
    lately.forget(keys)
    assert lately.find(keys) == {}
