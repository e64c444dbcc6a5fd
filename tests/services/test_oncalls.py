"""The look-up of who is on call: every filter, any instant or range, as it is, was, or was known."""

from datetime import timedelta

import pytest
from httpx import AsyncClient
from tests.schedules.asking import ANY, Json, always, day, edited, get, id_of, new_users, post, problem, rotating, scheduled, z
from tests.system import System, to

from oncall.kit.db import Database
from oncall.schedules.commands.editing import create_schedule
from oncall.schedules.values import Definition

UNKNOWN = "00000000-0000-7000-8000-000000000000"
PATH = "/api/v1/oncalls"
ALL = [
    "Payments 1: Ana in Primary",
    "Payments 2: Cem",
    "Web 1: Cem in Secondary",
    "Web 2: Ana in Primary",
    "-: Bob in Spare",
]


@pytest.fixture
async def world(system: System) -> dict[str, Json]:
    """Payments (of Core) pages Primary, then Cem; Web (of nobody's team) pages Secondary, then Primary; no policy uses Spare.

    Primary is Core's and is Ana and Bob, week by week; Secondary is Frontend's and is Cem; Spare is Frontend's and is Bob. It is Monday,
    2 March, 12:00, in Ana's first week.
    """
    made: dict[str, Json] = {}

    async def make(path: str, name: str, **fields: object) -> Json:
        made[name] = await post(system.api, f"/api/v1/{path}", name=name, **fields)
        return made[name]

    for name in ("Ana", "Bob", "Cem"):
        await make("users", name, email=f"{name}@example.com")
    for name in ("Core", "Frontend"):
        await make("teams", name)
    for name, team, layer in (
        ("Primary", "Core", rotating(made["Ana"], made["Bob"])),
        ("Secondary", "Frontend", always(made["Cem"])),
        ("Spare", "Frontend", always(made["Bob"])),
    ):
        await make("schedules", name, time_zone="UTC", layers=[layer], team_id=made[team]["id"])
    primary, secondary = ({"type": "schedule", "id": made[name]["id"]} for name in ("Primary", "Secondary"))
    for name, team, targets in (("Payments", "Core", [primary, to(made["Cem"])]), ("Web", None, [secondary, primary])):
        steps = [{"delay": "PT5M", "targets": [target]} for target in targets]
        policy = made[f"{name} policy"] = await make("escalation-policies", name, steps=steps)
        owner = made[team]["id"] if team else None
        made[f"{name} service"] = await make("services", name, escalation_policy_id=policy["id"], team_id=owner)
    return made


def line(row: Json) -> str:
    """ "Payments 1: Ana in Primary": by which policy, at which level, who, because of which schedule."""
    policy = f"{row['escalation_policy']['name']} {row['level']}" if row["escalation_policy"] else "-"
    schedule = f" in {row['schedule']['name']}" if row["schedule"] else ""
    return f"{policy}: {row['user']['name']}{schedule}"


def lines(items: list[Json]) -> list[str]:
    return [line(row) for row in items]


async def asked(api: AsyncClient, **filters: object) -> list[str]:
    """A filter may be a list."""
    answer = await get(api, PATH, **filters)
    assert answer["next_cursor"] is None
    return lines(answer["items"])


# --- filters ----------------------------------------------------------------------------------------------------------------


async def test_without_a_filter_everybody_level_by_level_as_policies_would_page(system: System, world: dict[str, Json]) -> None:
    assert await asked(system.api) == ALL


async def test_every_filter_alone_repeated_and_with_others(system: System, world: dict[str, Json]) -> None:
    ids = {name: one["id"] for name, one in world.items()}
    payments, web = ALL[:2], ALL[2:4]
    for what, filters, expected in (
        ("a service", {"service_id": ids["Payments service"]}, payments),
        ("two services", {"service_id": [ids["Payments service"], ids["Web service"]]}, payments + web),
        ("a policy", {"escalation_policy_id": ids["Web policy"]}, web),
        ("a schedule, by whatever policy", {"schedule_id": ids["Primary"]}, [payments[0], web[1]]),
        ("a schedule that no policy uses", {"schedule_id": ids["Spare"]}, ["-: Bob in Spare"]),
        ("two schedules", {"schedule_id": [ids["Spare"], ids["Secondary"]]}, [web[0], "-: Bob in Spare"]),
        ("a person", {"user_id": ids["Cem"]}, [payments[1], web[0]]),
        ("two people", {"user_id": [ids["Ana"], ids["Bob"]]}, [payments[0], web[1], "-: Bob in Spare"]),
        ("a team: what its services page", {"team_id": ids["Core"]}, payments),
        ("a team: its schedules, too, whoever uses them", {"team_id": ids["Frontend"]}, ["-: Cem in Secondary", "-: Bob in Spare"]),
        ("two teams", {"team_id": [ids["Core"], ids["Frontend"]]}, [*payments, "-: Cem in Secondary", "-: Bob in Spare"]),
        ("a service and a schedule", {"service_id": ids["Web service"], "schedule_id": ids["Primary"]}, [web[1]]),
        ("a service and a person", {"service_id": ids["Web service"], "user_id": ids["Cem"]}, [web[0]]),
        ("a service and the policy of another", {"service_id": ids["Web service"], "escalation_policy_id": ids["Payments policy"]}, []),
        ("a schedule and a person", {"schedule_id": ids["Primary"], "user_id": ids["Ana"]}, [payments[0], web[1]]),
        ("a schedule and a person who is not on call", {"schedule_id": ids["Primary"], "user_id": ids["Bob"]}, []),
        ("a policy and a schedule it does not use", {"escalation_policy_id": ids["Web policy"], "schedule_id": ids["Spare"]}, []),
        ("a team and a schedule", {"team_id": ids["Core"], "schedule_id": ids["Primary"]}, [payments[0]]),
        ("a team and another's schedule", {"team_id": ids["Core"], "schedule_id": ids["Spare"]}, []),
        ("a team and a person", {"team_id": ids["Frontend"], "user_id": ids["Bob"]}, ["-: Bob in Spare"]),
        ("a team and a service of another", {"team_id": ids["Frontend"], "service_id": ids["Payments service"]}, []),
    ):
        assert sorted(await asked(system.api, **filters)) == sorted(expected), what
        several = {f"{name}s": value if isinstance(value, list) else [value] for name, value in filters.items()}
        bulk = await system.api.post(PATH, json=several)
        assert sorted(lines(bulk.json()["items"])) == sorted(expected), f"{what}, in a body"


async def test_a_row_names_everything_and_the_persons_whole_shift(system: System, world: dict[str, Json]) -> None:
    [row] = (await get(system.api, PATH, service_id=world["Payments service"]["id"], schedule_id=world["Primary"]["id"]))["items"]
    assert row == {
        "user": {"id": world["Ana"]["id"], "name": "Ana"},
        "schedule": {"id": world["Primary"]["id"], "name": "Primary"},
        "escalation_policy": {"id": world["Payments policy"]["id"], "name": "Payments"},
        "level": 1,
        "start": day("03-02 09:00"),
        "end": day("03-09 09:00"),
    }
    [row] = (await get(system.api, PATH, user_id=world["Cem"]["id"], service_id=world["Payments service"]["id"]))["items"]
    assert (row["schedule"], row["level"], row["start"], row["end"]) == (None, 2, None, None), "whom a policy names is always on call"


async def test_a_team_is_asked_by_the_schedule_that_stands_for_it_as_well(system: System, world: dict[str, Json]) -> None:
    team = await system.make("teams", name="Everybody", schedule_id=world["Primary"]["id"])
    assert await asked(system.api, team_id=team["id"]) == ["-: Ana in Primary"]


async def test_a_gap_has_no_row(system: System, world: dict[str, Json]) -> None:
    path = f"/api/v1/schedules/{world['Primary']['id']}"
    await post(system.api, f"{path}/overrides", start=z(system.clock.at), end=day("03-03 00:00"), kind="clear")
    assert await asked(system.api, service_id=world["Payments service"]["id"]) == ["Payments 2: Cem"]


# --- when -------------------------------------------------------------------------------------------------------------------


async def test_at_an_instant_to_come_and_far_away(system: System, world: dict[str, Json]) -> None:
    for at, expected in (
        (day("03-09 08:59"), "Ana"),
        (day("03-09 09:00"), "Bob"),
        ("2026-03-09T10:00:00+01:00", "Bob"),
        ("2026-06-15T09:00:00Z", "Bob"),
        ("2031-03-10T09:00:00Z", "Ana"),
        ("2020-03-09T09:00:00Z", "Ana"),
    ):
        rows = (await get(system.api, PATH, schedule_id=world["Primary"]["id"], at=at))["items"]
        assert {row["user"]["name"] for row in rows} == {expected}, at


async def test_in_a_range_every_shift_that_touches_it_each_whole(system: System, world: dict[str, Json]) -> None:
    primary = {"schedule_id": world["Primary"]["id"], "service_id": world["Payments service"]["id"]}
    rows = (await get(system.api, PATH, **primary, since=day("03-08 00:00"), until=day("03-16 09:00")))["items"]
    assert [(row["user"]["name"], row["start"], row["end"]) for row in rows] == [
        ("Ana", day("03-02 09:00"), day("03-09 09:00")),
        ("Bob", day("03-09 09:00"), day("03-16 09:00")),
    ]
    several = await get(system.api, PATH, since=day("03-09 00:00"), until=day("03-09 12:00"))
    assert sorted(lines(several["items"])) == sorted(
        [*ALL, "Payments 1: Bob in Primary", "Web 2: Bob in Primary"],
    )


async def test_the_past_is_told_from_the_record(system: System, world: dict[str, Json]) -> None:
    path = f"/api/v1/schedules/{world['Primary']['id']}"
    await post(system.api, f"{path}/overrides", start=day("03-03 00:00"), end=day("03-03 06:00"), user_id=world["Cem"]["id"])
    await system.advance(step=timedelta(hours=6), days=1)
    await edited(system.api, path, always(world["Bob"]))
    primary = {"schedule_id": world["Primary"]["id"], "service_id": world["Payments service"]["id"]}
    assert await asked(system.api, **primary, at=day("03-03 03:00")) == ["Payments 1: Cem in Primary"]
    assert await asked(system.api, **primary, at=day("03-03 08:00")) == ["Payments 1: Ana in Primary"]
    assert await asked(system.api, **primary) == ["Payments 1: Bob in Primary"]
    rows = (await get(system.api, PATH, **primary, since=day("03-02 20:00"), until=day("03-04 00:00")))["items"]
    assert [f"{row['user']['name']} {row['start'][5:16]} to {(row['end'] or 'ever')[5:16]}" for row in rows] == [
        "Ana 03-02T09:00 to 03-03T00:00",
        "Cem 03-03T00:00 to 03-03T06:00",
        "Ana 03-03T06:00 to 03-03T12:00",
        "Bob 03-03T12:00 to ",
    ]


async def test_as_it_was_known(system: System, world: dict[str, Json]) -> None:
    path = f"/api/v1/schedules/{world['Primary']['id']}"
    planned = z(system.clock.at)
    system.clock.advance(timedelta(hours=1))
    await edited(system.api, path, always(world["Bob"]))
    primary = {"schedule_id": world["Primary"]["id"], "service_id": world["Payments service"]["id"]}
    assert await asked(system.api, **primary, at=day("03-05 00:00")) == ["Payments 1: Bob in Primary"]
    assert await asked(system.api, **primary, at=day("03-05 00:00"), as_known_at=planned) == ["Payments 1: Ana in Primary"]
    known = await get(system.api, PATH, **primary, since=day("03-05 00:00"), until=day("03-12 00:00"), as_known_at=planned)
    assert [row["user"]["name"] for row in known["items"]] == ["Ana", "Bob"]


async def test_a_service_is_asked_by_its_own_address(system: System, world: dict[str, Json]) -> None:
    path = f"/api/v1/services/{world['Payments service']['id']}/oncall"
    assert lines((await get(system.api, path))["items"]) == ALL[:2]
    assert lines((await get(system.api, path, at=day("03-09 09:00")))["items"])[0] == "Payments 1: Bob in Primary"
    assert problem(await system.api.get(f"/api/v1/services/{UNKNOWN}/oncall")) == (404, "not_found")
    assert problem(await system.api.get(path, params={"user_id": world["Ana"]["id"]})) == (422, "invalid"), "it has no other filters"


# --- kept in memory ---------------------------------------------------------------------------------------------------------


async def test_whatever_changes_is_told_at_once(system: System, world: dict[str, Json]) -> None:
    ana, bob, cem = world["Ana"], world["Bob"], world["Cem"]
    path = f"/api/v1/schedules/{world['Primary']['id']}"
    primary = {"schedule_id": world["Primary"]["id"], "service_id": world["Payments service"]["id"]}
    assert await asked(system.api, **primary) == ["Payments 1: Ana in Primary"]
    span = {"start": z(system.clock.at), "end": day("03-03 00:00")}
    away = await post(system.api, f"/api/v1/users/{ana['id']}/unavailability", **span, cover_user_id=bob["id"])
    assert await asked(system.api, **primary) == ["Payments 1: Bob in Primary"]
    cover = await post(system.api, f"{path}/overrides", **span, user_id=cem["id"])
    assert await asked(system.api, **primary) == ["Payments 1: Cem in Primary"]
    await system.api.delete(f"{path}/overrides/{cover['id']}")
    await system.api.delete(f"/api/v1/users/{ana['id']}/unavailability/{away['id']}")
    assert await asked(system.api, **primary) == ["Payments 1: Ana in Primary"]
    await edited(system.api, path, always(bob), name="First")
    assert await asked(system.api, **primary) == ["Payments 1: Bob in First"]
    assert (await system.api.patch(f"/api/v1/users/{bob['id']}", json={"name": "Robert"}, headers=ANY)).status_code == 200
    assert await asked(system.api, **primary) == ["Payments 1: Robert in First"]


async def test_a_deleted_schedule_is_told_no_more(system: System, world: dict[str, Json]) -> None:
    spare = world["Spare"]["id"]
    assert await asked(system.api, schedule_id=spare) == ["-: Bob in Spare"]
    assert (await system.api.delete(f"/api/v1/schedules/{spare}")).status_code == 204
    assert problem(await system.api.get(PATH, params={"schedule_id": spare})) == (404, "not_found")
    assert await asked(system.api) == ALL[:4]


async def test_many_schedules_in_one_body(system: System, database: Database, world: dict[str, Json]) -> None:
    async with database.transaction() as tx:
        made = [
            await create_schedule(tx, name=f"Empty {n}", team_id=None, definition=Definition("UTC", ()), now=system.clock.at)
            for n in range(200)
        ]
    await system.node.compilation.refresh()
    system.node.compilation.expire()
    await system.make("teams", name="Another")
    ids = [str(one.id) for one in made] + [world["Spare"]["id"]] * 3
    answer = await system.api.post(PATH, json={"schedule_ids": ids, "at": day("03-10 00:00")})
    assert lines(answer.json()["items"]) == ["-: Bob in Spare"]


# --- what is refused --------------------------------------------------------------------------------------------------------


async def test_ids_that_nobody_has_are_not_found_by_name(system: System, world: dict[str, Json]) -> None:
    for name in ("service", "schedule", "team", "user", "escalation_policy"):
        for answer in (
            await system.api.get(PATH, params={f"{name}_id": UNKNOWN}),
            await system.api.post(PATH, json={f"{name}_ids": [UNKNOWN]}),
        ):
            assert problem(answer) == (404, "not_found"), name
            assert f"{name}_id: {UNKNOWN}" in answer.json()["detail"]


async def test_what_cannot_be_asked_is_refused_with_a_sentence(system: System) -> None:
    noon, later = day("03-02 12:00"), day("03-03 12:00")
    for asked_for, sentence in (
        ({"colour": "red"}, "There is no filter colour; there are: service_id, schedule_id,"),
        ({"service_id": "7"}, "service_id must be a UUID."),
        ({"at": "yesterday"}, "at must be an instant with an offset"),
        ({"at": "2026-03-02T12:00:00"}, "at must be an instant with an offset"),
        ({"at": "1969-01-01T00:00:00Z"}, "at must be an instant with an offset"),
        ({"since": noon}, "since and until go together."),
        ({"until": noon}, "since and until go together."),
        ({"since": noon, "until": noon}, "until must be later than since."),
        ({"since": later, "until": noon}, "until must be later than since."),
        ({"since": noon, "until": "2027-03-05T00:00:00Z"}, "At most 366 days can be asked about at once."),
        ({"since": noon, "until": later, "at": noon}, "Ask either for an instant (at) or for a range (since and until)."),
        ({"as_known_at": "once"}, "as_known_at must be an instant with an offset"),
    ):
        refused = await system.api.get(PATH, params=asked_for)
        assert problem(refused) == (422, "invalid"), asked_for
        assert refused.json()["detail"].startswith(sentence)
    for raw in (b"", b"{", b"[]", b'{"colour": 1}', b'{"schedule_ids": 7}', b'{"schedule_ids": ["7"]}', b'{"at": 7}'):
        refused = await system.api.post(PATH, content=raw, headers={"Content-Type": "application/json"})
        assert problem(refused) == (422, "invalid"), raw
        assert refused.json()["detail"].startswith("The body must be a JSON object with service_ids, schedule_ids,")
    too_many = await system.api.post(PATH, json={"schedule_ids": [UNKNOWN.replace("8000", f"{n:04x}") for n in range(10_001)]})
    assert too_many.json()["detail"] == "At most 10000 ids can be asked about at once; ask in parts."
    too_long = await system.api.post(PATH, content=b" " * (512 * 1024 + 1), headers={"Content-Type": "application/json"})
    assert too_long.json()["detail"] == "A body may have at most 512 KiB; ask in parts."


async def test_any_key_may_look_and_nobody_without_one(system: System, world: dict[str, Json]) -> None:
    key = (await post(system.api, "/api/v1/api-keys", name="reader", scope="read"))["key"]
    async with system.client({"Authorization": f"Bearer {key}"}) as reader:
        assert await asked(reader) == ALL
        assert (await reader.post(PATH, json={})).status_code == 200
    assert (await system.client().get(PATH)).status_code == 401
    assert (await system.client().post(PATH, json={})).status_code == 401


async def test_the_past_of_a_deleted_schedule_can_be_asked_and_its_future_is_not_found(system: System) -> None:
    [ana] = await new_users(system, "Ana")
    payments = await scheduled(system, always(ana))
    then = z(system.clock.at)
    system.clock.advance(timedelta(hours=1))
    assert (await system.api.delete(payments)).status_code == 204
    await system.node.compilation.refresh()
    asked = {"schedule_id": id_of(payments)}
    past = await system.api.get("/api/v1/oncalls", params=asked | {"at": then})
    assert [row["user"]["name"] for row in past.json()["items"]] == ["Ana"], past.text
    assert (await system.api.get("/api/v1/oncalls", params=asked)).status_code == 404
    unknown = {"schedule_id": "00000000-0000-7000-8000-000000000000"}
    assert (await system.api.get("/api/v1/oncalls", params=unknown | {"at": then})).status_code == 404
