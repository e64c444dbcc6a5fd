"""As it was known: the future as it once was planned, and the past as people knew it then."""

from datetime import timedelta

import pytest
from tests.schedules.asking import ANY, Json, always, day, edited, new_users, post, rotating, scheduled, shifts, who, z
from tests.system import System

HOUR = timedelta(hours=1)


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana, Bob and Cem."""
    return await new_users(system, "Ana", "Bob", "Cem")


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana, Bob, Cem, day by day; it is Monday, 2 March, 12:00."""
    return await scheduled(system, rotating(*team, unit="day"))


async def test_the_future_is_told_as_it_once_was_planned(system: System, payments: str, team: list[Json]) -> None:
    planned = system.clock.at
    system.clock.advance(HOUR)
    await edited(system.api, payments, always(team[2]), effective_from=day("03-03 12:00"))
    await post(system.api, f"{payments}/overrides", start=day("03-04 00:00"), end=day("03-04 06:00"), user_id=team[0]["id"])
    range_ = ("03-03 00:00", "03-06 00:00")
    assert await shifts(system.api, payments, *range_) == [
        "03-03 00:00 Ana", "03-03 09:00 Bob", "03-03 12:00 Cem", "03-04 00:00 Ana", "03-04 06:00 Cem",
    ]  # fmt: skip
    then = await shifts(system.api, payments, *range_, as_known_at=z(planned))
    assert then == ["03-03 00:00 Ana", "03-03 09:00 Bob", "03-04 09:00 Cem", "03-05 09:00 Ana"]
    assert await who(system.api, payments, "03-04 03:00", as_known_at=z(planned)) == "Bob"


async def test_what_was_taken_back_later_was_known_until_then(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, cem = team
    span = {"start": day("03-04 00:00"), "end": day("03-04 06:00")}
    cover = await post(system.api, f"{payments}/overrides", **span, user_id=cem["id"])
    away = await post(system.api, f"/api/v1/users/{bob['id']}/unavailability", start=day("03-03 12:00"), end=day("03-03 18:00"))
    temporary = {"start": day("03-05 00:00"), "end": day("03-05 06:00")}
    await post(system.api, f"{payments}/temporary-schedules", **temporary, shifts=[temporary | {"user_ids": [ana["id"]]}])
    await edited(system.api, payments, always(cem), effective_from=day("03-06 00:00"))
    planned = z(system.clock.at)
    range_ = ("03-03 09:00", "03-07 00:00")
    asked = await shifts(system.api, payments, *range_)
    assert asked == ["03-03 09:00 Bob", "03-03 12:00 nobody", "03-03 18:00 Bob", "03-04 00:00 Cem", "03-04 06:00 Bob", "03-04 09:00 Cem",
                     "03-05 00:00 Ana", "03-05 06:00 Cem", "03-05 09:00 Ana", "03-06 00:00 Cem"]  # fmt: skip
    system.clock.advance(HOUR)
    await system.api.delete(f"{payments}/overrides/{cover['id']}")
    await system.api.delete(f"/api/v1/users/{bob['id']}/unavailability/{away['id']}")
    await system.api.delete(f"{payments}/temporary-schedules", params={"since": temporary["start"], "until": temporary["end"]})
    await system.api.delete(f"{payments}/versions/2", headers=ANY)
    assert await shifts(system.api, payments, *range_) == ["03-03 09:00 Bob", "03-04 09:00 Cem", "03-05 09:00 Ana", "03-06 09:00 Bob"]
    assert await shifts(system.api, payments, *range_, as_known_at=planned) == asked


async def test_the_past_is_told_as_it_was_known(system: System, payments: str, team: list[Json]) -> None:
    """On Tuesday nobody knew yet what Wednesday's override would change."""
    system.clock.advance(36 * HOUR)  # Wednesday, 00:00
    await system.run_due()
    await post(system.api, f"{payments}/overrides", start=day("03-04 01:00"), end=day("03-04 05:00"), user_id=team[0]["id"])
    system.clock.advance(48 * HOUR)
    await system.run_due()
    range_ = ("03-03 00:00", "03-04 12:00")
    happened = ["03-03 00:00 Ana", "03-03 09:00 Bob", "03-04 01:00 Ana", "03-04 05:00 Bob", "03-04 09:00 Cem"]
    assert await shifts(system.api, payments, *range_) == happened
    tuesday = await shifts(system.api, payments, *range_, as_known_at=day("03-03 12:00"))
    assert tuesday == ["03-03 00:00 Ana", "03-03 09:00 Bob", "03-04 09:00 Cem"]
    assert await who(system.api, payments, "03-04 03:00", as_known_at=day("03-03 12:00")) == "Bob"
    assert await shifts(system.api, payments, *range_, as_known_at=day("03-04 08:00")) == happened
