"""`reliability.md` I-11: no claim of an `unacknowledged` step's message later than the acknowledgement of its cycle, however they race."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.incidents.building import monitored
from tests.system import System

from oncall.kit.db import Database
from oncall.kit.ids import IncidentId
from oncall.notifications import commands
from oncall.notifications.values import Claimed, Page

AT_ONCE = 50
TRIES = 3
"""Fifty at once share three connections: a busy machine may say "try again shortly" to one, and people do."""
LEFT = text("""
    SELECT count(*) FROM notifications n JOIN incidents i ON i.id = n.incident_id
    WHERE i.status = 'acknowledged' AND n.status IN ('pending', 'sending')
""")


@pytest.fixture
async def other(system: System, database_url: str, tmp_path: Path) -> AsyncIterator[System]:
    """A second node on the same database, with the same time."""
    node = System(database_url, system.clock, tmp_path / "other")
    yield node
    await node.stop()


@pytest.mark.parametrize("times", [200, pytest.param(10_000, marks=pytest.mark.long)])
async def test_nothing_is_claimed_for_what_was_acknowledged_before(
    system: System, other: System, database: Database, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Two nodes escalate and send what people acknowledge at that very moment, so many times."""
    began: dict[IncidentId, list[float]] = {}
    real_claim = commands.claim

    async def claim(*args: Any, **more: Any) -> tuple[list[tuple[Claimed, ...]], Any]:
        at = time.monotonic()  # what was committed by now, the claim sees
        claimed, next_at = await real_claim(*args, **more)
        for one in (one for bundle in claimed for one in bundle):
            if isinstance(one.about, Page):  # whoever was paged is told of the acknowledgement, after it
                began.setdefault(one.about.step.incident_id, []).append(at)
        return claimed, next_at

    monkeypatch.setattr(commands, "claim", claim)
    dice = random.Random(times)
    monitor = await monitored(system, ack_timeout=None)
    escalated = 0
    for batch in range(times // AT_ONCE):
        opened = await monitor.says(*(monitor.event(f"{batch}-{n}") for n in range(AT_ONCE)))
        await system.run_due()
        system.clock.advance(timedelta(minutes=5))
        began.clear()
        done: dict[IncidentId, float] = {}

        async def acknowledge(id: IncidentId, after: float, done: dict[IncidentId, float] = done) -> None:
            await asyncio.sleep(after)
            for _ in range(TRIES):
                answer = await system.api.post(f"/api/v1/incidents/{id}/acknowledge", json={})
                if answer.status_code != 503:
                    break
            done[id] = time.monotonic()
            assert answer.status_code == 200, answer.text

        incidents = [one.incident_id for one in opened if one.incident_id is not None]
        await asyncio.gather(
            system.run_due(), other.run_due(), *(acknowledge(id, dice.uniform(0, 0.1)) for id in incidents), other.run_due()
        )
        await system.run_due()
        escalated += len(began)
        late = {id: at for id, claims in began.items() for at in claims if at > done[id]}
        assert late == {}, "claimed although its acknowledgement had been answered"
    assert 0 < escalated < times, "sometimes the engine was first, sometimes the person"
    async with database.transaction(read_only=True) as tx:
        assert (await tx.execute(LEFT)).scalar_one() == 0, "and nothing is left that would still be sent"
