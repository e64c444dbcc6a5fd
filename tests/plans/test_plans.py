"""What is asked all the time goes by its partial index, so that a long history costs nothing."""

import json
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from tests import databases
from tests.conftest import START
from tests.system import System, to

from oncall.incidents.store import alerts, events, incidents, lookup
from oncall.kit.clock import ManualClock
from oncall.notifications.store import sending
from oncall.simulate import store as simulate

# One of each was made by an event; of its copies forty are unfinished, as on a bad day, and two thousand are history.
HISTORY = [
    """
    INSERT INTO incidents OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(i, jsonb_build_object('id', md5(format('incident %s', n)), 'number', 1000 + n)
        || CASE WHEN n > 40 THEN '{"status": "closed", "next_at": null}' ELSE '{}'::jsonb END)).*
    FROM incidents i, generate_series(1, 2040) n
    """,
    """
    INSERT INTO alerts SELECT (jsonb_populate_record(a, jsonb_build_object(
        'id', gen_random_uuid(), 'incident_id', md5(format('incident %s', n)), 'dedup_key', format('key %s', n))
        || CASE WHEN n > 40 THEN '{"state": "resolved", "resolved_at": "2026-03-01T12:00:00Z"}' ELSE '{}'::jsonb END)).*
    FROM alerts a, generate_series(1, 2040) n
    """,
    """
    INSERT INTO events SELECT (jsonb_populate_record(e, jsonb_build_object(
        'id', gen_random_uuid(), 'delivery_id', CASE WHEN n % 2 = 0 THEN format('delivery %s', n) END))).*
    FROM events e, generate_series(1, 2040) n
    """,
    """
    INSERT INTO pages SELECT (jsonb_populate_record(p, jsonb_build_object(
        'id', md5(format('page %s', n)), 'incident_id', md5(format('incident %s', n))))).*
    FROM pages p, generate_series(1, 2040) n
    """,
    """
    INSERT INTO notices
    SELECT md5(format('notice %s', n))::uuid, gen_random_uuid(), 'Ana', 'handoff', 'low', format('topic %s', n), 'You are on call',
        '{"paragraphs": [], "links": []}', '2026-03-01T12:00:00Z', NULL
    FROM generate_series(1, 2040) n
    """,
    """
    INSERT INTO notifications SELECT (jsonb_populate_record(m, jsonb_build_object('id', gen_random_uuid()) || about || CASE
        WHEN n > 40 THEN '{"status": "sent", "next_at": null}'
        ELSE '{"status": "pending", "next_at": "2026-03-02T12:00:00Z"}'::jsonb END)).*
    FROM notifications m, generate_series(1, 2040) n, LATERAL (VALUES
        (jsonb_build_object('page_id', md5(format('page %s', n)), 'incident_id', md5(format('incident %s', n)))),
        (jsonb_build_object('notice_id', md5(format('notice %s', n)), 'urgency', 'low')
            || '{"page_id": null, "incident_id": null, "cycle": null, "round": null, "step": null}')) AS made (about)
    """,
    "ANALYZE incidents, alerts, pages, notices, notifications",
]

VALUES = {
    "due_by": "'2026-03-02T13:00:00Z'",
    "now": "'2026-03-02T13:00:00Z'",
    "lease_until": "'2026-03-02T13:00:30Z'",
    "up_to": "1000",
    "limit": "32",
    "each": "4",
    "channel": "'email'",
    "busy": "CAST(ARRAY[] AS text[])",
    "service_ids": "array_fill(CAST('{service_id}' AS uuid), ARRAY[5])",
    "service_id": "'{service_id}'",
    "dedup_key": "'key 50'",
    "amongs": 'array_fill(CAST(\'{{"resource": "x", "correlate": ["y"]}}\' AS jsonb), ARRAY[5])',
    "integration_ids": "array_fill(CAST('{service_id}' AS uuid), ARRAY[5])",
    "delivery_ids": "ARRAY['1', '2', '3', '4', '5']",
    "labels": "'{{}}'",
    "is_open": "NULL",
    "acknowledged": "NULL",
    "words": "CAST(ARRAY[] AS text[])",
    "offset": "0",
    "dedup_keys": "ARRAY['key 1', 'key 2', 'key 3', 'key 50', 'key 60']",
}


@pytest.fixture(scope="module")
def url(server_dsn: str, template: str) -> Iterator[str]:
    with databases.fresh_database(server_dsn, template, f"oncall_test_{os.getpid()}_plans") as url:
        yield url


@pytest.fixture(scope="module")
async def old(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system with a long history."""
    system = System(url, ManualClock(START), tmp_path_factory.mktemp("plans"))
    await system.start()
    await system.event((await system.service([to(await system.user("Ana"))]))["key"])
    async with system.node.database.transaction() as tx:
        for statement in HISTORY:
            await tx.exec_driver_sql(statement)
    yield system
    await system.stop()


def nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes(below)


async def test_an_event_and_its_body_are_found_in_one_partition(old: System) -> None:
    """Of ten months only the one that the event came in is looked into."""
    async with old.node.database.transaction() as tx:
        for month in range(3, 13):
            from_, to_ = f"2030-{month:02}-01", f"2030-{month + 1:02}-01" if month < 12 else "2031-01-01"
            await tx.exec_driver_sql(
                f"CREATE TABLE event_bodies_of_{month} PARTITION OF event_bodies FOR VALUES FROM ('{from_}') TO ('{to_}')"
            )
        [[id]] = await tx.exec_driver_sql("UPDATE event_bodies SET received_at = '2030-05-05' RETURNING id")
        await tx.exec_driver_sql(f"UPDATE events SET received_at = '2030-05-05' WHERE body_id = '{id}'")
        [[event]] = await tx.exec_driver_sql(f"SELECT id FROM events WHERE body_id = '{id}' LIMIT 1")
        for mode in ("force_generic_plan", "force_custom_plan"):
            compiled = events.FIND_EVENT.compile(dialect=PGDialect_asyncpg())
            await tx.exec_driver_sql(f"SET LOCAL plan_cache_mode = {mode}")
            await tx.exec_driver_sql(f"PREPARE found AS {compiled}")
            [[plan]] = await tx.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE found('{event}')")
            await tx.exec_driver_sql("DEALLOCATE found")
            looked = [
                node["Relation Name"]
                for node in nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
                if node.get("Relation Name", "").startswith("event_bodies") and node["Actual Loops"]
            ]
            assert looked == ["event_bodies_of_5"]
        await tx.rollback()


async def explain(tx: AsyncConnection, statement: ClauseElement, mode: str) -> list[Mapping[str, Any]]:
    """Every node of the plan that a statement gets, prepared as asyncpg does it, with parameters that the planner knows or not."""
    compiled = statement.compile(dialect=PGDialect_asyncpg())
    [[service_id]] = await tx.exec_driver_sql("SELECT id FROM services")
    values = ", ".join(VALUES[name].format(service_id=service_id) for name in compiled.positiontup or ())
    await tx.exec_driver_sql(f"SET LOCAL plan_cache_mode = {mode}")
    await tx.exec_driver_sql(f"PREPARE asked AS {compiled}")
    [[plan]] = await tx.exec_driver_sql(f"EXPLAIN (FORMAT JSON) EXECUTE asked{f'({values})' * bool(values)}")
    await tx.exec_driver_sql("DEALLOCATE asked")
    return list(nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize(
    ("statement", "table", "index"),
    [
        pytest.param(incidents.CLAIM_SKIPPING, "incidents", "incidents_next_at_idx", id="due incidents"),
        pytest.param(incidents.CLAIM_WAITING, "incidents", "incidents_next_at_idx", id="overdue incidents"),
        pytest.param(incidents.NEXT_AT, "incidents", "incidents_next_at_idx", id="the next incident"),
        pytest.param(sending.CLAIM, "notifications", "notifications_next_at_idx", id="due notifications"),
        pytest.param(sending.CLAIM, "pages", "pages_pkey", id="what a due notification is about, being a page's"),
        pytest.param(sending.CLAIM, "notices", "notices_pkey", id="what a due notification is about, being a notice's"),
        pytest.param(sending.NEXT_AT, "notifications", "notifications_next_at_idx", id="the next notification"),
        pytest.param(alerts.OPEN, "alerts", "alerts_one_open_per_key", id="open alerts"),
        pytest.param(alerts.REOPENABLE, "alerts", "alerts_resolved_idx", id="alerts that may reopen"),
        pytest.param(alerts.AMONG, "alerts", "alerts_correlated_idx", id="alerts that name other events"),
        pytest.param(events.DELIVERED, "events", "events_once_per_delivery", id="deliveries that came before"),
        pytest.param(lookup.NEWEST, "alerts", "alerts_service_idx", id="a service's newest alerts"),
        pytest.param(simulate.OPEN, "alerts", "alerts_one_open_per_key", id="open alerts that a silence would mute"),
        pytest.param(lookup.BY_KEY, "alerts", "alerts_resolved_idx", id="alerts by their alias"),
    ],
)
async def test_claims_and_look_ups_use_their_partial_index(
    old: System, statement: ClauseElement, table: str, index: str, mode: str
) -> None:
    async with old.node.database.transaction() as tx:
        plan = await explain(tx, statement, mode)
    assert index in {node.get("Index Name") for node in plan}
    assert table not in {node.get("Relation Name") for node in plan if node["Node Type"] == "Seq Scan"}
