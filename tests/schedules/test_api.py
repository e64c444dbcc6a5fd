"""REST for schedules, overrides and who is on call."""

from datetime import datetime, timedelta

import pytest
from httpx import AsyncClient, Response

from oncall.kit.clock import ManualClock

UNKNOWN = "00000000-0000-7000-8000-000000000000"


async def create(api: AsyncClient, path: str, **fields: object) -> dict[str, object]:
    made = await api.post(f"/api/v1/{path}", json=fields)
    assert made.status_code == 201, made.text
    return made.json()


async def key_of(api: AsyncClient, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await create(api, 'api-keys', name=scope, scope=scope))['key']}"}


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def z(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def turn(id: object) -> dict[str, object]:
    return {"type": "user", "id": id}


@pytest.fixture
async def ana(api: AsyncClient) -> dict[str, object]:
    made = await create(api, "users", name="Ana", email="ana@example.com")
    return {"id": made["id"], "name": "Ana"}


@pytest.fixture
async def bob(api: AsyncClient) -> dict[str, object]:
    made = await create(api, "users", name="Bob", email="bob@example.com")
    return {"id": made["id"], "name": "Bob"}


def weekly(*turns: dict[str, object], **more: object) -> dict[str, object]:
    """Handed off on Mondays at nine in New York."""
    rotation = {"unit": "week", "count": 1, "starts_at": "2026-01-05T09:00:00"}
    return {"name": "weekly", "participants": list(turns), "rotation": rotation, **more}


@pytest.fixture
async def payments(api: AsyncClient, ana: dict[str, object], bob: dict[str, object]) -> str:
    layers = [weekly(turn(ana["id"]), turn(bob["id"]))]
    return str((await create(api, "schedules", name="Payments", time_zone="America/New_York", layers=layers))["id"])


async def test_a_schedule_is_shown_as_it_was_written_with_every_default(api: AsyncClient, ana: dict[str, object]) -> None:
    nights = {"type": "daily", "start_time": "22:00", "end_time": "06:00"}
    weekend = {"type": "weekly", "start_day": "friday", "start_time": "17:00", "end_day": "monday", "end_time": "09:00:30"}
    participants = [turn(ana["id"]), {"type": "vacant"}, {"type": "group", "members": [turn(ana["id"])]}]
    asked = {
        "name": "Payments",
        "team_id": None,
        "time_zone": "America/New_York",
        "layers": [
            weekly(*participants, restrictions=[nights, weekend], effective_from="2026-02-01T01:00:00+01:00"),
            {"name": "always", "participants": [turn(ana["id"])]},
        ],
    }
    made = await api.post("/api/v1/schedules", json=asked)
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"'), made.text
    shown = made.json()
    [first, second] = shown["layers"]
    assert first == {
        "id": first["id"],
        "name": "weekly",
        "precedence": None,
        "time_zone": None,
        "participants": participants,
        "rotation": {
            "unit": "week",
            "count": 1,
            "starts_at": "2026-01-05T09:00:00",
            "arithmetic": "wall",
            "turn_counting": "elapsed",
            "active_days": None,
        },
        "restrictions": [nights, weekend],
        "effective_from": "2026-02-01T00:00:00Z",
        "effective_until": None,
        "shifts": None,
    }
    assert (second["rotation"], second["restrictions"]) == (None, None)
    assert {key: shown[key] for key in ("name", "team_id", "time_zone")} == {
        "name": "Payments",
        "team_id": None,
        "time_zone": "America/New_York",
    }
    shown.pop("warnings")
    assert shown["upcoming"] == []
    read = await api.get(f"/api/v1/schedules/{shown['id']}")
    assert (read.json(), read.headers["ETag"]) == (shown, '"1"')
    listed = await api.get("/api/v1/schedules", params={"name": "Payments"})
    assert listed.json() == {"items": [shown], "next_cursor": None}


async def test_who_is_on_call_since_when_until_when_and_who_is_next(
    api: AsyncClient, payments: str, ana: dict[str, object], bob: dict[str, object]
) -> None:
    answer = await api.get(f"/api/v1/schedules/{payments}/oncall", params={"at": "2026-03-07T12:00:00+01:00"})
    start, end = "2026-03-02T14:00:00Z", "2026-03-09T13:00:00Z"
    source = answer.json()["source"]
    assert (source["kind"], source["name"]) == ("layer", "weekly")
    assert answer.json() == {
        "at": "2026-03-07T11:00:00Z",
        "users": [{**ana, "start": start, "end": end}],
        "source": source,
        "reasons": [{**source, "turn": 8, "within": None}],
        "start": start,
        "end": end,
        "next": {"start": end, "users": [bob], "source": source},
    }


async def test_without_an_instant_it_is_now(api: AsyncClient, payments: str, clock: ManualClock) -> None:
    now = (await api.get(f"/api/v1/schedules/{payments}/oncall")).json()
    then = (await api.get(f"/api/v1/schedules/{payments}/oncall", params={"at": z(clock.at)})).json()
    assert now == then


async def test_a_gap_has_no_users_and_an_end(api: AsyncClient, ana: dict[str, object]) -> None:
    office = {"type": "daily", "start_time": "09:00", "end_time": "17:00"}
    layers = [{"name": "office", "participants": [turn(ana["id"])], "restrictions": [office]}]
    office_id = (await create(api, "schedules", name="Office", time_zone="UTC", layers=layers))["id"]
    answer = (await api.get(f"/api/v1/schedules/{office_id}/oncall", params={"at": "2026-03-07T18:00:00Z"})).json()
    assert (answer["users"], answer["source"]) == ([], {"kind": "gap", "id": None, "name": None})
    assert (answer["start"], answer["end"]) == ("2026-03-07T17:00:00Z", "2026-03-08T09:00:00Z")


async def test_shifts_tile_the_range_exactly(api: AsyncClient, payments: str, ana: dict[str, object], bob: dict[str, object]) -> None:
    until = {"effective_until": "2026-03-10T00:00:00Z"}
    layers = (await api.get(f"/api/v1/schedules/{payments}")).json()["layers"]
    bounded = (await create(api, "schedules", name="x", time_zone="America/New_York", layers=[layers[0] | until]))["id"]
    range_ = {"since": "2026-03-07T00:00:00Z", "until": "2026-03-11T00:00:00Z"}
    answer = (await api.get(f"/api/v1/schedules/{bounded}/shifts", params=range_)).json()
    source = {"kind": "layer", "id": layers[0]["id"], "name": "weekly"}
    reasons = [[{**source, "turn": turn, "within": None}] for turn in (8, 9)]
    assert answer == {
        "items": [
            {"start": "2026-03-07T00:00:00Z", "end": "2026-03-09T13:00:00Z", "users": [ana], "source": source, "reasons": reasons[0]},
            {"start": "2026-03-09T13:00:00Z", "end": "2026-03-10T00:00:00Z", "users": [bob], "source": source, "reasons": reasons[1]},
            {
                "start": "2026-03-10T00:00:00Z",
                "end": "2026-03-11T00:00:00Z",
                "users": [],
                "source": {"kind": "gap", "id": None, "name": None},
                "reasons": [],
            },
        ],
        "coverage": 0.75,
    }


async def test_an_edit_needs_the_current_etag(api: AsyncClient, payments: str, ana: dict[str, object]) -> None:
    path = f"/api/v1/schedules/{payments}"
    assert problem(await api.patch(path, json={"name": "Money"})) == (428, "if_match_required")
    edited = await api.patch(path, json={"name": "Money"}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["ETag"], edited.json()["name"]) == (200, '"2"', "Money")
    whole = {"name": "All", "time_zone": "UTC", "layers": [weekly(turn(ana["id"]))]}
    assert problem(await api.put(path, json=whole, headers={"If-Match": '"1"'})) == (412, "stale")
    replaced = await api.put(path, json=whole, headers={"If-Match": '"2"'})
    assert (replaced.headers["ETag"], replaced.json()["time_zone"], len(replaced.json()["layers"][0]["participants"])) == ('"3"', "UTC", 1)
    assert replaced.json()["layers"][0]["id"] == edited.json()["layers"][0]["id"], "a layer that keeps its name keeps its id"


async def test_a_layer_can_be_sent_back_as_it_was_shown(api: AsyncClient, payments: str) -> None:
    path = f"/api/v1/schedules/{payments}"
    shown = (await api.get(path)).json()
    edited = await api.patch(path, json={"layers": shown["layers"]}, headers={"If-Match": "*"})
    assert edited.json()["layers"] == shown["layers"]


async def test_who_is_on_call_changes_with_an_edit_from_now_on(
    api: AsyncClient, payments: str, bob: dict[str, object], clock: ManualClock
) -> None:
    before = (await api.get(f"/api/v1/schedules/{payments}/oncall", params={"at": z(clock.at - timedelta(seconds=1))})).json()
    layers = [{"name": "bob", "participants": [turn(bob["id"])]}]
    await api.patch(f"/api/v1/schedules/{payments}", json={"layers": layers}, headers={"If-Match": "*"})
    now = (await api.get(f"/api/v1/schedules/{payments}/oncall")).json()
    assert [user["name"] for user in now["users"]] == ["Bob"]
    after = (await api.get(f"/api/v1/schedules/{payments}/oncall", params={"at": z(clock.at - timedelta(seconds=1))})).json()
    assert after["users"][0]["id"] == before["users"][0]["id"]


async def test_an_override_is_made_listed_and_taken_back(
    api: AsyncClient, payments: str, bob: dict[str, object], clock: ManualClock
) -> None:
    path = f"/api/v1/schedules/{payments}"
    start, end = z(clock.at + timedelta(hours=1)), z(clock.at + timedelta(hours=2))
    made = await api.post(f"{path}/overrides", json={"start": start, "end": end, "user_id": bob["id"]})
    assert made.status_code == 201, made.text
    shown = {
        "id": made.json()["id"],
        "start": start,
        "end": end,
        "kind": "cover",
        "user_id": bob["id"],
        "replaces_user_id": None,
        "reason": "",
        "author": "environment admin key",
        "created_at": z(clock.at),
    }
    written = made.json()
    assert [warning["code"] for warning in written.pop("warnings")] == ["nothing_changes", "no_verified_contact_method"]
    assert written == shown
    assert (await api.get(f"{path}/overrides")).json() == {"items": [shown], "next_cursor": None}
    on_call = (await api.get(f"{path}/oncall", params={"at": start})).json()
    assert (on_call["users"][0]["name"], on_call["source"]) == ("Bob", {"kind": "override", "id": shown["id"], "name": "cover"})
    assert (await api.delete(f"{path}/overrides/{shown['id']}")).status_code == 204
    assert (await api.get(f"{path}/overrides")).json()["items"] == []
    assert problem(await api.delete(f"{path}/overrides/{shown['id']}")) == (404, "not_found")


async def test_a_cleared_time_is_a_gap_that_names_its_override(api: AsyncClient, payments: str, clock: ManualClock) -> None:
    path = f"/api/v1/schedules/{payments}"
    span = {"start": z(clock.at), "end": z(clock.at + timedelta(hours=2))}
    cleared = (await api.post(f"{path}/overrides", json={**span, "kind": "clear"})).json()["id"]
    assert (await api.get(f"{path}/oncall")).json()["source"] == {"kind": "gap", "id": cleared, "name": "clear"}


@pytest.mark.parametrize(
    ("what", "change", "code"),
    [
        ("a user that does not exist", {"layers": [weekly(turn(UNKNOWN))]}, "unknown_user"),
        ("a team that does not exist", {"team_id": UNKNOWN}, "unknown_team"),
        ("a zone that does not exist", {"time_zone": "Mars/Olympus"}, "invalid"),
        ("a field we do not know", {"colour": "red"}, "invalid"),
        ("a field we do not know inside a layer", {"layers": [weekly(colour="red")]}, "invalid"),
        ("a team as participant", {"layers": [weekly({"type": "team", "id": UNKNOWN})]}, "unknown_team"),
        ("a nested schedule", {"layers": [weekly({"type": "schedule", "id": UNKNOWN})]}, "unknown_schedule"),
        ("a participant of no type", {"layers": [weekly({"id": UNKNOWN})]}, "invalid"),
        ("an anchor with an offset", {"layers": [weekly(rotation={"unit": "day", "starts_at": "2026-01-05T09:00:00Z"})]}, "invalid"),
        ("a fraction of a second", {"layers": [weekly(effective_from="2026-01-05T09:00:00.5Z")]}, "invalid"),
        ("a unit we do not know", {"layers": [weekly(rotation={"unit": "year", "starts_at": "2026-01-05T09:00:00"})]}, "invalid"),
        ("a restriction without an end", {"layers": [weekly(restrictions=[{"type": "daily", "start_time": "09:00"}])]}, "invalid"),
        ("no name", {"name": ""}, "invalid"),
    ],
)
async def test_a_schedule_that_cannot_be_is_refused(api: AsyncClient, what: str, change: dict[str, object], code: str) -> None:
    asked = {"name": "x", "time_zone": "UTC", "layers": []} | change
    assert problem(await api.post("/api/v1/schedules", json=asked)) == (422, code), what


async def test_an_override_that_cannot_be_is_refused(api: AsyncClient, payments: str, ana: dict[str, object], clock: ManualClock) -> None:
    path = f"/api/v1/schedules/{payments}/overrides"
    span = {"start": z(clock.at), "end": z(clock.at + timedelta(hours=1)), "user_id": ana["id"]}
    past = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}
    assert problem(await api.post(path, json=span | past)) == (422, "invalid_override")
    assert problem(await api.post(path, json=span | {"kind": "replace"})) == (422, "invalid_override")
    assert problem(await api.post(path, json=span | {"kind": "swap"})) == (422, "invalid")
    assert problem(await api.post(path, json=span | {"user_id": UNKNOWN})) == (422, "unknown_user")
    assert problem(await api.post(path.replace(payments, UNKNOWN), json=span)) == (404, "not_found")


async def test_a_range_that_cannot_be_rendered_is_refused(api: AsyncClient, payments: str) -> None:
    path = f"/api/v1/schedules/{payments}/shifts"
    since = "2026-01-01T00:00:00Z"
    assert problem(await api.get(path, params={"since": since})) == (422, "invalid")
    assert problem(await api.get(path, params={"since": since, "until": since})) == (422, "invalid_range")
    assert problem(await api.get(path, params={"since": since, "until": "2027-01-03T00:00:00Z"})) == (422, "invalid_range")
    assert problem(await api.get(path, params={"since": since, "until": "2026-01-01T00:00:00.5Z"})) == (422, "invalid")


async def test_what_does_not_exist_is_not_found(api: AsyncClient) -> None:
    path = f"/api/v1/schedules/{UNKNOWN}"
    for answer in (
        await api.get(path),
        await api.get(f"{path}/oncall"),
        await api.get(f"{path}/overrides"),
        await api.get(f"{path}/shifts", params={"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}),
        await api.delete(path),
        await api.patch(path, json={"name": "x"}, headers={"If-Match": "*"}),
    ):
        assert problem(answer) == (404, "not_found")


async def test_readers_look_responders_override_and_admins_edit(
    api: AsyncClient, payments: str, ana: dict[str, object], clock: ManualClock
) -> None:
    path = f"/api/v1/schedules/{payments}"
    read, respond = await key_of(api, "read"), await key_of(api, "respond")
    cover = {"start": z(clock.at), "end": z(clock.at + timedelta(hours=1)), "user_id": ana["id"]}
    assert (await api.get(f"{path}/oncall", headers=read)).status_code == 200
    assert (await api.post(f"{path}/overrides", json=cover, headers=read)).status_code == 403
    assert (await api.post(f"{path}/overrides", json=cover, headers=respond)).status_code == 201
    assert (await api.patch(path, json={"name": "x"}, headers={"If-Match": "*"} | respond)).status_code == 403
    assert (await api.delete(path, headers=respond)).status_code == 403
    assert (await api.delete(path)).status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_a_schedule_that_a_policy_points_at_stays(api: AsyncClient, payments: str) -> None:
    steps = [{"delay": "PT5M", "targets": [{"type": "schedule", "id": payments}]}]
    await create(api, "escalation-policies", name="Payments", steps=steps)
    assert problem(await api.delete(f"/api/v1/schedules/{payments}")) == (409, "in_use")


async def test_one_override_is_read_by_its_id(api: AsyncClient, payments: str, bob: dict[str, object], clock: ManualClock) -> None:
    path = f"/api/v1/schedules/{payments}/overrides"
    made = await create(api, path.removeprefix("/api/v1/"), start=z(clock.at), end=z(clock.at + timedelta(hours=1)), user_id=bob["id"])
    made.pop("warnings")
    assert (await api.get(f"{path}/{made['id']}")).json() == made
    assert problem(await api.get(f"{path}/{UNKNOWN}")) == (404, "not_found")
    assert problem(await api.get(f"{path.replace(payments, UNKNOWN)}/{made['id']}")) == (404, "not_found")


async def test_an_instant_is_written_out(api: AsyncClient, payments: str, ana: dict[str, object]) -> None:
    path = f"/api/v1/schedules/{payments}"
    override = {"start": 1796000000, "end": 1796003600, "user_id": ana["id"]}
    assert problem(await api.post(f"{path}/overrides", json=override)) == (422, "invalid")
    assert problem(await api.get(f"{path}/oncall", params={"at": "1796000000"})) == (422, "invalid")
    counted = weekly(turn(ana["id"]), rotation={"unit": "day", "count": True, "starts_at": "2026-01-05T09:00:00"})
    asked = {"name": "x", "time_zone": "UTC", "layers": [counted]}
    assert problem(await api.post("/api/v1/schedules", json=asked)) == (422, "invalid")
