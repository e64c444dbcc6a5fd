"""What a rule would have done with the events of the past, asked before it is made."""

from typing import Any

import pytest
from tests.incidents.building import rows
from tests.simulate.living import Life, replayed
from tests.simulate.planting import PLANTS, Plant
from tests.system import System


@pytest.fixture
def life(system: System) -> Life:
    return Life(system)


async def two_services(life: Life) -> tuple[dict[str, Any], dict[str, Any]]:
    """One that pages Ana, and one that pages Ben."""
    ana, ben = await life.system.user("Ana"), await life.system.user("Ben")
    return await life.service(ana, name="web"), await life.service(ben, name="shop")


async def played(life: Life, web: dict[str, Any], plant: Plant) -> None:
    began = 0.0
    for minute, key, action, severity, labels in plant.events:
        await life.after(minutes=minute - began)
        await life.says(web["key"], key, action, severity, plant=plant.name, **labels)
        began = minute
    await life.after(minutes=30)


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
async def test_each_kind_of_rule_shows_what_it_would_have_changed_and_nothing_else(life: Life, plant: Plant) -> None:
    web, shop = await two_services(life)
    began = life.now
    await life.says(web["key"], "before", severity="critical")  # whatever skips delays and thresholds, and matches nothing
    await played(life, web, plant)
    found = await replayed(life.system, began, proposed=plant.proposed(plant.name, web["id"], shop["id"]))
    others = [one for one in found["differences"] if one["title"] == "before is bad"]
    assert others == [], "what the rule is not about stays"
    (one,) = found["differences"]
    assert (one["kind"], one["saved"], one["missed"]) == (plant.kind, plant.saved, plant.missed), one["sentence"]
    assert (len(one["before"]), len(one["after"])) == plant.incidents
    (because,) = one["because"]
    type, name, change = plant.because
    assert (because["type"], because["setting"] or because["name"], because["change"]) == (type, name, change)
    assert (because["id"] is None) == (change == "added")
    assert one["incident"]["number"] == one["before"][0]["number"]
    assert found["difference_count"] == 1
    pages = found["pages"]
    assert pages["after"] - pages["before"] == plant.missed - plant.saved


async def test_the_rules_there_are_change_nothing(life: Life) -> None:
    web, _ = await two_services(life)
    began = life.now
    for plant in PLANTS:
        await played(life, web, plant)
    found = await replayed(life.system, began, proposed={"routing_rules": []})
    assert (found["difference_count"], found["pages"]["saved"], found["pages"]["missed"]) == (0, 0, 0)
    assert found["incidents"]["before"] == found["incidents"]["after"] > 10
    against_the_record = await replayed(life.system, began)
    assert (against_the_record["difference_count"], against_the_record["decided_otherwise"]) == (0, 0)
    assert against_the_record["pages"]["before"] == found["pages"]["before"] > 10
