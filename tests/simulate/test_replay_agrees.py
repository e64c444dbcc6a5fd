"""A replay under the rules of the time says what happened: the record, and the pure rules beside it, cannot disagree."""

from typing import Any

import pytest
from sqlalchemy import text
from tests.simulate.living import Life, random_life, replayed
from tests.system import System

KINDS = text("SELECT DISTINCT kind FROM timeline_entries")


@pytest.fixture
def life(system: System) -> Life:
    return Life(system)


def said(found: dict[str, Any]) -> list[str]:
    return [f"{one['kind']} {one['title']} {one['sentence']} {one['before']} {one['after']}" for one in found["differences"]]


async def agrees(life: Life, seed: int, events: int) -> None:
    began = life.now
    await random_life(life, seed, events)
    found = await replayed(life.system, began)
    assert said(found) == []
    assert (found["decided_otherwise"], found["bodies_gone"], found["read_otherwise"]) == (0, 0, 0)
    assert min(found["incidents"]["after"], found["pages"]["after"]) > 10, "much has happened"


@pytest.mark.parametrize("seed", range(3))
async def test_a_history_under_its_own_rules_shows_no_difference(life: Life, seed: int) -> None:
    await agrees(life, seed, 120)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 110))
async def test_longer_histories_agree_as_well(life: Life, seed: int) -> None:
    await agrees(life, seed, 400)
    async with life.system.node.database.transaction(read_only=True) as tx:
        kinds = {row.kind for row in await tx.execute(KINDS)}
    everything = "held released reopened acknowledged resolved ack_timeout broke_through alert_joined severity_changed closed exhausted"
    assert kinds >= {*everything.split()}
