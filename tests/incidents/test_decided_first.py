"""What is decided before it is written is what would have been decided behind it: the same events both ways, and everything compared."""

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.intake.test_gate import event
from tests.system import System, to

from oncall.incidents.commands import accept as accepting
from oncall.incidents.commands import opening
from oncall.incidents.commands.accept import accept_events
from oncall.incidents.values import Event, Severity
from oncall.kit.db import Pool
from oncall.kit.ids import IntegrationId, ServiceId, new_id

# Numbers, and the ids of alerts, pages and messages, are others each time.
WRITTEN = {
    "incidents": "SELECT to_jsonb(i) - 'number' FROM incidents i",
    "records": "SELECT to_jsonb(r) FROM incident_records r",
    "alerts": "SELECT to_jsonb(a) - 'id' FROM alerts a",
    "pages": "SELECT to_jsonb(p) - 'id' - 'subject', subject - 'number' FROM pages p",
    "messages": "SELECT to_jsonb(n) - 'id' - 'page_id' - 'stands_in_for' FROM notifications n",
    "turns": "SELECT to_jsonb(t) FROM escalation_turns t",
}
EDITED = text("UPDATE revisions SET revision = revision + 1 WHERE topic = :topic")
TIMELINES = "SELECT to_jsonb(t) - 'id' - 'seq' - 'xact' FROM timeline_entries t ORDER BY incident_id, seq"


async def services(system: System) -> list[ServiceId]:
    ana, ben, cy = [await system.user(name, rules=(("high", "PT0S"), ("high", "PT5M"), ("low", "PT0S"))) for name in ("Ana", "Ben", "Cy")]
    dan = await system.user("Dan", channel=None)
    threshold, delay = {"threshold": {"count": 3, "within": "PT10M"}}, {"delay": {"for": "PT3M"}}
    kinds: list[tuple[list[list[dict[str, Any]]], dict[str, Any]]] = [
        ([[to(ana)], [to(ben)]], {}),
        ([[to(ana), to(ben)]], delay),
        ([[to(ben)]], threshold),
        ([[to(ben)]], delay | threshold),
        ([[to(cy)]], {"grouping": {"type": "all"}}),
        ([[to(cy)], [to(ana)]], {"grouping": {"type": "labels", "labels": ["dedup_key"]}, "urgency": "low"}),
        ([[to(dan)]], {}),
        ([[to(dan)], [to(ana)]], {}),
        ([[to(ana), to(ben), to(cy)]], {"strategy": "round_robin"}),
        ([[to(ana)]], {"flapping": {"changes": 3, "within": "PT20M", "settle": "PT10M"}, "reopen_window": "PT5M"}),
    ]
    made = []
    for n, (targets, more) in enumerate(kinds):
        how = {"strategy": more.pop("strategy")} if "strategy" in more else {}
        policy = await system.make("escalation-policies", name=f"p{n}", steps=[{"delay": "PT5M", "targets": its, **how} for its in targets])
        made.append(await system.make("services", name=f"s{n}", escalation_policy_id=policy["id"], **more))
    return [ServiceId(UUID(one["id"])) for one in made]


async def muting(system: System, its: Sequence[ServiceId]) -> None:
    """What mutes some of it, from the beginning, from later on, or by what else is open."""
    began = system.clock.at

    def span(start: int, end: int) -> dict[str, str]:
        return {"starts_at": (began + timedelta(minutes=start)).isoformat(), "ends_at": (began + timedelta(minutes=end)).isoformat()}

    await system.make("silences", matchers=["dedup_key=a"], comment="known", **span(0, 30))
    await system.make("silences", matchers=["severity=~info|unknown"], comment="later", service_id=f"{its[0]}", **span(10, 60))
    await system.make("maintenance-windows", name="works", service_ids=[f"{its[4]}"], **span(5, 20))
    await system.make("inhibitions", name="of b", source_matchers=["dedup_key=b"], target_matchers=["dedup_key=c"], equal=["service"])


async def written(tx: AsyncConnection) -> dict[str, list[str]]:
    async def rows(query: str) -> list[str]:
        return [re.sub(r"#\d+", "#", str(tuple(row))) for row in await tx.execute(text(query))]

    return {what: sorted(await rows(query)) for what, query in WRITTEN.items()} | {"timelines": await rows(TIMELINES)}


@pytest.mark.parametrize("mutes", [False, True])
@pytest.mark.parametrize("seed", range(2))
async def test_decided_before_or_behind_it_is_the_same(system: System, monkeypatch: pytest.MonkeyPatch, seed: int, *, mutes: bool) -> None:
    dice, its, integration, before = random.Random(seed), await services(system), IntegrationId(new_id()), 0
    if mutes:
        await muting(system, its)
    decide_first = opening.decide_first

    async def counted(*args: Any, **more: Any) -> Any:
        nonlocal before
        found = await decide_first(*args, **more)
        before += len(found[0].outcomes)
        return found

    monkeypatch.setattr(opening, "decide_first", counted)
    now = system.clock.at

    def drawn() -> Event:
        one = event(dice.choice(its), dice.choice("abcde"), action=dice.choice(["trigger"] * 5 + ["resolve", "acknowledge"]))
        return replace(one, integration_id=integration, severity=dice.choice(list(Severity)))

    async def told(events: Sequence[Event], *, careful: bool) -> tuple[Any, dict[str, list[str]]]:
        database = system.node.database
        async with database.transaction(Pool.INTAKE) if careful else database.relying(Pool.INTAKE) as tx:
            decided = await accept_events(tx, events, system.node.judging, now=now, careful=careful)
            found = [(d.event_id, d.decision, d.reason, d.incident_id) for d in decided], await written(tx)
            if careful:
                await tx.rollback()
        return found

    for _ in range(30 if mutes else 15):
        now += timedelta(seconds=dice.choice([1, 30, 120, 400]))
        events = [drawn() for _ in range(dice.randint(1, 3 if mutes else 14))]
        assert await told(events, careful=True) == await told(events, careful=False)
    assert before > (5 if mutes else 20), "much was decided before it was written"


async def test_what_mutes_by_now_counts_and_not_what_a_node_had_at_hand(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    span = {"starts_at": system.clock.at.isoformat(), "ends_at": (system.clock.at + timedelta(hours=1)).isoformat()}

    async def state(key: str) -> str:
        body = {"event_action": "trigger", "dedup_key": key, "payload": {"summary": key, "source": "db-1", "severity": "critical"}}
        (its,) = (await system.api.post(f"/intake/{made['key']}", json=body)).json()["events"]
        incident = (await system.api.get(f"/api/v1/incidents/{its['incident_id']}")).json()
        return str(incident["escalation"]["state"])

    await system.make("silences", matchers=["dedup_key=other"], comment="known", **span)
    assert await state("load") == "running"
    at_hand = await judged_by(system)
    await system.make("silences", matchers=["dedup_key=disk"], comment="known as well", **span)
    assert await judged_by(system) is at_hand, "the node has not looked again"
    assert [await state("disk"), await state("cpu")] == ["held", "running"]


async def test_whoever_edits_what_mutes_without_pause_keeps_no_event_out(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await system.service([to(await system.user("Ana"))])
    span = {"starts_at": system.clock.at.isoformat(), "ends_at": (system.clock.at + timedelta(hours=1)).isoformat()}
    await system.make("silences", matchers=["dedup_key=other"], comment="known", **span)
    open_alerts, decided = opening.open_alerts, []

    async def edited(*args: Any, **more: Any) -> Any:
        decided.append(more["decided"])
        async with system.node.database.transaction() as tx:
            await tx.execute(EDITED, {"topic": system.node.judging.mutings.topic})
        return await open_alerts(*args, **more)

    monkeypatch.setattr(accepting, "open_alerts", edited)
    body = {"event_action": "trigger", "dedup_key": "disk", "payload": {"summary": "full", "source": "db-1", "severity": "critical"}}
    answer = await system.api.post(f"/intake/{made['key']}", json=body)
    assert (answer.status_code, answer.json()["events"][0]["decision"]) == (202, "opened")
    assert decided == [True, False]


async def judged_by(system: System) -> object:
    async with system.node.database.transaction(Pool.INTAKE) as tx:
        return (await system.node.judging.mutings.at_hand(tx))[1]
