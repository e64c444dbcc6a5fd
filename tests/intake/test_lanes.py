"""Two lanes: repeats pass what takes longer, and nothing passes what is about the same problem."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.intake.test_gate import event, open_gate, outcomes
from tests.system import System, to

from oncall.incidents.values import Action, Event
from oncall.intake.commands import Gate, lanes
from oncall.intake.commands.lanes import About, Courtesy, Open, apart
from oncall.intake.commands.waiting import Bounds, Waiting
from oncall.kit import failpoints
from oncall.kit.db import Database
from oncall.kit.ids import IntegrationId, ServiceId, new_id
from oncall.kit.stopwatch import Stopwatch

SERVICE = ServiceId(new_id())
LOCK = text("SELECT id FROM services WHERE id = :id FOR UPDATE")
STATES = text("SELECT dedup_key, state, event_count FROM alerts ORDER BY dedup_key, id")


@pytest.fixture(autouse=True)
def _no_failpoints() -> Any:
    yield
    failpoints.arm("")


@pytest.fixture
async def service_id(system: System) -> ServiceId:
    made = await system.service([to(await system.user("Ana"))])
    return ServiceId(type(new_id())(made["service"]["id"]))


async def request(*names: str) -> Waiting:
    """Of events by their keys, `a+b` in one; before one that may be about another alert `?`, before an end `!`, before a delivery `*`."""
    events = [
        event(
            SERVICE,
            key.lstrip("?!*"),
            action="resolve" if key.startswith("!") else "trigger",
            among={"host": "db"} if key.startswith("?") else None,
            delivery_id=key if key.startswith("*") else "",
        )
        for name in names
        for key in name.split("+")
    ]
    return Waiting(events, asyncio.get_running_loop().create_future())


@pytest.mark.parametrize(
    ("slow", "come", "expected"),
    [
        ([], ["a", "b", "a"], "a b a /"),
        ([], ["a", "new", "b"], "a b / new"),  # no repeat, in all likelihood
        (["a"], ["a", "b", "a"], "b / a a"),
        (["a"], ["b", "a+b", "b", "c"], "c / b a+b b"),  # what one request holds together goes together, before it and after it
        (["a+b"], ["b+c", "c", "a", "d"], "d / b+c c a"),
        ([], ["a", "!b", "c", "a+!c"], "/ a !b c a+!c"),  # an end is no repeat, nor is what comes with it
        ([], ["a", "*b", "c"], "a c / *b"),  # a delivery that may have come before
        (["?x"], ["a", "b"], "/ a b"),  # it may be about any other
        ([], ["a", "?x", "b"], "/ a ?x b"),
    ],
)
async def test_who_goes_where(slow: list[str], come: list[str], expected: str) -> None:
    open, behind = Open(), About()
    for key in ("a", "b", "c", "d", "x"):
        open.note(await request(key))
    there = [await request(names) for names in slow]
    for waiting in there:
        behind.add(waiting)
    coming = {names + "," * n: await request(names) for n, names in enumerate(come)}
    names_of = {id(waiting): names.rstrip(",") for names, waiting in coming.items()}
    quick, kept = apart(list(coming.values()), open, behind)
    said = " / ".join(" ".join(names_of[id(waiting)] for waiting in its) for its in (quick, kept)).strip()
    assert said == expected
    for waiting in there:
        behind.remove(waiting)
    assert apart([await request("a", "b")], open, behind)[1] == [], "nobody is kept behind what is done"


async def test_so_many_problems_are_remembered_those_heard_of_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "KEYS_KNOWN", 2)
    open = Open()
    for names in ("a", "b", "a", "c"):
        open.note(await request(names))
    assert [await request(key) in open for key in ("a", "b", "c")] == [True, False, True]
    open.note(await request("!a"))
    nameless = await request("d")
    nameless.events[0] = replace(nameless.events[0], dedup_key=f"{nameless.events[0].id}")
    open.note(nameless)
    assert [await request(key) in open for key in ("a", "c")] == [False, True], "an end ends it, and nothing repeats what has no key"


@pytest.mark.parametrize(
    ("comes", "waits"),
    [
        ("0 a", [(0, 25), (10, 15), (25, 0)]),
        ("0 c", [(0, 0), (10, 0)]),  # its own do not
        ("0 c 120 a", [(0, 0), (120, 25)]),
        ("0 a 10 a 20 a 30 a", [(30, 0)]),  # for a storm once, when it begins
        ("0 a 60 a 120 a", [(119, 0), (120, 25)]),  # after 50 ms it counts as quiet again
        ("0 a 10 b", [(10, 15), (40, 0)]),  # for two at once once
        ("0 a 40 a 80 a 90 b", [(99, 0)]),  # they were waited for less than 75 ms ago
        ("0 a 40 a 80 a 100 b", [(100, 25)]),  # and somebody else's storm is no reason to wait longer
    ],
)
async def test_for_whom_repeats_wait(comes: str, waits: list[tuple[int, int]]) -> None:
    words = comes.split()
    senders = {name: await request(name) for name in "abc"}  # and c repeats itself
    for name, waiting in senders.items():
        waiting.events[0] = replace(waiting.events[0], integration_id=IntegrationId(UUID(int=ord(name))))
    said = [(int(at), senders[name]) for at, name in zip(words[::2], words[1::2], strict=True)]
    for at, expected in waits:
        courtesy = Courtesy()
        for then, waiting in said:
            if then <= at:
                courtesy.meet([waiting], now=1_000 + then / 1_000)
        assert round(courtesy.left([senders["c"]], now=1_000 + at / 1_000) * 1_000) == expected, at


async def test_repeats_pass_what_takes_longer(database: Database, database_url: str, service_id: ServiceId) -> None:
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "known")])
        async with database.transaction() as holder:
            await holder.execute(LOCK, {"id": service_id})  # whoever opens an incident of it waits
            opening = asyncio.create_task(made.accept([event(service_id, "new")]))
            await asyncio.sleep(0.1)
            assert await outcomes(*(made.accept([event(service_id, "known")]) for _ in range(20))) == [["deduplicated"]] * 20
            assert not opening.done()
        assert await outcomes(opening) == [["opened"]]


async def test_nothing_passes_what_is_about_the_same_problem(database: Database, database_url: str, service_id: ServiceId) -> None:
    """A repeat that passed the end before it would count for the old alert, and the problem that goes on would page nobody."""
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "disk"), event(service_id, "cpu")])
        async with database.transaction() as holder:
            await holder.execute(text("SELECT id FROM incidents FOR UPDATE"))  # whoever ends an alert waits
            asked = [started(made, event(service_id, "disk", action="resolve"))]
            await asyncio.sleep(0.1)
            asked.append(started(made, event(service_id, "disk"), event(service_id, "cpu")))
            asked += [started(made, event(service_id, "cpu")), started(made, event(service_id, "disk", action="resolve"))]
            await asyncio.sleep(0.1)
            assert not any(task.done() for task in asked)
        assert await outcomes(*asked) == [["resolved"], ["reopened", "deduplicated"], ["deduplicated"], ["resolved"]]
    async with database.transaction() as tx:
        assert [tuple(row) for row in await tx.execute(STATES)] == [("cpu", "open", 3), ("disk", "resolved", 2)]


async def test_an_open_problem_that_somebody_keeps_locked_holds_up_no_new_one(
    database: Database, database_url: str, service_id: ServiceId
) -> None:
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "known")])
        async with database.transaction() as holder:
            await holder.execute(text("SELECT id FROM alerts FOR UPDATE"))
            repeat = started(made, event(service_id, "known"))
            await asyncio.sleep(0.1)
            async with asyncio.timeout(4):  # not as long as it is locked
                assert await outcomes(made.accept([event(service_id, "new")])) == [["opened"]]
            assert await outcomes(repeat) == ["Unavailable"], "its sender comes again"


async def test_a_repeat_whose_alert_is_watched_by_now_is_looked_at(
    database: Database, database_url: str, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A threshold counts it, which only the slow lane does: what the quick one has read of its alert says nothing of that yet."""
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "known")])
        settle, slow = made._settle, []

        async def seen(batch: Any, **more: Any) -> None:
            slow.extend(one.dedup_key for one, _ in batch)
            await settle(batch, **more)

        monkeypatch.setattr(made, "_settle", seen)
        assert await outcomes(made.accept([event(service_id, "known")])) == [["deduplicated"]]
        assert slow == [], "it is a mere repeat"
        failpoints.arm("intake.pre_commit=delay:0.2")
        repeat = started(made, event(service_id, "known"))
        await asyncio.sleep(0.1)
        failpoints.arm("")
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE alerts SET watched = true"))
        assert await outcomes(repeat) == [["deduplicated"]]
        assert slow == ["known"]
    async with database.transaction() as tx:
        assert [tuple(row) for row in await tx.execute(STATES)] == [("known", "open", 3)]


async def test_a_failure_that_nobody_foresaw_in_the_quick_lane_hurts_nobody_who_comes_later(
    database_url: str, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "known")])
        with monkeypatch.context() as broken:

            async def defect(*_: object) -> None:
                raise RecursionError("a defect")

            broken.setattr(made, "_settle_repeats", defect)
            assert await outcomes(made.accept([event(service_id, "known")])) == ["Unavailable"]
        assert await outcomes(made.accept([event(service_id, "known")])) == [["deduplicated"]]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_comes_in_whatever_order_each_problem_has_its_own(
    database: Database, database_url: str, service_id: ServiceId, seed: int
) -> None:
    """Requests of several events, ends, cancelled callers and small batches, while both lanes work; and then nothing is left behind."""
    dice, its, sent = random.Random(seed), IntegrationId(new_id()), []
    async with open_gate(database_url, bounds=Bounds(batch_events=7)) as made:
        asked = []
        for _ in range(200):
            body = event(service_id).body
            names = [f"{dice.randrange(12)}" for _ in range(dice.choice([1, 1, 1, 2, 3]))]
            events = [event(service_id, name, action=dice.choice(["trigger"] * 12 + ["resolve"]), integration_id=its) for name in names]
            sent += [one if dice.random() < 0.3 else replace(one, body=body) for one in events]
            asked.append(started(made, *sent[-len(events) :]))
            if dice.random() < 0.2:
                await asyncio.sleep(dice.random() * 0.01)
            if dice.random() < 0.02:
                asked[-1].cancel()
        await asyncio.gather(*asked, return_exceptions=True)
        await made.stop()
        for lane in (made._in_quick, made._in_slow):
            assert (lane._keys, lane._among) == ({}, 0)
        for queue in (made._queue, made._slow.queue):
            assert (queue.events, queue.bytes, queue._lines, list(queue._turns)) == (0, 0, {}, [])
    async with database.transaction() as tx:
        decided = {row.id: row.decision for row in await tx.execute(text("SELECT id, decision FROM events"))}
        counted = {row.dedup_key: row.n for row in await tx.execute(text("SELECT dedup_key, sum(event_count) n FROM alerts GROUP BY 1"))}
    is_open: dict[str, bool] = {}
    triggers: Counter[str] = Counter()
    for one in sent:
        if one.id not in decided:
            continue  # cancelled before it was put
        was_open = is_open.get(one.dedup_key, False)
        is_open[one.dedup_key] = one.action is Action.TRIGGER
        triggers[one.dedup_key] += one.action is Action.TRIGGER
        word = "deduplicated" if one.action is Action.TRIGGER else "resolved"
        assert (decided[one.id] == word) == was_open, (one.dedup_key, decided[one.id])
    assert counted == triggers


async def test_rules_that_changed_meanwhile_are_asked_anew(system: System) -> None:
    made, other = [await system.service([to(await system.user(name))]) for name in ("Ana", "Bob")]
    said = {"event_action": "trigger", "dedup_key": "disk", "payload": {"summary": "Disk full", "source": "db-1", "severity": "critical"}}

    async def send() -> Any:
        answer = await system.api.post(f"/intake/{made['key']}", json=said)
        return answer.json()["events"][0]

    first = await send()
    assert (await send())["decision"] == "deduplicated"
    await system.make("routing-rules", name="all", matchers=["severity=critical"], service_id=other["service"]["id"])
    # This node still has the old rules at hand; the statement that would count the repeat sees that they are others by now.
    moved = await send()
    assert (moved["decision"], moved["incident_id"] != first["incident_id"]) == ("opened", True)
    assert (await send())["decision"] == "deduplicated"


async def test_a_new_problem_waits_for_no_repeats(database_url: str, service_id: ServiceId) -> None:
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "known")])
        repeats = await held(made, event(service_id, "known"))
        assert await outcomes(made.accept([event(service_id, "new")])) == [["opened"]]
        assert not repeats.done()
        failpoints.arm("")
        assert await outcomes(repeats) == [["deduplicated"]]


@pytest.mark.parametrize("among", [None, {"host": "db"}])
async def test_an_end_waits_for_the_repeats_before_it(database_url: str, service_id: ServiceId, among: dict[str, str] | None) -> None:
    """If it passed them, they would bring back, and page for, what is over. What may be about any other waits for all of them."""
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "known")])
        repeat = await held(made, event(service_id, "known"))
        end = started(made, event(service_id, "known", action="resolve", among=among))
        again = started(made, event(service_id, "known"))
        await asyncio.sleep(0.05)
        assert not end.done()
        failpoints.arm("")
        assert await outcomes(repeat, end, again) == [["deduplicated"], ["resolved"], ["reopened"]]
        for lane in (made._in_quick, made._in_slow):
            assert (lane._keys, lane._among) == ({}, 0)


async def held(gate: Gate, repeat: Event) -> "asyncio.Task[Any]":
    """A repeat that the quick lane is about to write, until failpoints are armed anew."""
    failpoints.arm("intake.pre_commit=hold")
    task = started(gate, repeat)
    async with asyncio.timeout(5):
        while not failpoints.is_held("intake.pre_commit"):
            await asyncio.sleep(0.001)
    return task


def started(gate: Gate, *events: Event) -> "asyncio.Task[Any]":
    return asyncio.create_task(gate.accept(list(events)))


async def test_repeats_wait_for_a_new_problem(database_url: str, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "AT_WORK", 0.0)
    async with open_gate(database_url) as made:
        monkeypatch.setattr(lanes, "COURTESY", 0.0)
        await made.accept([event(service_id, "known")])
        monkeypatch.setattr(lanes, "COURTESY", 0.4)
        watch = Stopwatch()
        both = await outcomes(made.accept([event(service_id, "new")]), made.accept([event(service_id, "known")]))
        assert (both, watch.seconds >= 0.3) == ([["opened"], ["deduplicated"]], True)


async def test_repeats_wait_for_no_end(database_url: str, service_id: ServiceId, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_gate(database_url) as made:
        await made.accept([event(service_id, "over")])
    monkeypatch.setattr(lanes, "COURTESY", 60.0)
    async with open_gate(database_url) as made:
        assert await outcomes(made.accept([event(service_id, "over", action="resolve")])) == [["resolved"]]
        assert made._courtesy.left([await request("other")], now=made._watch.seconds) == 0
