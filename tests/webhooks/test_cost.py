"""What it costs that webhooks exist: nothing, where nobody listens; and it never undoes what happened."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.conftest import START
from tests.counting import counting
from tests.system import System, to
from tests.webhooks.hooking import Hooking

from oncall import timeline
from oncall.kit.actors import ENGINE
from oncall.kit.compiled import READ
from oncall.kit.db import Pool
from oncall.kit.ids import IncidentId
from oncall.timeline import Entry, Kind
from oncall.webhooks.commands import listening


def entries(incident_id: str, count: int) -> list[Entry]:
    return [Entry(IncidentId(incident_id), START, Kind.BROKE_THROUGH, ENGINE, f"entry {n}") for n in range(count)]


async def costs(system: System, added: list[Entry]) -> list[str]:
    """The statements that it takes, but for those with which the node looks after what it has compiled."""
    async with system.node.database.transaction(Pool.ENGINE) as tx, counting(tx) as sent:
        await timeline.add(tx, added)
    return [statement for statement in sent if statement != READ.text]


async def test_ten_thousand_entries_that_nobody_wants_to_hear_of_cost_one_statement(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    incident = (await system.event(made["key"]))["incident_id"]
    assert len(await costs(system, entries(incident, 10_000))) == 1


async def test_a_set_that_is_heard_costs_the_same_however_large(hooking: Hooking) -> None:
    hook = await hooking.make(event_types=["incident.broke_through"])
    made = await hooking.system.service([to(await hooking.system.user("Ana"))])
    incident = (await hooking.system.event(made["key"]))["incident_id"]

    assert await costs(hooking.system, entries(incident, 1)) == await costs(hooking.system, entries(incident, 500))
    await hooking.system.api.delete(f"/api/v1/webhooks/{hook['id']}")
    assert len(await costs(hooking.system, entries(incident, 1))) == 1, "the last one that listened is gone"


async def test_what_programs_cannot_be_told_happens_all_the_same(hooking: Hooking, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = await hooking.make()

    async def broken(tx: AsyncConnection, *_: Any, **__: Any) -> None:
        await tx.execute(text("SELECT 1 / 0"))

    monkeypatch.setattr(listening.deliveries, "add_deliveries", broken)
    made = await hooking.system.service([to(await hooking.system.user("Ana"))])
    event = await hooking.system.event(made["key"])
    assert event["decision"] == "opened"
    assert hooking.system.pages() == ["Ana"]
    assert await hooking.log(hook) == []
