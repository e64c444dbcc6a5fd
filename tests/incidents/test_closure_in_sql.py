"""What a resolved incident waits for is said twice: by the rule for one, and in SQL for a list. Both say the same of every record."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.incidents.test_filing import reported
from tests.system import System

from oncall.desk.rules.closing import closure_of
from oncall.desk.store.records import save_record
from oncall.desk.values import Closure, Process, Record, Reporter, ReporterKind
from oncall.incidents.rules.filing import resolved_as
from oncall.incidents.store.incidents import list_incidents
from oncall.incidents.values import Incident, Status
from oncall.kit.db import Pool
from oncall.kit.ids import IncidentId

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOMENTS = st.sampled_from([AT - timedelta(microseconds=1), AT, AT + timedelta(hours=1)])
REPORTERS = st.none() | st.builds(
    Reporter, st.just("Kim"), st.sampled_from(ReporterKind), st.sampled_from(["", "+351 21 000 0000", "kim@customer.example", "@"])
)
CLOSURES = st.none() | st.tuples(st.sampled_from(Closure), MOMENTS)
STATES = st.sampled_from([Status.TRIGGERED, Status.RESOLVED, Status.CLOSED])
STAND = text("""
    UPDATE incidents SET status = said, process = :process, resolved_at = CASE WHEN said <> 'triggered' THEN CAST(:at AS timestamptz) END,
        closed_at = CASE WHEN said = 'closed' THEN CAST(:at AS timestamptz) END, acknowledged_at = NULL, acknowledged_by = NULL,
        escalation_state = CASE WHEN said = 'triggered' THEN 'running' ELSE 'stopped' END,
        next_at = CASE WHEN said = 'triggered' THEN CAST(:at AS timestamptz) END,
        step_at = CASE WHEN said = 'triggered' THEN CAST(:at AS timestamptz) END
    FROM (VALUES (CAST(:status AS text))) AS v (said)
    WHERE id = :id
""")


@pytest.fixture
async def id(system: System) -> IncidentId:
    _, _, id = await reported(system)
    return IncidentId(UUID(id))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STATES, st.sampled_from(Process), REPORTERS, CLOSURES, st.booleans())
async def test_a_list_finds_what_the_rule_says(
    system: System,
    id: IncidentId,
    status: Status,
    process: Process,
    reporter: Reporter | None,
    closure: tuple[Closure, datetime] | None,
    has_record: bool,
) -> None:
    record = Record(id, reporter=reporter)
    if closure is not None:
        record = replace(record, closure=closure[0], closure_since=closure[1])
    async with system.node.database.transaction(Pool.API) as tx:
        await tx.execute(STAND, {"id": id, "status": status.value, "process": process.value, "at": AT})
        await tx.execute(text("DELETE FROM incident_records"))
        if has_record:
            await save_record(tx, record)
        found = [one for one in Closure if await _listed(tx, [one])]
        [incident] = await _listed(tx, None)
    said = closure_of(resolved_as(incident, None), record if has_record else None, process)
    assert found == ([said] if said else [])


async def _listed(tx: AsyncConnection, closures: list[Closure] | None) -> list[Incident]:
    nothing: dict[str, Any] = dict.fromkeys(("statuses", "states", "service_ids", "dedup_key", "priorities", "sla"))
    return await list_incidents(tx, before=UUID(int=2**128 - 1), closures=closures, limit=5, **nothing)
