"""Group commit: one commit for many, one bad event hurts nobody else, nothing is lost, nothing counts twice."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.intake.postgres_proxy import PostgresProxy
from tests.system import System, to

from oncall.incidents.commands import escalate
from oncall.incidents.compiled import Judging
from oncall.incidents.values import Action, Body, Decided, Event, Severity
from oncall.intake.commands import Gate, Overloaded, gate, shedding
from oncall.intake.commands.waiting import Bounds
from oncall.kit import failpoints
from oncall.kit.clock import DatabaseClock, ManualClock
from oncall.kit.compiled import Exact
from oncall.kit.db import SIZES, Database, Pool
from oncall.kit.ids import EventId, IntegrationId, ServiceId, new_id
from oncall.services.commands.routing import load_routing
from oncall.services.values import IntegrationRef, IntegrationType
from oncall.silences.rules.muting import Mutings, compile_mutings

COUNTS = text("""
    SELECT (SELECT count(*) FROM events) AS events, (SELECT count(DISTINCT xmin::text) FROM events) AS commits,
        (SELECT count(*) FROM alerts) AS alerts, (SELECT coalesce(sum(event_count), 0) FROM alerts) AS counted,
        (SELECT count(*) FROM incidents) AS incidents, (SELECT count(*) FROM event_bodies) AS bodies
""")
LOCK = text("SELECT id FROM incidents WHERE title = :title FOR NO KEY UPDATE")
# Of this database only: other workers' tests share the server.
TERMINATE = text("""
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'oncall intake' AND state <> 'idle'
""")
DROP = text("DELETE FROM services WHERE id = :id")


async def _nothing_mutes(_: Any) -> Mutings:
    return compile_mutings([], [], [], now=datetime(2026, 3, 2, tzinfo=UTC))


ABOUT = ManualClock(datetime(2026, 3, 2, tzinfo=UTC)).about
UNMUTED = Judging(Exact("muting", _nothing_mutes, ABOUT), Exact("routing", load_routing, ABOUT))


@pytest.fixture
async def service_id(system: System) -> ServiceId:
    """A service with a policy that pages Ana; its own gate stays idle."""
    made = await system.service([to(await system.user("Ana"))])
    return ServiceId(UUID(made["service"]["id"]))


@pytest.fixture(autouse=True)
def _no_failpoints() -> Any:
    yield
    failpoints.arm("")


def event(service_id: ServiceId, key: str = "disk", *, action: str = "trigger", **more: Any) -> Event:
    body = Body(new_id(), "application/json", b"{}")
    ids = EventId(new_id()), IntegrationId(new_id())
    return replace(Event(*ids, "prod", service_id, Action(action), key, Severity.CRITICAL, f"title of {key}", body), **more)


@asynccontextmanager
async def open_gate(url: str, *, command_timeout: float = 8.0, bounds: Bounds | None = None) -> AsyncIterator[Gate]:
    """A gate with connections of its own."""
    size, statement_timeout, _ = SIZES[Pool.INTAKE]
    database = Database(url, sizes=SIZES | {Pool.INTAKE: (size, statement_timeout, command_timeout)})
    made = Gate(database, DatabaseClock(), UNMUTED, bounds=bounds)
    made.start()
    try:
        yield made
    finally:
        await made.stop()
        await database.close()


async def counts(database: Database) -> Any:
    async with database.transaction() as tx:
        return (await tx.execute(COUNTS)).one()


async def outcomes(*accepted: Any) -> list[Any]:
    """Decisions as words, refusals as their exception's name."""
    found = await asyncio.gather(*accepted, return_exceptions=True)
    return [[d.decision.value for d in one] if isinstance(one, list) else type(one).__name__ for one in found]


async def test_concurrent_requests_share_a_commit(database: Database, database_url: str, service_id: ServiceId) -> None:
    async with open_gate(database_url, bounds=Bounds(batch_events=300)) as made:
        await asyncio.gather(*(made.accept([event(service_id, f"key {n % 10}")]) for n in range(300)))
    found = await counts(database)
    assert (found.events, found.alerts, found.counted, found.incidents) == (300, 10, 300, 10)
    assert found.commits == 1


async def test_a_batch_has_bounds_and_its_order_is_kept(database: Database, database_url: str, service_id: ServiceId) -> None:
    async with open_gate(database_url, bounds=Bounds(batch_events=4, batch_bytes=100)) as made:
        asked = [[event(service_id, f"{n}.{m}") for m in range(n % 3 + 1)] for n in range(6)]  # 1, 2, 3, 1, 2, 3 events
        big = event(service_id, "big", body=Body(new_id(), "", b"x" * 200))
        decided = await asyncio.gather(*(made.accept(events) for events in [*asked, [big]]))
    assert [[d.dedup_key for d in one] for one in decided] == [[e.dedup_key for e in events] for events in [*asked, [big]]]
    assert (await counts(database)).commits == 5  # 1+2, 3+1, 2, 3, and the big one


async def test_one_bad_event_is_quarantined_and_the_others_of_its_batch_and_of_its_body_succeed(
    database: Database, database_url: str, service_id: ServiceId
) -> None:
    bad = [event(service_id, "bad", summary="\x00"), event(service_id, "bad", summary="\ud800"), event(service_id, labels={"a": "\x00"})]
    async with open_gate(database_url) as made:
        asked = [[event(service_id, f"good {n}")] for n in range(20)]
        asked[7].append(bad[0])
        asked[7].append(event(service_id, "after"))
        asked[13] = [bad[1]]
        asked[17] = [bad[2]]
        found = await outcomes(*(made.accept(events) for events in asked))
    expected = [["opened"] for _ in range(20)]
    expected[7], expected[13], expected[17] = ["opened", "unreadable", "opened"], ["unreadable"], ["unreadable"]
    assert found == expected
    counted = await counts(database)
    assert (counted.events, counted.alerts, counted.counted) == (22, 20, 22), "18 + after + one for all that is unreadable"


async def test_a_service_that_is_gone_takes_nothing_with_it(system: System, database: Database, database_url: str) -> None:
    ana = to(await system.user("Ana"))
    gone, stays = [ServiceId(UUID((await system.service([ana]))["service"]["id"])) for _ in range(2)]
    async with database.transaction() as tx:
        await tx.execute(DROP, {"id": gone})
    async with open_gate(database_url) as made:
        its, others = await outcomes(made.accept([event(gone)]), made.accept([event(stays)]))
        assert (its in ("Unavailable", ["ignored"]), others) == (True, ["opened"])
        assert await outcomes(made.accept([event(stays)])) == [["deduplicated"]], "and the gate goes on"


async def test_two_gates_that_open_the_same_keys_at_once_lose_and_double_nothing(
    database: Database, database_url: str, service_id: ServiceId
) -> None:
    async with open_gate(database_url) as one, open_gate(database_url) as other:
        found: list[Any] = []
        for run in range(8):
            keys = [f"{run}.{n}" for n in range(15)]
            asked = [made.accept([event(service_id, key)]) for key in keys for made in (one, other, one)]
            found += await outcomes(*asked)
    assert {word for [word] in found} == {"opened", "deduplicated"}
    assert found.count(["opened"]) == 120
    counted = await counts(database)
    assert (counted.events, counted.alerts, counted.counted, counted.incidents) == (360, 120, 360, 120)


async def test_two_gates_that_trigger_and_resolve_at_once_keep_every_event(
    database: Database, database_url: str, service_id: ServiceId
) -> None:
    async with open_gate(database_url) as one, open_gate(database_url) as other:
        actions = ("trigger", "resolve", "trigger", "acknowledge")
        asked = [
            made.accept([event(service_id, f"{n % 5}", action=actions[(n + turn) % 4])])
            for n in range(100)
            for turn, made in enumerate((one, other))
        ]
        found = await outcomes(*asked)
    assert all(isinstance(one, list) for one in found), found
    assert (await counts(database)).events == 200


@pytest.mark.parametrize("mode", ["lose_answer", "lose_commit"])
async def test_a_commit_of_unknown_fate_counts_once(database: Database, database_url: str, service_id: ServiceId, mode: str) -> None:
    async with PostgresProxy(database_url) as proxy, open_gate(proxy.url) as made:
        await made.accept([event(service_id, "old")])
        proxy.mode = mode
        asked = [made.accept([event(service_id, key)]) for key in ("old", "new", "new")]
        assert await outcomes(*asked) == [["deduplicated"], ["opened"], ["deduplicated"]]
        assert proxy.mode == "pass", "it happened"
        assert await outcomes(made.accept([event(service_id, "old")])) == [["deduplicated"]]
    found = await counts(database)
    assert (found.events, found.bodies, found.alerts, found.counted, found.incidents) == (5, 5, 2, 5, 2)


async def test_a_backend_that_is_killed_before_its_commit_is_replaced(database: Database, database_url: str, service_id: ServiceId) -> None:
    async with open_gate(database_url) as made:
        failpoints.arm("intake.pre_commit=delay:0.3")
        asked = asyncio.gather(*(made.accept([event(service_id, f"{n}")]) for n in range(5)))
        await asyncio.sleep(0.15)
        async with database.transaction() as tx:
            assert (await tx.execute(TERMINATE)).all()
        failpoints.arm("")
        assert [[d.decision.value for d in one] for one in await asked] == [["opened"]] * 5
    assert (await counts(database)).counted == 5


async def test_without_a_database_senders_are_told_at_once_to_come_again_and_it_heals_by_itself(
    database_url: str, service_id: ServiceId
) -> None:
    async with PostgresProxy(database_url) as proxy, open_gate(proxy.url) as made:
        await made.accept([event(service_id)])
        proxy.mode = "refuse"
        proxy.cut()
        async with asyncio.timeout(3):
            assert set(await outcomes(*(made.accept([event(service_id)]) for _ in range(20)))) == {"Unavailable"}
        proxy.mode = "pass"
        assert await outcomes(made.accept([event(service_id)])) == [["deduplicated"]]


async def test_a_network_that_swallows_everything_is_given_up_and_it_heals_by_itself(
    database: Database, database_url: str, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oncall.kit.db.CONNECT_TIMEOUT", 2.0)
    async with PostgresProxy(database_url) as proxy, open_gate(proxy.url, command_timeout=0.3) as made:
        await made.accept([event(service_id)])
        proxy.mode = "blackhole"
        lost = asyncio.gather(made.accept([event(service_id)]), return_exceptions=True)
        await asyncio.sleep(1)
        proxy.mode = "pass"
        await lost
        for _ in range(5):
            assert await outcomes(made.accept([event(service_id)])) == [["deduplicated"]]


async def test_what_somebody_keeps_locked_holds_up_only_its_own_events(
    database: Database, database_url: str, service_id: ServiceId
) -> None:
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "stuck"), event(service_id, "free")])
        async with database.transaction() as holder:
            assert (await holder.execute(LOCK, {"title": "title of stuck"})).all()
            asked = [made.accept([event(service_id, key, action="resolve")]) for key in ("stuck", "free")]
            asked += [made.accept([event(service_id, f"{n}")]) for n in range(30)]
            found = await outcomes(*asked)
        assert found == ["Unavailable", ["resolved"], *[["opened"]] * 30]
        assert await outcomes(made.accept([event(service_id, "stuck", action="resolve")])) == [["resolved"]]


async def test_a_full_queue_refuses_at_once_whoever_comes_again(database: Database, service_id: ServiceId) -> None:
    made = Gate(database, DatabaseClock(), UNMUTED, bounds=Bounds(events=4, bytes=8))
    waits = event(service_id)
    asked = [asyncio.create_task(made.accept(events, comes_again=True)) for events in ([waits, event(service_id)], [event(service_id)] * 2)]
    asked.append(asyncio.create_task(made.accept([event(service_id, body=Body(new_id(), "", b"12345"))], comes_again=True)))
    await asyncio.sleep(0)
    assert [task.done() for task in asked] == [False, True, True], "two events and two bytes wait; four events or seven bytes would not"
    made.start()
    await made.stop()
    assert await outcomes(*asked) == [["opened", "deduplicated"], "Overloaded", "Overloaded"]


async def test_whoever_would_not_come_again_waits_for_room(database: Database, service_id: ServiceId) -> None:
    made = Gate(database, DatabaseClock(), UNMUTED, bounds=Bounds(events=4))
    asked = [asyncio.create_task(made.accept([event(service_id, f"{n}")])) for n in range(12)]
    await asyncio.sleep(0)
    assert not any(task.done() for task in asked)
    made.start()
    assert await outcomes(*asked) == [["opened"]] * 12
    await made.stop()


async def test_but_not_for_ever_and_its_owner_is_told(
    database: Database, database_url: str, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "ROOM_WITHIN", 0.1)
    monkeypatch.setattr(shedding, "TELL_AFTER", 0.2)
    made = Gate(database, DatabaseClock(), UNMUTED, bounds=Bounds(events=1))
    first = event(service_id, "disk")
    asked = [asyncio.create_task(made.accept([replace(first, id=EventId(new_id()))])) for _ in range(4)]
    await asyncio.sleep(0.15)
    assert [task.done() for task in asked] == [False, True, True, True]
    made.start()
    assert await outcomes(*asked) == [["opened"], *["Overloaded"] * 3]
    await asyncio.sleep(0.3)
    await made.stop()
    async with database.transaction() as tx:
        told = (await tx.execute(text("SELECT summary, reason FROM events WHERE summary LIKE '%turned away'"))).all()
    assert [r.summary for r in told] == ["events from prod were turned away"]
    assert told[0].reason


async def test_an_owner_who_could_not_be_told_is_told_later(
    database: Database, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "ROOM_WITHIN", 0.05)
    monkeypatch.setattr(shedding, "TELL_AFTER", 0.1)
    made = Gate(database, DatabaseClock(), UNMUTED, bounds=Bounds(events=1))
    asked = [asyncio.create_task(made.accept([event(service_id)])) for _ in range(2)]
    settle, broken = made._settle, 2

    async def fails_first(batch: Any, **more: Any) -> None:
        nonlocal broken
        if any("turned away" in one.summary for one, _ in batch) and broken:
            broken -= 1
            raise RecursionError("a defect")
        await settle(batch, **more)

    monkeypatch.setattr(made, "_settle", fails_first)
    await asyncio.sleep(0.08)
    made.start()
    assert await outcomes(*asked) == [["opened"], "Overloaded"]
    await asyncio.sleep(0.6)
    await made.stop()
    async with database.transaction() as tx:
        assert (await tx.execute(text("SELECT count(*) FROM events WHERE summary LIKE '%turned away'"))).scalar_one() == 1
    assert broken == 0


async def test_a_repeat_takes_back_no_rise_that_it_has_not_seen(database: Database, database_url: str, service_id: ServiceId) -> None:
    rise = text("UPDATE alerts SET severity = 'critical'")
    severity = text("SELECT severity, event_count FROM alerts")
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, severity=Severity.WARNING)])
        failpoints.arm("intake.pre_commit=delay:0.2")
        repeat = asyncio.create_task(made.accept([event(service_id, severity=Severity.WARNING)]))
        await asyncio.sleep(0.1)
        async with database.transaction() as tx:
            await tx.execute(rise)
        assert await outcomes(repeat) == [["deduplicated"]]
    async with database.transaction() as tx:
        row = (await tx.execute(severity)).one()
    assert row.event_count == 2, "it is counted once, on what it saw the second time"


async def test_a_body_is_read_only_if_there_is_room_for_it(database: Database) -> None:
    made = Gate(database, DatabaseClock(), UNMUTED, bounds=Bounds(bytes=100))
    prod, lab = (IntegrationRef(IntegrationId(new_id()), ServiceId(new_id()), name, IntegrationType.GENERIC) for name in ("prod", "lab"))
    await made.hold(45, prod, comes_again=True)
    await made.hold(30, lab, comes_again=True)
    with pytest.raises(Overloaded):
        await made.hold(10, lab, comes_again=True)
    await made.hold(20, lab, comes_again=False)
    waits = asyncio.create_task(made.hold(40, prod, comes_again=False))
    await asyncio.sleep(0)
    assert not waits.done(), "a quarter is for those that do not come again, and it is full"
    made.let_go(45, prod)
    await waits
    await made.stop()


async def test_over_http_a_full_queue_is_503_with_retry_after(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await system.service([to(await system.user("Ana"))])
    monkeypatch.setattr(gate, "ROOM_WITHIN", 0.05)
    queue = system.node.gate._queue
    queue.hold(queue.bounds.bytes, None)
    answer = await system.api.post(f"/intake/{made['key']}", json={"event_action": "trigger"})
    enqueued = await system.api.post("/v2/enqueue", json={"event_action": "trigger"})
    queue.let_go(queue.bounds.bytes, None)
    assert (enqueued.status_code, enqueued.json()["status"]) == (429, "throttled"), "what PagerDuty's senders come again for"
    assert int(enqueued.headers["retry-after"]) > 0
    assert (answer.status_code, answer.headers["content-type"], answer.json()["code"]) == (503, "application/problem+json", "unavailable")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_sender_that_waits_too_long_is_told_so_and_its_event_is_stored_all_the_same(
    database: Database, database_url: str, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BUDGET", 0.1)
    failpoints.arm("intake.pre_commit=delay:0.3")
    async with open_gate(database_url) as made:
        assert await outcomes(made.accept([event(service_id)])) == ["Unavailable"]
    assert (await counts(database)).events == 1
    gc.collect()  # an answer that nobody fetched would complain here


async def test_a_client_that_has_gone_does_not_lose_its_event(database: Database, database_url: str, service_id: ServiceId) -> None:
    async with open_gate(database_url) as made:
        asked = [asyncio.create_task(made.accept([event(service_id, f"{n}")])) for n in range(10)]
        await asyncio.sleep(0)
        for task in asked[::2]:
            task.cancel()
        found = await outcomes(*asked)
    assert found == ["CancelledError", ["opened"]] * 5
    assert (await counts(database)).events == 10
    gc.collect()


async def test_stopping_answers_everybody_who_waits_and_nobody_after(database: Database, database_url: str, service_id: ServiceId) -> None:
    async with open_gate(database_url, bounds=Bounds(batch_events=7)) as made:
        asked = [asyncio.create_task(made.accept([event(service_id, f"{n}")])) for n in range(50)]
        await asyncio.sleep(0)
        await made.stop()
        assert await outcomes(*asked) == [["opened"]] * 50
        assert await outcomes(made.accept([event(service_id)])) == ["Unavailable"]
    assert (await counts(database)).events == 50


async def test_a_gate_that_never_started_stops(database: Database) -> None:
    await Gate(database, DatabaseClock(), UNMUTED).stop()


async def test_a_failure_that_nobody_foresaw_hurts_nobody_who_comes_later(
    database_url: str, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_gate(database_url) as made:
        with monkeypatch.context() as broken:

            async def defect(*_: object, **__: object) -> list[Decided]:
                raise RecursionError("a defect")

            broken.setattr(made, "_settle", defect)
            assert await outcomes(made.accept([event(service_id)])) == ["Unavailable"]
        assert await outcomes(made.accept([event(service_id)])) == [["opened"]]


async def test_the_monitors_own_instant_counts_only_where_it_can_be_true(
    database: Database, database_url: str, service_id: ServiceId
) -> None:
    async with open_gate(database_url) as made:
        years = (1971, 2200)
        await made.accept([event(service_id, occurred_at=datetime(year, 1, 1, tzinfo=UTC)) for year in years])
    async with database.transaction() as tx:
        rows = (await tx.execute(text("SELECT received_at = occurred_at AS same FROM events"))).scalars().all()
    assert rows == [True, True]


async def test_repeats_do_not_wait_for_what_is_more_work(database: Database, database_url: str, service_id: ServiceId) -> None:
    """A resolve waits for its incident, which somebody keeps locked; a repeat that came with it is answered meanwhile."""
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "disk")])
        await made.accept([event(service_id, "cpu")])
        async with database.transaction() as other:
            await other.execute(LOCK, {"title": "title of disk"})
            resolve = asyncio.create_task(made.accept([event(service_id, "disk", action="resolve")]))
            repeat = asyncio.create_task(made.accept([event(service_id, "cpu")]))
            assert [d.decision for d in await asyncio.wait_for(repeat, 2)] == ["deduplicated"]
            assert not resolve.done()
        assert [d.decision for d in await resolve] == ["resolved"]


async def test_a_body_of_repeats_and_others_is_decided_in_the_order_given(
    database: Database, database_url: str, service_id: ServiceId
) -> None:
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "disk")])
        one = [event(service_id, "new"), event(service_id, "disk"), event(service_id, "none", action="resolve"), event(service_id, "new")]
        asked = [replace(each, body=one[0].body) for each in one]
        assert [d.decision for d in await made.accept(asked)] == ["opened", "deduplicated", "no_open_alert", "deduplicated"]
    stored = await counts(database)
    assert (stored.events, stored.counted, stored.incidents) == (5, 4, 2)


async def test_what_fails_behind_a_commit_sends_nobody_away(
    database: Database, database_url: str, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: list[str] = []

    async def reach(name: str) -> None:
        reached.append(name)
        if reached == ["intake.pre_commit", "intake.post_commit"]:
            raise RuntimeError("a defect")

    monkeypatch.setattr(failpoints, "reach", reach)
    async with open_gate(database_url) as made:
        assert await outcomes(made.accept([event(service_id)])) == [["opened"]]
    assert (await counts(database)).events == 1


@pytest.mark.parametrize("statement", [None, "SELECT 1 / 0", "SELECT * FROM nowhere"])
async def test_what_cannot_be_escalated_at_once_is_taken_as_it_was_said(
    system: System, monkeypatch: pytest.MonkeyPatch, statement: str | None
) -> None:
    """Whether the fault is ours or the database's; the first try, which is not prepared for it, is not the last."""
    key = (await system.service([to(await system.user("Ana"))], type="generic"))["key"]

    async def broken(tx: AsyncConnection, *_: Any, **__: Any) -> None:
        if statement:
            await tx.execute(text(statement))
        raise RuntimeError("a defect")

    with monkeypatch.context() as patched:
        patched.setattr(escalate, "page_people", broken)
        answer = await system.api.post(f"/intake/{key}", json=[{"summary": "disk full"}, {"summary": "disk slow"}])
    assert (answer.status_code, [one["decision"] for one in answer.json()["events"]]) == (202, ["opened", "opened"])
    await system.run_due()
    assert sorted(message.title for message in system.email.sent) == ["disk full", "disk slow"], "the engine does what could not be done"
