"""REST for users and teams."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text

from oncall.kit.db import Database

ANA = {"name": "Ana", "email": "ana@example.com", "time_zone": "Europe/Lisbon"}


async def create(api: AsyncClient, path: str, **fields: object) -> dict[str, object]:
    made = await api.post(f"/api/v1/{path}", json=fields)
    assert made.status_code == 201, made.text
    return made.json()


async def key_of(api: AsyncClient, scope: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {(await create(api, 'api-keys', name=scope, scope=scope))['key']}"}


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_user_is_created_and_read(api: AsyncClient) -> None:
    made = await api.post("/api/v1/users", json=ANA)
    assert made.status_code == 201
    assert made.headers["ETag"] == '"1"'
    shown = made.json()
    assert shown == {**ANA, "id": shown["id"], "org_roles": [], "created_at": shown["created_at"], "reachable": shown["reachable"]}
    read = await api.get(f"/api/v1/users/{made.json()['id']}")
    assert (read.json(), read.headers["ETag"]) == (made.json(), '"1"')


async def test_a_user_lives_in_utc_unless_told_otherwise_and_has_each_role_once(api: AsyncClient) -> None:
    made = await create(api, "users", name="Ben", email="ben@corp.local", org_roles=["stakeholder", "owner", "owner"])
    assert (made["time_zone"], made["org_roles"]) == ("UTC", ["owner", "stakeholder"])


@pytest.mark.parametrize(
    "wrong",
    [{"email": "ana"}, {"time_zone": "Europe/Lissabon"}, {"name": " "}, {"org_roles": ["king"]}, {"id": str(uuid4())},
     {"is_admin": True}, {"created_at": "2026-01-01T00:00:00Z"}, {"version": 7}, {"name": None}],
    ids=lambda wrong: next(iter(wrong)),
)  # fmt: skip
async def test_a_user_cannot_be_created_with(api: AsyncClient, wrong: dict[str, object]) -> None:
    assert problem(await api.post("/api/v1/users", json=ANA | wrong)) == (422, "invalid")


async def test_a_wrong_time_zone_gets_a_hint(api: AsyncClient) -> None:
    answer = await api.post("/api/v1/users", json=ANA | {"time_zone": "Europe/Lisabon"})
    assert "Europe/Lisbon" in answer.text


async def test_an_email_that_is_taken_is_a_conflict(api: AsyncClient) -> None:
    await create(api, "users", **ANA)
    assert problem(await api.post("/api/v1/users", json=ANA | {"email": "ANA@example.com"})) == (409, "email_taken")


async def test_a_user_is_found_by_email(api: AsyncClient) -> None:
    ana = await create(api, "users", **ANA)
    await create(api, "users", name="Ben", email="ben@example.com")
    found = await api.get("/api/v1/users", params={"email": "Ana@Example.com"})
    assert [user["id"] for user in found.json()["items"]] == [ana["id"]]


async def test_pages_of_a_list_hold_every_user_once_in_order_of_creation(api: AsyncClient) -> None:
    made = [(await create(api, "users", name=f"User {n}", email=f"u{n}@example.com"))["id"] for n in range(5)]
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await api.get("/api/v1/users", params={"limit": 2, **cursor})).json()
        seen += [user["id"] for user in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == made


async def test_an_edit_with_the_current_etag_changes_only_what_it_names(api: AsyncClient) -> None:
    made = await api.post("/api/v1/users", json=ANA)
    url = f"/api/v1/users/{made.json()['id']}"
    edited = await api.patch(url, json={"name": "Ana Lima"}, headers={"If-Match": made.headers["ETag"]})
    expected = {**made.json(), "name": "Ana Lima", "reachable": edited.json()["reachable"]}
    assert (edited.status_code, edited.json(), edited.headers["ETag"]) == (200, expected, '"2"')


@pytest.mark.parametrize("path", ["users", "teams"])
async def test_an_edit_needs_the_current_etag(api: AsyncClient, path: str) -> None:
    made = await create(api, path, **(ANA if path == "users" else {"name": "Payments"}))
    url = f"/api/v1/{path}/{made['id']}"
    assert problem(await api.patch(url, json={"name": "A"})) == (428, "if_match_required")
    assert (await api.patch(url, json={"name": "A"}, headers={"If-Match": "*"})).status_code == 200
    assert problem(await api.patch(url, json={"name": "B"}, headers={"If-Match": '"1"'})) == (412, "stale")
    assert (await api.get(url)).json()["name"] == "A"


@pytest.mark.parametrize(
    ("path", "change"),
    [("users", {"name": None}), ("users", {"email": None}), ("users", {"time_zone": ""}), ("users", {"id": str(uuid4())}),
     ("teams", {"name": None}), ("teams", {"name": ""}), ("teams", {"version": 9})],
)  # fmt: skip
async def test_an_edit_cannot_empty_or_add_a_field(api: AsyncClient, path: str, change: dict[str, object]) -> None:
    made = await create(api, path, **(ANA if path == "users" else {"name": "Payments"}))
    assert problem(await api.patch(f"/api/v1/{path}/{made['id']}", json=change, headers={"If-Match": "*"})) == (422, "invalid")


async def test_a_deleted_user_is_gone(api: AsyncClient) -> None:
    url = f"/api/v1/users/{(await create(api, 'users', **ANA))['id']}"
    assert (await api.delete(url)).status_code == 204
    assert problem(await api.get(url)) == (404, "not_found")
    assert problem(await api.delete(url)) == (404, "not_found")
    assert problem(await api.patch(url, json={"name": "x"}, headers={"If-Match": "*"})) == (404, "not_found")


@pytest.fixture
async def rota(database: Database) -> AsyncIterator[str]:
    """A table that counts on users, for as long as the test runs."""
    async with database.transaction() as tx:
        await tx.execute(text("CREATE TABLE rota (user_id uuid REFERENCES users)"))
    yield "INSERT INTO rota SELECT id FROM users"
    async with database.transaction() as tx:
        await tx.execute(text("DROP TABLE rota"))


async def test_a_user_who_is_counted_on_cannot_be_deleted(api: AsyncClient, database: Database, rota: str) -> None:
    ana = await create(api, "users", **ANA)
    async with database.transaction() as tx:
        await tx.execute(text(rota))
    answer = await api.delete(f"/api/v1/users/{ana['id']}")
    assert problem(answer) == (409, "in_use")
    assert "User Ana is still used by 1 rota" in answer.json()["detail"]


async def test_a_team_is_created_edited_found_and_deleted(api: AsyncClient) -> None:
    made = await create(api, "teams", name="Payments")
    assert made == {"id": made["id"], "name": "Payments", "schedule_id": None, "fallback_policy_id": None, "created_at": made["created_at"]}
    url = f"/api/v1/teams/{made['id']}"
    edited = await api.patch(url, json={"name": "Billing", "schedule_id": None}, headers={"If-Match": '"1"'})
    assert (edited.json()["name"], edited.headers["ETag"]) == ("Billing", '"2"')
    assert [team["name"] for team in (await api.get("/api/v1/teams", params={"name": "Billing"})).json()["items"]] == ["Billing"]
    assert (await api.get("/api/v1/teams", params={"name": "Payments"})).json()["items"] == []
    assert (await api.delete(url)).status_code == 204
    assert problem(await api.get(url)) == (404, "not_found")


async def test_a_team_that_points_at_nothing_is_refused(api: AsyncClient) -> None:
    answer = await api.post("/api/v1/teams", json={"name": "Payments", "schedule_id": str(uuid4())})
    assert problem(answer) == (422, "invalid")
    assert "schedule_id" in answer.json()["detail"]


async def test_members_join_by_post_change_by_put_and_leave_by_delete(api: AsyncClient) -> None:
    ana, team = await create(api, "users", **ANA), await create(api, "teams", name="Payments")
    url, person = f"/api/v1/teams/{team['id']}/members", {"id": ana["id"], "name": "Ana"}
    joined = await api.post(url, json={"user_id": ana["id"]})
    assert (joined.status_code, joined.json()) == (201, {"user": person, "role": "responder"})
    assert (await api.put(f"{url}/{ana['id']}", json={"role": "manager"})).json() == {"user": person, "role": "manager"}
    assert (await api.get(url)).json() == {"items": [{"user": person, "role": "manager"}], "next_cursor": None}
    assert (await api.delete(f"{url}/{ana['id']}")).status_code == 204
    assert problem(await api.delete(f"{url}/{ana['id']}")) == (404, "not_found")


async def test_a_membership_of_nobody_or_in_no_team_is_refused(api: AsyncClient) -> None:
    ana, team = await create(api, "users", **ANA), await create(api, "teams", name="Payments")
    members = f"/api/v1/teams/{team['id']}/members"
    assert problem(await api.post(members, json={"user_id": str(uuid4())})) == (422, "invalid")
    assert problem(await api.post(members, json={"user_id": ana["id"], "role": "captain"})) == (422, "invalid")
    assert problem(await api.post(f"/api/v1/teams/{uuid4()}/members", json={"user_id": ana["id"]})) == (404, "not_found")
    assert problem(await api.get(f"/api/v1/teams/{uuid4()}/members")) == (404, "not_found")


@pytest.mark.parametrize("scope", ["read", "respond"])
async def test_anyone_with_a_key_reads_and_only_admins_write(api: AsyncClient, scope: str) -> None:
    header = await key_of(api, scope)
    ana, team = await create(api, "users", **ANA), await create(api, "teams", name="Payments")
    user_url, team_url = f"/api/v1/users/{ana['id']}", f"/api/v1/teams/{team['id']}"
    for url in ("/api/v1/users", "/api/v1/teams", user_url, team_url, f"{team_url}/members"):
        assert (await api.get(url, headers=header)).status_code == 200
    for answer in (
        await api.post("/api/v1/users", json=ANA, headers=header),
        await api.patch(user_url, json={"name": "x"}, headers=header | {"If-Match": "*"}),
        await api.delete(user_url, headers=header),
        await api.post("/api/v1/teams", json={"name": "x"}, headers=header),
        await api.patch(team_url, json={"name": "x"}, headers=header | {"If-Match": "*"}),
        await api.delete(team_url, headers=header),
        await api.post(f"{team_url}/members", json={"user_id": ana["id"]}, headers=header),
        await api.put(f"{team_url}/members/{ana['id']}", json={}, headers=header),
        await api.delete(f"{team_url}/members/{ana['id']}", headers=header),
    ):
        assert problem(answer) == (403, "forbidden")
