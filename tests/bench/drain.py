"""The drain of due escalations: every decision by the pure rules, beside one SQL statement that decides nothing and writes the same rows;
and with an old snapshot held open, beside without.

In this process, on a PostgreSQL of its own, so that nothing else is measured: the engine's own source of due incidents, set by set.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.cli.listening import RARELY
from oncall.engine import SetSource
from oncall.escalation.values import Policy, Snapshot, Step, Target, TargetType
from oncall.incidents.compiled import Judging
from oncall.incidents.due import DueIncidents
from oncall.kit import schema
from oncall.kit.clock import DatabaseClock
from oncall.kit.compiled import Exact
from oncall.kit.db import Database, plain_dsn
from oncall.kit.embedded import open_server
from oncall.kit.ids import PolicyId
from oncall.services.commands import ROUTING, load_routing
from oncall.silences.commands.muting import MUTING, load_mutings
from oncall.silences.rules.muting import Mutings
from tests.bench.table import Result, Spread
from tests.bench.world import LostOrDoubled
from tests.clients.installing import NotInstalled, install
from tests.clients.programs import run

ROUNDS = 5
DUE = 20_000
"""Of each side in each round: a hundred thousand in all."""
QUICK = 4_000

QUEUES = "pgqueuer", "procrastinate"
JOBS = 1_000

A_DAY, LATER = timedelta(days=1), timedelta(hours=12)

# Two people, each with one verified contact method that is used twelve hours later, so that every page is written and none is sent.
PERSON = """
    INSERT INTO users (id, name, email, time_zone, org_roles, created_at)
    VALUES ($1, $2::text, $2::text || '@example.com', 'UTC', '{}', clock_timestamp())
"""
METHOD = """
    INSERT INTO contact_methods (id, user_id, channel, address, verified_at, created_at)
    VALUES ($1, $2, 'webhook', $3, clock_timestamp(), clock_timestamp())
"""
RULE = """
    INSERT INTO notification_rules (id, user_id, urgency, delay, contact_method_id, created_at)
    VALUES ($1, $2, 'high', $3, $4, clock_timestamp())
"""
STEPS = """
    INSERT INTO escalation_steps (policy_id, position, delay) SELECT $1, n, interval '1 day' FROM generate_series(0, 1) n
"""
POLICY = """
    INSERT INTO escalation_policies (id, name, repeat, escalate_low, created_at) VALUES ($1, 'climbing', 2, false, clock_timestamp())
"""
SERVICE = """
    INSERT INTO services (id, name, escalation_policy_id, urgency, reopen_window, created_at)
    VALUES ($1, 'climbing', $2, 'high', '15 minutes', clock_timestamp())
"""
# Open for five minutes, their first step has fired, and the second is due: one after the other within the last second.
INCIDENTS = """
    INSERT INTO incidents (id, service_id, title, status, severity, urgency, policy_snapshot, cycle, round, step, on_fallback,
        escalation_state, escalation_reason, escalation_since, step_at, next_at, ack_timeout, reopen_window, triggered_at)
    SELECT gen_random_uuid(), $1, 'DiskWillFillIn4Hours on db-' || n, 'triggered', 'critical', 'high', $2::text::jsonb, 1, 1, 1, false,
        'running', 'step 1 fired', now() - interval '5 minutes', now() - n * interval '50 microseconds',
        now() - n * interval '50 microseconds', '30 minutes', '15 minutes', now() - interval '5 minutes'
    FROM generate_series(1, $3::int) n
"""
ALERTS = """
    INSERT INTO alerts (id, service_id, incident_id, integration_id, dedup_key, state, severity, acknowledged, summary, source, labels,
        links, details, event_count, first_seen_at, last_seen_at)
    SELECT gen_random_uuid(), service_id, id, id, id::text, 'open', severity, false, title, 'db-1.example.com',
        '{"job": "node", "instance": "db-1:9100"}', '[]', '{"mount": "/var/lib/postgresql"}', 1, triggered_at, triggered_at FROM incidents
"""
# What the rules decide here is known: one statement writes the same rows into the same tables, a set of the same size at a time.
BARE = """
    WITH due AS (
        SELECT id, cycle, round, step FROM incidents WHERE next_at <= clock_timestamp()
        ORDER BY next_at LIMIT 1000 FOR NO KEY UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE incidents i SET step = 2, escalation_reason = 'step 2 of policy climbing fired in round 1',
            step_at = clock_timestamp() + interval '1 day', next_at = clock_timestamp() + interval '1 day'
        FROM due WHERE i.id = due.id RETURNING i.id
    ), paged AS (
        INSERT INTO pages (id, incident_id, user_id, user_name, cycle, round, step, reason, subject, until_resolved, created_at)
        SELECT gen_random_uuid(), due.id, m.user_id, 'Ana', 1, 1, 1, 'step 2 of policy climbing: named in the step',
            jsonb_build_object('number', 1, 'title', 'DiskWillFillIn4Hours on db-1', 'service', 'climbing', 'severity', 'critical',
                'urgency', 'high', 'triggered_at', '2026-03-02T12:00:00Z', 'source', 'db-1.example.com',
                'labels', '{"job": "node", "instance": "db-1:9100"}'::jsonb, 'links', '[]'::jsonb), false, clock_timestamp()
        FROM due CROSS JOIN contact_methods m RETURNING id, incident_id, user_id
    ), told AS (
        INSERT INTO notifications (id, page_id, contact_method_id, channel, address, nth, urgency, due_at, next_at, incident_id, user_id,
            cycle, round, step, status, reason, attempt, may_have_arrived, created_at)
        SELECT gen_random_uuid(), p.id, m.id, 'webhook', m.address, 1, 'high', clock_timestamp() + interval '12 hours',
            clock_timestamp() + interval '12 hours', p.incident_id, p.user_id, 1, 1, 1, 'pending',
            'step 2 of policy climbing: named in the step', 0, false, clock_timestamp()
        FROM paged p JOIN contact_methods m ON m.user_id = p.user_id
    ), kept AS (
        INSERT INTO timeline_entries (id, incident_id, at, kind, actor_kind, actor_name, via, reason, detail)
        SELECT gen_random_uuid(), due.id, clock_timestamp(), kind, 'engine', 'oncall', 'engine', kind || ': step 2 of policy climbing',
            '{"cycle": 1, "round": 1, "step": 1, "because": "by their own rules", "ways": [{"channel": "webhook"}], "reachable": true}'
        FROM due CROSS JOIN unnest(ARRAY['step_fired', 'paged', 'paged']) kind
    ) SELECT count(*) FROM due
"""
# Open as well, and in the middle of their delay: nothing of them is due.
OTHERS = """
    INSERT INTO incidents (id, service_id, title, status, severity, urgency, policy_snapshot, cycle, round, step, on_fallback,
        escalation_state, escalation_reason, escalation_since, step_at, next_at, ack_timeout, reopen_window, triggered_at)
    SELECT gen_random_uuid(), $1, 'DiskWillFillIn4Hours on db-' || n, 'triggered', 'critical', 'high', $2::text::jsonb, 1, 1, 1, false,
        'running', 'step 1 fired', now() - interval '5 minutes', now() + interval '1 day', now() + interval '1 day', '30 minutes',
        '15 minutes', now() - interval '5 minutes'
    FROM generate_series(1, $3::int) n
"""
LEFT = """
    SELECT (SELECT count(*) FROM pages) AS pages, (SELECT count(DISTINCT (incident_id, user_id)) FROM pages) AS paged,
        (SELECT count(*) FROM notifications) AS messages, (SELECT count(*) FROM timeline_entries) AS entries,
        (SELECT count(*) FROM incidents WHERE step = 2 AND next_at > clock_timestamp()) AS moved
"""


@dataclass(frozen=True, slots=True)
class Drained:
    """A database with nothing in it but a service, its policy and the two people whom that pages."""

    db: asyncpg.Connection
    database: Database
    source: SetSource[object]
    service_id: UUID
    snapshot: str

    async def ours(self) -> float:
        """Seconds until the engine finds nothing due any more."""
        begun = time.perf_counter()
        while (await self.source.run()).handled:
            pass
        return time.perf_counter() - begun

    async def bare(self) -> float:
        begun = time.perf_counter()
        while await self.db.fetchval(BARE):
            pass
        return time.perf_counter() - begun

    async def among(self, others: int, *, due: int, more: int = 0) -> list[float]:
        """Rows a second of each of some rounds, with so many others open; `more` of them are new."""
        await self.db.execute(OTHERS, self.service_id, self.snapshot, more, timeout=600)
        await self.db.execute("VACUUM ANALYZE incidents", timeout=600)
        rates = []
        for _ in range(ROUNDS):
            await self.db.execute("TRUNCATE alerts, pages, notifications, timeline_entries CASCADE")
            # Nothing refers to them any more; asking a million others whether they do would take an hour.
            await self.db.execute(
                "SET session_replication_role = replica; DELETE FROM incidents WHERE step = 2; RESET session_replication_role"
            )
            await self.db.execute(INCIDENTS, self.service_id, self.snapshot, due)
            await self.db.execute("ANALYZE incidents")
            rates.append(due / await self.ours())
            pages, _, messages, _, moved = await self.db.fetchrow(LEFT, timeout=600)
            if (pages, messages, moved) != (2 * due, 2 * due, due):
                raise LostOrDoubled(f"of {due} due among {others}: {pages} pages, {messages} messages, {moved} moved")
        return rates

    async def round(self, drain: Callable[[], Awaitable[float]], *, due: int = DUE) -> float:
        """Rows a second; each is decided, paged and told exactly once, or the run fails."""
        await self.db.execute("TRUNCATE incidents, alerts, pages, notifications, timeline_entries CASCADE")
        await self.db.execute(INCIDENTS, self.service_id, self.snapshot, due)
        await self.db.execute(ALERTS)
        await self.db.execute("ANALYZE incidents, alerts, pages, notifications, timeline_entries")
        taken = await drain()
        left = tuple(await self.db.fetchrow(LEFT))
        if left != (2 * due, 2 * due, 2 * due, 3 * due, due):
            raise LostOrDoubled(f"of {due} due escalations are pages, people, messages, timeline entries and incidents: {left}")
        return due / taken


@asynccontextmanager
async def drained(folder: Path) -> AsyncIterator[Drained]:
    """The garbage collector looks as rarely as in a node that has started."""
    server, often = await asyncio.to_thread(open_server, folder), gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARELY)
    try:
        await asyncio.to_thread(schema.migrate, server.dsn)
        db = await asyncpg.connect(plain_dsn(server.dsn))
        service_id, snapshot = await _settings(db)
        database, clock = Database(server.dsn), DatabaseClock()
        mutings = Exact(MUTING, lambda tx: _mutings(clock, tx), clock.about)
        judging = Judging(mutings, Exact(ROUTING, load_routing, clock.about))
        source = SetSource(DueIncidents(judging), database=database, clock=clock, every=timedelta(seconds=1), relies=True)
        yield Drained(db, database, source, service_id, snapshot)  # type: ignore[arg-type]
        await db.close()
        await database.close()
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()
        await asyncio.to_thread(server.close)


async def _mutings(clock: DatabaseClock, tx: AsyncConnection) -> Mutings:
    return await load_mutings(tx, now=await clock.now(tx))


async def _settings(db: asyncpg.Connection) -> tuple[UUID, str]:
    """The id of the service, and the snapshot with which its incidents triggered."""
    policy_id, service_id, targets = PolicyId(uuid4()), uuid4(), []
    for name in ("Ana", "Ben"):
        user_id, method_id = uuid4(), uuid4()
        await db.execute(PERSON, user_id, name)
        await db.execute(METHOD, method_id, user_id, f"https://hooks.example.com/{name}")
        await db.execute(RULE, uuid4(), user_id, LATER, method_id)
        targets.append(Target(TargetType.USER, user_id))
    await db.execute(POLICY, policy_id)
    await db.execute(STEPS, policy_id)
    await db.execute(SERVICE, service_id, policy_id)
    steps = (Step(A_DAY, tuple(targets[:1])), Step(A_DAY, tuple(targets)))
    return service_id, msgspec.json.encode(Snapshot(Policy(policy_id, "climbing", None, 2, steps))).decode()


async def beside_sql(folder: Path, *, due: int = DUE) -> list[Result]:
    """P11 and P16, in turn in the same database."""
    async with drained(folder) as there:
        await there.round(there.ours, due=2_000)
        rates: dict[str, list[float]] = {"ours": [], "bare": [], "held": []}
        for n in range(ROUNDS):
            sides = [("ours", there.ours), ("bare", there.bare), ("held", there.ours)]
            for name, drain in sides if n % 2 else sides[::-1]:
                async with _old_snapshot(there, held=name == "held"):
                    rates[name].append(await there.round(drain, due=due))
    ours, bare, held = (Spread(tuple(rates[name])) for name in ("ours", "bare", "held"))
    against = Spread(tuple(a / b for a, b in zip(ours.rounds, bare.rounds, strict=True)))
    under = Spread(tuple(a / b for a, b in zip(held.rounds, ours.rounds, strict=True)))
    note = f"due escalations/s, each with 2 pages, 2 messages and 3 timeline entries: ours {ours}, bare SQL {bare}; {ROUNDS} × {due:,}"
    return [Result("P11", (against,), (note,)), Result("P16", (under,), (f"with an old snapshot held {held}/s, without {ours}/s",))]


async def among_a_million(folder: Path) -> list[Result]:
    """P15d: the first rounds with ten thousand others open, then as many more as make a million."""
    few, many = 10_000, 1_000_000
    async with drained(folder) as there:
        await there.round(there.ours, due=2_000)
        await there.db.execute("TRUNCATE incidents, alerts, pages, notifications, timeline_entries CASCADE")
        before = Spread(tuple(await there.among(few, due=QUICK, more=few)))
        after = Spread(tuple(await there.among(many, due=QUICK, more=many - few)))
    against = Spread(tuple(a / b for a, b in zip(sorted(after.rounds), sorted(before.rounds), strict=True)))
    return [Result("P15d", (against,), (f"due escalations/s among {many:,} {after}, among {few:,} {before}; {ROUNDS} × {QUICK:,} each",))]


async def beside_queues(folder: Path) -> list[Result]:
    """P12: pages a second, each escalation two of them, and each job of a queue one; in turn on the same server."""
    try:
        kit = await install("queues")
    except NotInstalled as error:
        return [Result("P12", skipped=str(error).strip().splitlines()[-1])]
    rates: dict[str, list[float]] = {name: [] for name in ("ours", *QUEUES)}
    async with drained(folder) as there:
        await there.round(there.ours, due=2_000)
        for n in range(ROUNDS):
            for name in (*rates,)[:: 1 if n % 2 else -1]:
                ours = 2 * await there.round(there.ours, due=5_000) if name == "ours" else 0.0
                rates[name].append(ours or JOBS / await _queue(f"{kit.folder}/bin/python", name, there.database.dsn))
    ratios = [Spread(tuple(a / b for a, b in zip(rates["ours"], rates[name], strict=True))) for name in QUEUES]
    said = ", ".join(f"{name} {kit.versions.get(name, '')} {Spread(tuple(its))}".replace("  ", " ") for name, its in rates.items())
    return [Result("P12", tuple(ratios), (f"pages/s: {said}; ours with messages and timeline; {ROUNDS} rounds",))]


async def _queue(python: str, name: str, dsn: str) -> float:
    """Seconds that its worker took."""
    script = Path(__file__).with_name("queues.py")
    said = await run(python, f"{script}", name, dsn, f"{JOBS}", timeout=300)
    return float(said.strip().splitlines()[-1])


@asynccontextmanager
async def _old_snapshot(there: Drained, *, held: bool) -> AsyncIterator[None]:
    """Somebody reads in a transaction that began before anything was due, and goes on and on."""
    if not held:
        yield
        return
    old = await asyncpg.connect(there.database.dsn)
    try:
        await old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1")
        await old.fetchval("SELECT txid_current_snapshot()::text")
        yield
    finally:
        await old.close()
