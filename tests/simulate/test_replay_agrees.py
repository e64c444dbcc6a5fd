"""A replay under the rules of the time says what happened: the record, and the pure rules beside it, cannot disagree."""

from typing import Any

import pytest
from tests.simulate.living import Life, random_life, replayed
from tests.system import System


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


@pytest.mark.parametrize(
    ("seed", "events"), [(0, 45), pytest.param(1, 80, marks=pytest.mark.soak), pytest.param(2, 80, marks=pytest.mark.soak)]
)
async def test_a_history_under_its_own_rules_shows_no_difference(life: Life, seed: int, events: int) -> None:
    await agrees(life, seed, events)
