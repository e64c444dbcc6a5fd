"""What is asked all the time goes by its partial index, so that a long history costs nothing."""

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import md5
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import ClauseElement, Select
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from tests import databases
from tests.conftest import START
from tests.plans.planning import Node, indexes, parameters, planned, whole
from tests.system import System, to

from oncall.desk.store import promises
from oncall.heartbeats.store import heartbeats
from oncall.incidents.store import alert_lists, alerts, change_events, event_lists, events, impact, incidents, lookup, mails
from oncall.incidents.values import Severity
from oncall.incidents.values.alerts import AlertFilter, EventFilter
from oncall.incidents.values.changes import ChangeFilter
from oncall.kit.clock import ManualClock
from oncall.kit.db import Pool
from oncall.kit.ids import IncidentId, IntegrationId, ServiceId
from oncall.notifications.store import editing, pages, receipts, sending, travelling, updates
from oncall.postmortems.store import action_items
from oncall.simulate.store import previewing as simulate

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
        'id', gen_random_uuid(), 'incident_id', md5(format('incident %s', n)), 'dedup_key', format('key %s', n),
        'integration_id', md5(format('integration %s', n % 50)), 'severity', CASE n % 100 WHEN 0 THEN 'info' ELSE 'critical' END)
        || CASE WHEN n > 40 THEN '{"state": "resolved", "resolved_at": "2026-03-01T12:00:00Z"}' ELSE '{}'::jsonb END)).*
    FROM alerts a, generate_series(1, 2040) n
    """,
    """
    INSERT INTO events SELECT (jsonb_populate_record(e, jsonb_build_object(
        'id', gen_random_uuid(), 'alert_id', md5(format('alert %s', n % 50)),
        'delivery_id', CASE WHEN n % 2 = 0 THEN format('delivery %s', n) END))).*
    FROM events e, generate_series(1, 2040) n
    """,
    """
    INSERT INTO change_events
    SELECT gen_random_uuid(), md5(format('service %s', n % 50))::uuid, md5(format('integration %s', n % 50))::uuid,
        timestamptz '2026-03-01T12:00:00Z' + n * interval '1 minute', '2026-03-02T12:00:00Z', 'deploy', '', '{}', '[]', '{}'
    FROM generate_series(1, 2040) n
    """,
    """
    INSERT INTO postmortems SELECT md5('postmortem')::uuid, NULL, 'P', 'B', '{}', 'draft', 'Ana', timestamptz '2026-03-01T12:00:00Z', 'Ana',
        '2026-03-01T12:00:00Z', NULL, NULL, 1
    """,
    """
    INSERT INTO action_items SELECT md5(format('action item %s', n))::uuid, md5('postmortem')::uuid, 'A', '', NULL, 'P1',
        timestamptz '2026-03-02T12:00:00Z', CASE WHEN n > 40 THEN 'done' ELSE 'open' END, NULL, 'Ana', timestamptz '2026-03-01T12:00:00Z',
        NULL, CASE WHEN n > 40 THEN timestamptz '2026-03-02T12:00:00Z' END,
        CASE WHEN n <= 40 THEN timestamptz '2026-03-02T12:00:00Z' END, NULL, 1
    FROM generate_series(1, 2040) n
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
    """
    INSERT INTO heartbeats SELECT (jsonb_populate_record(h, jsonb_build_object(
        'id', gen_random_uuid(), 'name', format('beat %s', n), 'key_hash', format('\\x%s%s', md5(format('%s', n)), md5('')))
        || CASE WHEN n > 40 THEN '{}' ELSE '{"last_check_in_at": "2026-03-02T12:00:00Z", "silent_since": "2026-03-02T12:00:00Z",
            "counts_from": "2026-03-02T12:00:00Z", "next_at": "2026-03-02T12:11:00Z"}'::jsonb END)).*
    FROM heartbeats h, generate_series(1, 2040) n
    """,
    """
    INSERT INTO incident_records (incident_id, description, risks, priority_reason, resolution_text, marks, resolve_by, next_at)
    SELECT md5(format('incident %s', n))::uuid, '', '{}', '', '', '{}', CASE WHEN n <= 40 THEN timestamptz '2026-03-02T12:00:00Z' END,
        CASE WHEN n <= 40 THEN timestamptz '2026-03-02T12:00:00Z' END
    FROM generate_series(1, 2040) n
    """,
    """
    INSERT INTO bundles SELECT md5(format('bundle %s', n))::uuid, md5(format('message %s', n))::uuid, md5('user 1')::uuid,
        '2026-03-01T12:00:00Z' FROM generate_series(1, 2040) n
    """,
    """
    INSERT INTO bundle_incidents SELECT md5(format('bundle %s', n))::uuid, md5(format('incident %s', 1 + (n + m) % 2040))::uuid, 1, 1
    FROM generate_series(1, 2040) n, generate_series(1, 5) m
    """,
    "ANALYZE incidents, alerts, events, change_events, pages, notices, notifications, heartbeats, incident_records",
    "ANALYZE bundles, bundle_incidents",
    """
    INSERT INTO reporter_mails (id, incident_id, became, address, at, heard_by, message_id, proves)
    SELECT gen_random_uuid(), md5(format('incident %s', n))::uuid, CASE n % 3 WHEN 0 THEN 'sent' WHEN 1 THEN 'note' ELSE 'incident' END,
        format('kim-%s@customer.example', n % 200), timestamptz '2026-03-02T12:00:00Z' - n * interval '1 minute',
        CASE WHEN n % 3 > 0 THEN md5(format('integration %s', n % 50))::uuid END,
        CASE WHEN n % 3 > 0 THEN format('<%s@customer.example>', n) END, n % 10 = 0
    FROM generate_series(1, 2040) n
    """,
    "ANALYZE reporter_mails",
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
    "engaged": "CAST(ARRAY[] AS text[])",
    "updates": "8",
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
    "id": "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    "most": "10001",
    "ids": "ARRAY[CAST('{service_id}' AS uuid)]",
    "incident_ids": "ARRAY[md5('incident 50')::uuid]",
    "incident_id": "md5('incident 50')::uuid",
    "alert_id": "md5('alert 7')::uuid",
    "after": "'00000000-0000-0000-0000-000000000000'",
    "before": "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    "methods": "ARRAY[md5('method 1')::uuid]",
    "soon": "'2026-03-02T13:01:00Z'",
    "users": "ARRAY[md5('user 1')::uuid]",
    "about": "ARRAY[md5('incident 50')::uuid]",
    "among": "ARRAY[md5('incident 50')::uuid]",
    "since": "'2026-03-02T12:50:00Z'",
    "storm_since": "'2026-03-02T12:55:00Z'",
    "minute_since": "'2026-03-02T12:59:00Z'",
    "provider_id": "'their-id-1'",
    "cycle": "1",
    "round": "1",
    "step": "0",
    "at": "'2026-03-02T13:00:00Z'",
    "states": "ARRAY['resolved']",
    "may_reopen": "ARRAY[true]",
    "said": "ARRAY['resolved by Ana']",
    "channels": "ARRAY['slack', 'telegram']",
    "message_id": "'<7@customer.example>'",
    "message_ids": "ARRAY['<7@customer.example>', '<8@customer.example>']",
    "heard_by": "md5('integration 7')::uuid",
    "address": "'kim-7@customer.example'",
    "hour": "'2026-03-02T12:00:00Z'",
    "day": "'2026-03-01T13:00:00Z'",
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
    made = await system.service([to(await system.user("Ana"))])
    await system.event(made["key"])
    await system.make("heartbeats", name="backup", service_id=made["service"]["id"], interval="PT10M")
    async with system.node.database.transaction() as tx:
        for statement in HISTORY:
            await tx.exec_driver_sql(statement)
    yield system
    await system.stop()


def named(name: str) -> UUID:
    """As `md5(…)::uuid` has it."""
    return UUID(md5(name.encode(), usedforsecurity=False).hexdigest())


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
            await tx.exec_driver_sql(f"SET LOCAL plan_cache_mode = {mode}")
            looked = [
                node["Relation Name"]
                for node in await planned(tx, events.FIND_EVENT, [f"'{event}'"], options="ANALYZE, ")
                if node.get("Relation Name", "").startswith("event_bodies") and node["Actual Loops"]
            ]
            assert looked == ["event_bodies_of_5"]
        await tx.rollback()


async def explain(tx: AsyncConnection, statement: ClauseElement, mode: str) -> list[Node]:
    """Its plan, with parameters that the planner knows or not."""
    [[service_id]] = await tx.exec_driver_sql("SELECT id FROM services")
    said = {name: f"'{value}'" for name, value in statement.compile(dialect=PGDialect_asyncpg()).params.items() if value is not None}
    await tx.exec_driver_sql(f"SET LOCAL plan_cache_mode = {mode}")
    return await planned(tx, statement, [said.get(name) or VALUES[name].format(service_id=service_id) for name in parameters(statement)])


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize(
    ("statement", "table", "index"),
    [
        pytest.param(incidents.CLAIM_SKIPPING, "incidents", "incidents_next_at_idx", id="due incidents"),
        pytest.param(incidents.CLAIM_WAITING, "incidents", "incidents_next_at_idx", id="overdue incidents"),
        pytest.param(incidents.NEXT_AT, "incidents", "incidents_next_at_idx", id="the next incident"),
        pytest.param(incidents.WAKE_RISING, "incidents", "incidents_rises_at_idx", id="what waits for support hours"),
        pytest.param(impact.OPEN, "incidents", "incidents_open_idx", id="what is open on services"),
        pytest.param(promises.DUE, "incident_records", "incident_records_next_at_idx", id="due marks"),
        pytest.param(promises.NEXT_AT, "incident_records", "incident_records_next_at_idx", id="the next mark"),
        pytest.param(mails.HEARD, "reporter_mails", "reporter_mails_heard_once", id="a mail that was heard before"),
        pytest.param(mails.CONVERSATION, "reporter_mails", "reporter_mails_heard_once", id="a conversation"),
        pytest.param(mails.HEARD_LATELY, "reporter_mails", "reporter_mails_address_idx", id="mails of a sender lately"),
        pytest.param(mails.HEARD_LATELY, "reporter_mails", "reporter_mails_heard_by_idx", id="mails at an address of ours lately"),
        pytest.param(mails.SENT_LATELY, "reporter_mails", "reporter_mails_address_idx", id="mails to an address lately"),
        pytest.param(mails.SENT_LATELY, "reporter_mails", "reporter_mails_proven_idx", id="whether somebody reads there"),
        pytest.param(mails.LAST_HEARD, "reporter_mails", "reporter_mails_incident_idx", id="a reporter's last mail"),
        pytest.param(mails.WROTE_SINCE, "reporter_mails", "reporter_mails_incident_idx", id="whether a reporter wrote since"),
        pytest.param(mails.FOLLOWER, "incidents", "incidents_follows_idx", id="what follows an incident"),
        pytest.param(sending.CLAIM, "notifications", "notifications_next_at_idx", id="due notifications"),
        pytest.param(sending.CLAIM, "pages", "pages_pkey", id="what a due notification is about, being a page's"),
        pytest.param(sending.CLAIM, "notices", "notices_pkey", id="what a due notification is about, being a notice's"),
        pytest.param(travelling.CLAIM_ALONG, "notifications", "notifications_gathering_idx", id="what may travel along"),
        pytest.param(pages.LATELY, "pages", "pages_user_idx", id="what a person was paged for lately"),
        pytest.param(receipts.BY_PROVIDER, "attempts", "attempts_provider_idx", id="what a provider's receipt is about"),
        pytest.param(updates.PAGED, "notifications", "notifications_once_per_position_and_contact_method", id="who was paged"),
        pytest.param(updates.EARLIER, "notices", "notices_incident_idx", id="what they were told"),
        pytest.param(sending.NEXT_AT, "notifications", "notifications_next_at_idx", id="the next notification"),
        pytest.param(sending.STAND_IN, "notifications", "notifications_once_per_position_and_contact_method", id="what stands in"),
        pytest.param(editing.WANT, "bundle_incidents", "bundle_incidents_incident_idx", id="the lists an incident is in"),
        pytest.param(editing.NEXT_AT, "list_standings", "list_standings_new_idx", id="what is new of a list"),
        pytest.param(action_items.CLAIM_SKIPPING, "action_items", "action_items_next_at_idx", id="due action items"),
        pytest.param(action_items.CLAIM_WAITING, "action_items", "action_items_next_at_idx", id="overdue action items"),
        pytest.param(heartbeats.CLAIM_SKIPPING, "heartbeats", "heartbeats_next_at_idx", id="due heartbeats"),
        pytest.param(heartbeats.CLAIM_WAITING, "heartbeats", "heartbeats_next_at_idx", id="overdue heartbeats"),
        pytest.param(heartbeats.NEXT_AT, "heartbeats", "heartbeats_next_at_idx", id="the next heartbeat"),
        pytest.param(incidents.WAKE_HELD_AMONG, "incidents", "incidents_pkey", id="what is held of these incidents"),
        pytest.param(alerts.OPEN, "alerts", "alerts_one_open_per_key", id="open alerts"),
        pytest.param(alerts.OPEN_FOR, "alerts", "alerts_one_open_per_key", id="open alerts of a key anywhere"),
        pytest.param(alerts.MET, "alerts", "alerts_one_open_per_key", id="alerts that events meet"),
        pytest.param(alerts.MET, "alerts", "alerts_resolved_idx", id="alerts that they reopen"),
        pytest.param(alerts.AMONG, "alerts", "alerts_correlated_idx", id="alerts that name other events"),
        pytest.param(events.LIST_EVENTS, "events", "events_alert_idx", id="events of an incident"),
        pytest.param(events.LATEST_OF, "events", "events_alert_idx", id="an alert's newest events"),
        pytest.param(events.TRIGGERS_UNTIL, "events", "events_alert_idx", id="how many triggers an alert had had"),
        pytest.param(events.DELIVERED, "events", "events_once_per_delivery", id="deliveries that came before"),
        pytest.param(lookup.NEWEST, "alerts", "alerts_service_idx", id="a service's newest alerts"),
        pytest.param(lookup.BY_KEY, "alerts", "alerts_resolved_idx", id="alerts by their alias"),
    ],
)
async def test_claims_and_look_ups_use_their_partial_index(
    old: System, statement: ClauseElement, table: str, index: str, mode: str
) -> None:
    async with old.node.database.transaction() as tx:
        plan = await explain(tx, statement, mode)
    assert index in indexes(plan)
    assert table not in whole(plan)


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
async def test_what_is_held_is_found_among_all_that_is_due_later(old: System, mode: str) -> None:
    async with old.node.database.transaction(Pool.ENGINE) as tx:
        plan = await explain(tx, incidents.WAKE_HELD, mode)
    read = [node for node in plan if node["Node Type"].startswith(("Index", "Seq")) and node.get("Relation Name") == "incidents"]
    assert {node["Index Name"] for node in read if "Index Cond" not in node} <= {"incidents_held_idx", "incidents_held_step_idx"}
    assert {"incidents_held_idx", "incidents_held_step_idx"} <= indexes(plan)


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
async def test_a_preview_of_what_would_be_muted_reads_open_alerts_only(old: System, mode: str) -> None:
    async with old.node.database.transaction() as tx:
        plan = await explain(tx, simulate.OPEN, mode)
    assert OPEN_ONES & indexes(plan)
    assert "alerts" not in whole(plan)


MIDDLE, LAST = UUID(int=2**127), UUID(int=2**128 - 1)
SERVICE, INTEGRATION, INCIDENT = ServiceId(named("service 7")), IntegrationId(named("integration 7")), IncidentId(named("incident 50"))
OPEN_ONES = {"alerts_open_idx", "alerts_one_open_per_key"}
OPEN_OF_INTEGRATION = AlertFilter(integration_id=INTEGRATION, is_open=True)
KEY_OF_SERVICE = AlertFilter(ServiceId(LAST), dedup_key="key 50", is_open=False)
ALERTS = [
    pytest.param(AlertFilter(), {"alerts_pkey"}, id="all"),
    pytest.param(AlertFilter(ServiceId(LAST)), {"alerts_service_idx"}, id="a service"),
    pytest.param(AlertFilter(incident_id=INCIDENT), {"alerts_incident_idx"}, id="an incident"),
    pytest.param(AlertFilter(integration_id=INTEGRATION), {"alerts_integration_idx"}, id="an integration"),
    pytest.param(AlertFilter(dedup_key="key 50"), {"alerts_dedup_key_idx"}, id="a key"),
    pytest.param(AlertFilter(is_open=True), OPEN_ONES, id="open"),
    pytest.param(AlertFilter(is_open=False), {"alerts_pkey"}, id="resolved"),
    pytest.param(AlertFilter(severity=Severity.INFO), {"alerts_severity_idx"}, id="a severity"),
    pytest.param(AlertFilter(ServiceId(LAST), is_open=True), OPEN_ONES, id="open of a service"),
    pytest.param(AlertFilter(incident_id=INCIDENT, severity=Severity.INFO), {"alerts_incident_idx"}, id="a severity of an incident"),
    pytest.param(KEY_OF_SERVICE, {"alerts_dedup_key_idx", "alerts_resolved_idx"}, id="a key of a service"),
    pytest.param(OPEN_OF_INTEGRATION, {*OPEN_ONES, "alerts_integration_idx"}, id="open of an integration"),
]


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize(("asked", "allowed"), ALERTS)
async def test_each_list_of_alerts_has_its_index(old: System, asked: AlertFilter, allowed: set[str], mode: str) -> None:
    async with old.node.database.transaction() as tx:
        [[service_id]] = await tx.exec_driver_sql("SELECT id FROM services")
        asked = replace(asked, service_id=asked.service_id and service_id)
        plan = await explain(tx, alert_lists.newest(asked, before=LAST, limit=51), mode)
    used = {node["Index Name"] for node in plan if str(node.get("Index Name", "")).startswith("alerts")}
    assert used
    assert used <= allowed
    assert "alerts" not in whole(plan)


HOUR = EventFilter(since=START, until=START + timedelta(hours=1))
BY_KEY = {"alerts_dedup_key_idx", "events_alert_idx", "events_without_alert_idx"}


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize(
    ("asked", "indexes"),
    [
        pytest.param(EventFilter(), {"events_pkey"}, id="all"),
        pytest.param(HOUR, {"events_pkey"}, id="a range"),
        pytest.param(replace(HOUR, service_id=SERVICE, integration_id=INTEGRATION), {"events_pkey"}, id="a range of an integration"),
        pytest.param(EventFilter(dedup_key="key 50"), BY_KEY, id="a key"),
        pytest.param(replace(HOUR, dedup_key="key 50"), BY_KEY, id="a range of a key"),
    ],
)
async def test_each_list_of_events_has_its_indexes(old: System, asked: EventFilter, indexes: set[str], mode: str) -> None:
    async with old.node.database.transaction() as tx:
        plan = await explain(tx, event_lists.newest(asked, before=LAST, limit=51), mode)
    assert {node["Index Name"] for node in plan if "Index Name" in node} == indexes
    assert "Seq Scan" not in {node["Node Type"] for node in plan}


async def test_a_range_of_events_is_a_range_of_their_ids(old: System) -> None:
    async with old.node.database.transaction() as tx:
        plan = await explain(tx, event_lists.newest(HOUR, before=LAST, limit=51), "force_custom_plan")
    [condition] = {node["Index Cond"] for node in plan if "Index Cond" in node}
    assert "id < " in condition
    assert "id >= " in condition, "what came before it is not looked through"


@pytest.mark.parametrize("mode", ["force_generic_plan", "force_custom_plan"])
@pytest.mark.parametrize(
    ("asked", "index"),
    [
        pytest.param(ChangeFilter(), "change_events_occurred_at_idx", id="all"),
        pytest.param(ChangeFilter(since=START), "change_events_occurred_at_idx", id="a range"),
        pytest.param(ChangeFilter(SERVICE), "change_events_service_idx", id="a service"),
        pytest.param(
            ChangeFilter(SERVICE, since=START - timedelta(days=7), until=START + timedelta(days=7)),
            "change_events_service_idx",
            id="a range of a service",
        ),
        pytest.param(ChangeFilter(integration_id=INTEGRATION), "change_events_integration_idx", id="an integration"),
    ],
)
async def test_each_list_of_changes_has_its_index(old: System, asked: ChangeFilter, index: str, mode: str) -> None:
    for after in (None, MIDDLE):
        async with old.node.database.transaction() as tx:
            wanted: Select[Any] = change_events.newest(asked, after=after, limit=51)
            plan = await explain(tx, wanted, mode)
        assert index in indexes(plan)
        assert "Seq Scan" not in {node["Node Type"] for node in plan}
