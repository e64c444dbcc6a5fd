"""What is asked all the time, or by everybody, can go by its index, however long the history is."""

from tests.communications.telling import Telling
from tests.plans.planning import indexes, parameters, planned, whole

from oncall.communications.store import cadences, deliveries, subscribers, updates

# Ten of each are unfinished or wanted, hundreds are history.
HISTORY = """
    INSERT INTO published_incidents SELECT gen_random_uuid(), i.id, 't', CASE WHEN n < 10 THEN 'identified' ELSE 'resolved' END,
        ARRAY[md5(format('service %s', n % 50))::uuid], now(), now()
    FROM (SELECT id, row_number() OVER () AS n FROM incidents) i;
    INSERT INTO status_updates (id, incident_id, published_id, audience, state, text, html, author, at)
    SELECT gen_random_uuid(), p.incident_id, p.id, 'public', 'identified', 't', 't', '{}', now()
    FROM published_incidents p, generate_series(1, 3);
    INSERT INTO update_clocks SELECT id, now(), 'PT30M', false, 0, now(), CASE WHEN random() < 0.005 THEN now() END FROM incidents;
    INSERT INTO subscribers (id, service_id, incident_id, kind, address, audience, confirmed_at, author, created_at)
    SELECT gen_random_uuid(), NULL, i.id, 'email', format('a%s@b.example', n), 'public', now(), '{}', now()
    FROM incidents i, generate_series(1, 2) n;
    INSERT INTO update_deliveries
    SELECT gen_random_uuid(), NULL, s.id, 'email', s.address, CASE WHEN n < 10 THEN 'pending' ELSE 'sent' END, '', 0,
        CASE WHEN n < 10 THEN now() END, now(), now(), CASE WHEN n >= 10 THEN now() END
    FROM (SELECT id, address, row_number() OVER () AS n FROM subscribers) s;
    ANALYZE;
"""
INCIDENTS = """
    INSERT INTO incidents OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(i,
        jsonb_build_object('id', gen_random_uuid(), 'number', 1000 + n, 'status', 'closed', 'next_at', null))).*
    FROM incidents i, generate_series(1, 300) n
"""
SAID = {
    "now": "now()",
    "due_by": "now()",
    "lease_until": "now()",
    "limit": "20",
    "before": "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
    "after": "'00000000-0000-0000-0000-000000000000'",
    "incident_id": "md5('x')::uuid",
    "service_id": "NULL",
    "team_id": "NULL",
    "is_public": "true",
    "service_ids": "ARRAY[md5('service 7')::uuid]",
    "team_ids": "ARRAY[md5('team 7')::uuid]",
    "ids": "ARRAY[md5('x')::uuid]",
}


ASKED = {
    "due messages": (deliveries.CLAIM, "update_deliveries", "update_deliveries_next_at_idx"),
    "the next message": (deliveries.NEXT_AT, "update_deliveries", "update_deliveries_next_at_idx"),
    "updates that are owed": (cadences.CLAIM, "update_clocks", "update_clocks_next_at_idx"),
    "the next that is owed": (cadences.NEXT_AT, "update_clocks", "update_clocks_next_at_idx"),
    "updates of an incident": (updates.LIST, "status_updates", "status_updates_incident_idx"),
    "what was published of one": (updates.LIST_PUBLISHED, "status_updates", "status_updates_published_idx"),
    "what is open": (updates.UNRESOLVED, "published_incidents", "published_incidents_unresolved_idx"),
    "what is over": (updates.PAST, "published_incidents", "published_incidents_services_idx"),
    "who follows an incident": (subscribers.LIST, "subscribers", "subscribers_incident_idx"),
    "who is told": (subscribers.CONCERNED, "subscribers", "subscribers_incident_idx"),
}


async def test_it_can_go_by_its_index(telling: Telling) -> None:
    wrong = {}
    async with telling.system.node.database.transaction() as tx:
        await tx.exec_driver_sql(INCIDENTS)
        for part in HISTORY.split(";\n"):
            if part.strip():
                await tx.exec_driver_sql(part)
        await tx.exec_driver_sql("SET LOCAL enable_seqscan = off")  # of few rows all are read sooner
        for what, (statement, table, index) in ASKED.items():
            await tx.exec_driver_sql(f"REINDEX INDEX {index}")  # whatever was there before, or waits to be put into its place
            await tx.exec_driver_sql(f"ANALYZE {table}")
            plan = await planned(tx, statement, [SAID[name] for name in parameters(statement)])
            if index not in indexes(plan) or table in whole(plan):
                wrong[what] = (indexes(plan), whole(plan))
        await tx.rollback()
    assert wrong == {}
