"""The record of who was on call: written down once, at every change, and what is in it no later edit, loss or release can change."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.schedules.asking import (
    Json,
    always,
    day,
    edited,
    get,
    id_of,
    new_users,
    people,
    post,
    problem,
    rotating,
    scheduled,
    shifts,
    who,
)
from tests.system import System

from oncall.engine import SetSource
from oncall.kit.db import Database
from oncall.kit.zones import tzdata_version
from oncall.schedules.commands.recording import claim_due, record_due
from oncall.schedules.due import DueRecords

HOUR = timedelta(hours=1)
RECORD = text("""
    SELECT r.from_at, r.users, r.sources, r.tzdata, r.recorded_at FROM schedule_record r JOIN schedules s ON s.id = r.schedule_id
    WHERE s.name = :name ORDER BY r.from_at
""")
PAST = ["03-02 12:00 Ana", "03-03 09:00 Bob", "03-04 09:00 Cem", "03-05 09:00 Ana"]


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana, Bob and Cem."""
    return await new_users(system, "Ana", "Bob", "Cem")


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana, Bob, Cem, day by day; it is Monday, 2 March, 12:00."""
    return await scheduled(system, rotating(*team, unit="day"))


async def rows(database: Database, name: str = "Payments") -> list[Any]:
    async with database.transaction() as tx:
        return list((await tx.execute(RECORD, {"name": name})).all())


async def written(database: Database, team: list[Json], name: str = "Payments") -> list[str]:
    """The record as a reader would note it down: "03-02 12:00 Ana"."""
    users = {user["id"]: user for user in team}
    return [f"{row.from_at:%m-%d %H:%M} {people([users[id] for id in row.users])}" for row in await rows(database, name)]


async def by_hand(database: Database, statement: str, **values: object) -> None:
    async with database.transaction() as tx:
        assert (await tx.execute(text(statement), values)).rowcount, statement


async def pass_days(system: System, days: float = 3) -> None:
    system.clock.advance(days * 24 * HOUR)
    await system.run_due()


# --- what is written down ---------------------------------------------------------------------------------------------------


async def test_every_change_is_written_down_once(system: System, database: Database, payments: str, team: list[Json]) -> None:
    for _ in range(12):
        await pass_days(system, 0.25)
    assert await written(database, team) == PAST
    await system.run_due()
    await system.run_due()
    assert await written(database, team) == PAST


async def test_a_record_says_why_and_by_which_rules_of_time(system: System, database: Database, payments: str) -> None:
    await pass_days(system, 1)
    layer = (await get(system.api, payments))["layers"][0]["id"]
    sources = [{"kind": "layer", "id": layer, "name": "primary", "turn": turn, "within": None} for turn in (0, 1)]
    assert [row.sources for row in await rows(database)] == [[source] for source in sources]
    assert {row.tzdata for row in await rows(database)} == {tzdata_version()}


async def test_nothing_is_written_while_nothing_changes(system: System, database: Database, team: list[Json]) -> None:
    await scheduled(system, always(team[0]))
    await scheduled(system, name="Nobody")
    await pass_days(system)
    assert await written(database, team) == ["03-02 12:00 Ana"]
    assert await written(database, team, "Nobody") == ["03-02 12:00 nobody"], "a gap is written down as well"


async def test_overrides_edits_and_handoffs_all_are_changes(system: System, database: Database, payments: str, team: list[Json]) -> None:
    cover = await post(system.api, f"{payments}/overrides", start=day("03-02 20:00"), end=day("03-03 08:00"), user_id=team[2]["id"])
    system.clock.advance(10 * HOUR)
    await system.api.delete(f"{payments}/overrides/{cover['id']}")
    system.clock.advance(14 * HOUR)
    await edited(system.api, payments, always(team[0]))
    await pass_days(system, 1)
    assert await written(database, team) == [
        "03-02 12:00 Ana",
        "03-02 20:00 Cem",
        "03-02 22:00 Ana",
        "03-03 09:00 Bob",
        "03-03 12:00 Ana",
    ]


async def test_however_late_it_is_written_everything_is_in_it(system: System, database: Database, payments: str, team: list[Json]) -> None:
    system.clock.advance(72 * HOUR)
    await system.run_due()
    assert await written(database, team) == PAST
    assert {row.recorded_at for row in await rows(database)} == {system.clock.at}


# --- several nodes ----------------------------------------------------------------------------------------------------------


async def test_several_nodes_at_once_write_once(system: System, database: Database, payments: str, team: list[Json]) -> None:
    for n in range(5):
        await scheduled(system, rotating(*team, unit="hour"), name=f"Hourly {n}")
    system.clock.advance(72 * HOUR)
    nodes = [SetSource(DueRecords(), database=of, clock=system.clock, every=HOUR) for of in (database, system.node.database) * 2]
    passes = await asyncio.gather(*(node.run() for node in nodes))
    assert sum(one.handled for one in passes) == 6, "each schedule by one of them"
    assert await written(database, team) == PAST
    assert len(await rows(database, "Hourly 4")) == 72


@pytest.mark.parametrize("waiting", [False, True])
async def test_a_schedule_that_another_node_writes_is_skipped_or_waited_for(
    system: System, database: Database, payments: str, team: list[Json], *, waiting: bool
) -> None:
    system.clock.advance(72 * HOUR)

    async def other() -> int:
        async with database.transaction() as tx:
            return len(await claim_due(tx, due_by=system.clock.at, limit=10, waiting=waiting))

    async with database.transaction() as tx:
        claimed = await claim_due(tx, due_by=system.clock.at, limit=10, waiting=False)
        await record_due(tx, claimed, now=system.clock.at)
        second = asyncio.create_task(other())
        await asyncio.wait([second], timeout=0.2)
        assert second.done() is not waiting
    assert await second == 0
    assert await written(database, team) == PAST


# --- the past is answered from it -------------------------------------------------------------------------------------------


async def test_the_past_is_what_was_written_down(system: System, database: Database, payments: str, team: list[Json]) -> None:
    ana, bob, cem = team
    await post(system.api, f"{payments}/overrides", start=day("03-02 20:00"), end=day("03-03 08:00"), user_id=cem["id"])
    span = {"start": day("03-04 12:00"), "end": day("03-08 00:00"), "cover_user_id": bob["id"]}
    await post(system.api, f"/api/v1/users/{ana['id']}/unavailability", **span)
    happened = ["03-02 12:00 Ana", "03-02 20:00 Cem", "03-03 08:00 Ana", "03-03 09:00 Bob", "03-04 09:00 Cem", "03-05 09:00 Bob"]
    await pass_days(system)  # it is 5 March, 12:00
    range_ = {"since": day("03-02 12:00"), "until": day("03-05 12:00")}
    told = await get(system.api, f"{payments}/shifts", **range_)
    for what, statement in (
        ("a zone is altered", """UPDATE schedule_versions SET definition = jsonb_set(definition, '{time_zone}', '"Asia/Tokyo"')"""),
        ("so are the layers", """UPDATE schedule_versions SET definition = jsonb_set(definition, '{layers}', '[]')"""),
        ("overrides are lost", "DELETE FROM schedule_overrides"),
        ("whoever was away is not any more", "DELETE FROM unavailability"),
        ("all versions are lost", "DELETE FROM schedule_versions"),
    ):
        await by_hand(database, statement)
        assert await get(system.api, f"{payments}/shifts", **range_) == told, what
        assert await shifts(system.api, payments, "03-02 12:00", "03-05 12:00") == happened, what
        assert [await who(system.api, payments, at) for at in ("03-02 21:00", "03-03 08:30", "03-05 11:00")] == ["Cem", "Ana", "Bob"], what


async def test_a_range_over_the_watermark_is_the_sum_of_its_parts(system: System, payments: str) -> None:
    range_ = {"since": day("03-02 12:00"), "until": day("03-09 00:00")}
    planned = await get(system.api, f"{payments}/shifts", **range_)
    await pass_days(system, 3.5)
    assert await get(system.api, f"{payments}/shifts", **range_) == planned
    past = await shifts(system.api, payments, "03-02 12:00", "03-06 00:00")
    future = await shifts(system.api, payments, "03-06 00:00", "03-09 00:00")
    assert past[-1] == "03-05 09:00 Ana"
    assert future[0] == "03-06 00:00 Ana"
    assert past + future[1:] == await shifts(system.api, payments, "03-02 12:00", "03-09 00:00")


async def test_at_the_watermark_the_record_ends_and_the_plan_begins(
    system: System, database: Database, payments: str, team: list[Json]
) -> None:
    await pass_days(system)
    await by_hand(database, """UPDATE schedule_versions SET definition = jsonb_set(definition, '{layers}', '[]')""")
    assert await shifts(system.api, payments, "03-05 00:00", "03-09 00:00") == ["03-05 00:00 Cem", "03-05 09:00 Ana", "03-05 12:00 nobody"]
    answer = await get(system.api, f"{payments}/oncall", at=day("03-05 10:00"))
    assert (answer["start"], answer["end"], answer["next"]["users"]) == (day("03-05 09:00"), day("03-05 12:00"), [])


async def test_before_it_was_written_down_the_past_is_computed(system: System, payments: str) -> None:
    await pass_days(system)
    before = ["02-28 09:00 Bob", "03-01 09:00 Cem", "03-02 09:00 Ana", "03-03 09:00 Bob"]
    assert await shifts(system.api, payments, "02-28 09:00", "03-04 00:00") == before


async def test_a_removed_users_name_is_still_told(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, _ = team
    await pass_days(system)
    await edited(system.api, payments, always(bob))
    assert (await system.api.delete(f"/api/v1/users/{ana['id']}")).status_code == 204
    assert await shifts(system.api, payments, "03-02 12:00", "03-04 00:00") == ["03-02 12:00 Ana (removed)", "03-03 09:00 Bob"]
    assert await who(system.api, payments, "03-05 10:00") == "Ana (removed)"
    rows = (await get(system.api, "/api/v1/oncalls", schedule_id=id_of(payments), at=day("03-05 10:00")))["items"]
    assert [row["user"]["name"] for row in rows] == ["Ana (removed)"]


async def test_an_audit_says_where_the_record_and_today_s_rules_differ(system: System, database: Database, payments: str) -> None:
    await pass_days(system)
    range_ = {"since": day("03-02 12:00"), "until": day("03-08 00:00")}
    assert (await get(system.api, f"{payments}/audit", **range_))["items"] == []
    await by_hand(database, """UPDATE schedule_versions SET definition = jsonb_set(definition, '{time_zone}', '"Asia/Kathmandu"')""")
    found = (await get(system.api, f"{payments}/audit", **range_))["items"]
    assert [f"{one['start'][5:16]} to {one['end'][11:16]}: {people(one['before'])}, not {people(one['after'])}" for one in found] == [
        "03-03T03:15 to 09:00: Ana, not Bob",
        "03-04T03:15 to 09:00: Bob, not Cem",
        "03-05T03:15 to 09:00: Cem, not Ana",
    ], "nine o'clock in Kathmandu; what is not written down cannot differ"


# --- what is deleted --------------------------------------------------------------------------------------------------------


async def test_a_deleted_schedule_is_gone_and_its_past_can_be_asked(system: System, payments: str, team: list[Json]) -> None:
    span = {"start": day("03-02 12:00"), "end": day("03-20 00:00")}
    await post(system.api, f"{payments}/temporary-schedules", **span, shifts=[span | {"user_ids": [team[2]["id"]]}])
    await post(system.api, f"{payments}/overrides", start=day("03-04 00:00"), end=day("03-20 00:00"), user_id=team[1]["id"])
    await edited(system.api, payments, always(team[1]), effective_from=day("03-10 00:00"))
    await pass_days(system)
    assert (await system.api.delete(payments)).status_code == 204
    later = {"at": day("03-06 00:00"), "since": day("03-05 12:00"), "until": day("03-07 00:00")}
    takes = {"/oncall": ["at"], "/shifts": ["since", "until"], "/gaps": ["since", "until"]}
    takes |= {"/overrides": ["since", "until"], "/temporary-schedules": ["since", "until"]}
    for path in ("", "/versions", "/warnings", *takes):
        params = {name: later[name] for name in takes.get(path, [])}
        assert problem(await system.api.get(payments + path, params=params)) == (404, "not_found"), path
    assert await who(system.api, payments, "03-03 00:00") == "Cem"
    assert await shifts(system.api, payments, "03-02 12:00", "03-05 12:00") == ["03-02 12:00 Cem", "03-04 00:00 Bob"]
    assert await shifts(system.api, payments, "03-05 00:00", "03-12 00:00") == ["03-05 00:00 Bob", "03-05 12:00 nobody"]
    for user in team:
        assert (await system.api.delete(f"/api/v1/users/{user['id']}")).status_code == 204, "and it holds on to nobody"
    assert await who(system.api, payments, "03-03 00:00") == "Cem (removed)"
    await pass_days(system, 1)
