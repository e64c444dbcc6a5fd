"""What is asked once a second, and for each message, goes by its index, so that a long history costs nothing."""

from sqlalchemy import text
from tests.communications.rooming import Rooming
from tests.plans.planning import indexes, parameters, planned, whole

from oncall.communications.store import mirrors, rooms
from oncall.kit.db import Database
from oncall.timeline import store as timeline

HISTORY = [
    """
    INSERT INTO timeline_entries (id, incident_id, at, kind, actor_kind, actor_name, via, reason, detail, xact)
    SELECT gen_random_uuid(), '{incident}', '2026-03-01T12:00:00Z', 'sent', 'engine', 'oncall', 'engine', '', '{{}}',
        CASE WHEN n > 2000 THEN n END FROM generate_series(1, 10000) n
    """,
    """
    INSERT INTO room_messages (id, incident_id, seq, text, posted_by, posted_at, mentions)
    SELECT md5(n::text)::uuid, '{incident}', n, 'x', '{{}}', '2026-03-01T12:00:00Z', '{{}}' FROM generate_series(1, 5000) n
    """,
    """
    INSERT INTO room_entries (incident_id, seq, kind, message_id, text, by, at)
    SELECT incident_id, seq, 'posted', id, text, posted_by, posted_at FROM room_messages
    """,
    """
    INSERT INTO incidents OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(i, jsonb_build_object('id', md5(format('old %s', n)), 'number', 900000 + n, 'status', 'closed',
        'next_at', NULL))).* FROM incidents i, generate_series(1, 3000) n WHERE i.id = '{incident}'
    """,
    """
    INSERT INTO room_mirrors (incident_id, channel, wanted_seq, mirrored_seq, next_at, attempt, failures)
    SELECT md5(format('old %s', n))::uuid, 'C', 1, 1, CASE WHEN n < 10 THEN timestamptz '2026-03-02T12:00:00Z' END, 1, 0
    FROM generate_series(1, 3000) n
    """,
    "ANALYZE timeline_entries, room_messages, room_entries, room_mirrors",
]
VALUES = {
    "xact": "9000",
    "seq": "9000",
    "horizon": "9500",
    "limit": "200",
    "before": "NULL",
    "now": "'2026-03-02T13:00:00Z'",
    "lease_until": "'2026-03-02T13:00:30Z'",
    "incident_id": "'{incident}'",
    "incident_ids": "ARRAY['{incident}'::uuid]",
    "afters": "ARRAY[4990::bigint]",
    "message_id": "md5('7')::uuid",
}


ASKED = {
    "what happened to all incidents since": (timeline.COMMITTED, "timeline_entries", "timeline_entries_xact_idx"),
    "what was done in rooms since": (rooms.ENTRIES, "room_entries", "room_entries_pkey"),
    "the newest messages": (rooms.LIST, "room_messages", "room_messages_are_numbered_by_incident"),
    "what is forgotten of a deleted message": (rooms.FORGET, "room_entries", "room_entries_message_idx"),
    "rooms that are behind": (mirrors.CLAIM, "room_mirrors", "room_mirrors_next_at_idx"),
    "when the next one is due": (mirrors.NEXT_AT, "room_mirrors", "room_mirrors_next_at_idx"),
}


async def test_a_long_history_costs_nothing(rooming: Rooming, database: Database) -> None:
    wrong = {}
    async with database.transaction() as tx:
        await tx.execute(text("SET LOCAL statement_timeout = '60s'"))
        for line in HISTORY:
            await tx.exec_driver_sql(line.format(incident=rooming.incident))
        await tx.exec_driver_sql("SET LOCAL plan_cache_mode = force_generic_plan")
        for what, (statement, table, index) in ASKED.items():
            plan = await planned(tx, statement, [VALUES[name].format(incident=rooming.incident) for name in parameters(statement)])
            if index not in indexes(plan) or table in whole(plan):
                wrong[what] = (indexes(plan), whole(plan))
        await tx.rollback()
    assert wrong == {}
