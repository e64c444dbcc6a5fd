"""Silences over REST."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from tests.conftest import START
from tests.silences.muting import problem
from tests.system import System, to

from oncall.kit.db import Database
from oncall.silences.commands import load_mutings

BODY: dict[str, Any] = {"matchers": ['severity="warning"', 'job=~"api.*"'], "ends_at": "2026-03-02T14:00:00Z", "comment": "deploy of db-01"}
OURS = ("id", "state", "author", "created_at")


@pytest.fixture
async def web(system: System) -> str:
    ana = await system.user("Ana")
    policy = await system.make("escalation-policies", name="Web", steps=[{"delay": "PT5M", "targets": [to(ana)]}])
    id: str = (await system.make("services", name="web", escalation_policy_id=policy["id"]))["id"]
    return id


async def make(api: AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await api.post("/api/v1/silences", json=BODY | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_silence_begins_now_and_says_who_made_it(api: AsyncClient) -> None:
    answer = await api.post("/api/v1/silences", json=BODY)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    made = answer.json()
    assert made == {
        "id": made["id"],
        "matchers": ['severity="warning"', 'job=~"api.*"'],
        "service_id": None,
        "starts_at": "2026-03-02T12:00:00Z",
        "ends_at": "2026-03-02T14:00:00Z",
        "comment": "deploy of db-01",
        "matches_everything": False,
        "state": "active",
        "author": {"id": None, "name": "environment admin key", "type": "api_key"},
        "created_at": "2026-03-02T12:00:00Z",
    }
    read = await api.get(f"/api/v1/silences/{made['id']}")
    assert (read.json(), read.headers["ETag"]) == (made, '"1"')


async def test_the_author_is_the_person_whose_key_it_is(api: AsyncClient, system: System) -> None:
    ana = await system.user("Ana")
    key = await system.make("api-keys", name="laptop", scope="admin", user_id=ana["id"])
    async with system.client({"Authorization": f"Bearer {key['key']}"}) as hers:
        made = await make(hers)
    assert made["author"] == {"id": ana["id"], "name": "Ana", "type": "user"}
    edited = await api.put(f"/api/v1/silences/{made['id']}", json=BODY, headers={"If-Match": "*"})
    assert edited.json()["author"]["name"] == "Ana", "whoever edits it"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["severity=warning"], ['severity="warning"']),
        (['{severity="warning", job=~"api.*"}', "severity=warning"], ['severity="warning"', 'job=~"api.*"']),
        ([{"name": "severity", "value": "warning"}], ['severity="warning"']),
        ([{"name": "job", "value": "a b ", "isRegex": True, "isEqual": False}, "x=y"], ['job!~"a b "', 'x="y"']),
        ([{"name": "severity", "value": "x", "isEqual": False}, "a=b"], ['severity!="x"', 'a="b"']),
        ([{"name": "a label", "value": ""}, "a=b"], ['"a label"=""', 'a="b"']),
    ],
)
async def test_matchers_are_taken_in_either_form_and_shown_in_one(api: AsyncClient, given: list[Any], shown: list[str]) -> None:
    assert (await make(api, matchers=given))["matchers"] == shown


@pytest.mark.parametrize("more", [{}, {"starts_at": "2026-03-02T13:00:00.5Z"}, {"matchers": [], "matches_everything": True}])
async def test_what_is_read_can_be_sent_back_and_reads_equal(api: AsyncClient, more: dict[str, Any]) -> None:
    made = await make(api, **more)
    own = {name: value for name, value in made.items() if name not in OURS}
    again = await api.post("/api/v1/silences", json=own)
    put = await api.put(f"/api/v1/silences/{made['id']}", json=own, headers={"If-Match": '"1"'})
    assert [answer.status_code for answer in (again, put)] == [201, 200]
    assert put.json() == made
    assert {name: value for name, value in again.json().items() if name not in OURS} == own


async def test_what_a_silence_cannot_be(api: AsyncClient, web: str) -> None:
    for wrong, says in (
        ({"matchers": None}, "matchers"),
        ({"matchers": "severity=warning"}, "matchers"),
        ({"matchers": ["severity"]}, "there should be one of"),
        ({"matchers": ["severity=~("]}, "RE2"),
        ({"matchers": [7]}, "matchers"),
        ({"matchers": [""]}, "matchers"),
        ({"matchers": ["a=b"] * 51}, "matchers"),
        ({"matchers": [{"name": "a"}]}, "value"),
        ({"matchers": [{"name": "", "value": "b"}]}, "name of a label"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, "RE2"),
        ({"matchers": [{"name": "a", "value": "b", "regex": True}]}, "no such field"),
        ({"matchers": [{"name": "a", "value": "\u200b" * 1000}]}, "at most 4096 characters"),
        ({"ends_at": None}, "ends_at"),
        ({"ends_at": "2026-03-02T12:00:00Z"}, "ends after it starts"),
        ({"ends_at": "2026-03-02T14:00:00"}, "offset"),
        ({"starts_at": "2026-03-02T15:00:00Z"}, "ends after it starts"),
        ({"starts_at": "2026-03-01T12:00:00Z", "ends_at": "2026-03-01T13:00:00Z"}, "over already"),
        ({"ends_at": "2027-03-04T12:00:00Z"}, "a year at most"),
        ({"ends_at": 1772460000}, "ends_at"),
        ({"comment": ""}, "comment"),
        ({"comment": " "}, "comment"),
        ({"comment": "a\nb"}, "comment"),
        ({"comment": "x" * 1001}, "comment"),
        ({"comment": None}, "comment"),
        ({"service_id": "web"}, "service_id"),
        ({"service_id": str(uuid4())}, "no service with the id"),
        ({"author": "Ana"}, "no such field"),
        ({"matches_everything": 1}, "matches_everything"),
    ):
        answer = await api.post("/api/v1/silences", json=BODY | wrong)
        assert problem(answer) == (422, "invalid"), wrong
        assert says in answer.json()["detail"], (wrong, answer.json()["detail"])
    without = {name: value for name, value in BODY.items() if name != "comment"}
    assert problem(await api.post("/api/v1/silences", json=without)) == (422, "invalid")
    assert (await api.get("/api/v1/silences")).json()["items"] == []


@pytest.mark.parametrize(
    "matchers", [[], ['job!="x"'], ['a=~".*"', 'b=""'], [{"name": "a", "value": ""}], ['severity=~".+"'], ['summary=~".+"', 'job!="x"']]
)
async def test_what_matches_everything_is_confirmed(api: AsyncClient, web: str, matchers: list[Any]) -> None:
    refused = await api.post("/api/v1/silences", json=BODY | {"matchers": matchers})
    assert problem(refused) == (422, "matches_everything")
    assert '"matches_everything": true' in refused.json()["detail"]
    assert (await make(api, matchers=matchers, matches_everything=True))["matches_everything"] is True
    assert (await make(api, matchers=matchers, service_id=web))["matches_everything"] is False, "a service narrows it down"


async def test_an_edit_says_which_version_it_edits(api: AsyncClient) -> None:
    made = await make(api, starts_at="2026-03-02T11:00:00Z")
    address = f"/api/v1/silences/{made['id']}"
    body = BODY | {"comment": "longer", "ends_at": "2026-03-02T15:00:00Z"}
    assert problem(await api.put(address, json=body)) == (428, "if_match_required")
    assert problem(await api.put(address, json=body, headers={"If-Match": '"2"'})) == (412, "stale")
    edited = await api.put(address, json=body, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"')
    assert edited.json() == made | {"comment": "longer", "ends_at": "2026-03-02T15:00:00Z"}, "it began when it did"
    assert problem(await api.put(address, json=body | {"matchers": []}, headers={"If-Match": "*"})) == (422, "matches_everything")
    assert problem(await api.put(f"/api/v1/silences/{uuid4()}", json=body, headers={"If-Match": "*"})) == (404, "not_found")


async def test_of_many_edits_of_one_version_one_wins(api: AsyncClient) -> None:
    address = f"/api/v1/silences/{(await make(api))['id']}"
    put = [api.put(address, json=BODY | {"comment": f"edit {n}"}, headers={"If-Match": '"1"'}) for n in range(5)]
    assert sorted(answer.status_code for answer in await asyncio.gather(*put)) == [200, 412, 412, 412, 412]


async def test_it_expires_by_itself_and_stays_listed(api: AsyncClient, system: System) -> None:
    made = await make(api, starts_at="2026-03-02T13:00:00Z")
    states = []
    for _ in range(3):
        states.append((await api.get(f"/api/v1/silences/{made['id']}")).json()["state"])
        system.clock.advance(timedelta(hours=1))
    assert states == ["pending", "active", "expired"]
    assert [one["state"] for one in (await api.get("/api/v1/silences")).json()["items"]] == ["expired"]
    refused = await api.put(f"/api/v1/silences/{made['id']}", json=BODY | {"ends_at": "2026-03-02T20:00:00Z"}, headers={"If-Match": "*"})
    assert problem(refused) == (409, "silence_expired")


async def test_expire_ends_it_now_and_a_second_time_changes_nothing(api: AsyncClient, system: System) -> None:
    made = await make(api)
    system.clock.advance(timedelta(minutes=10))
    first = await api.post(f"/api/v1/silences/{made['id']}/expire")
    assert (first.json(), first.headers["ETag"]) == (made | {"state": "expired", "ends_at": "2026-03-02T12:10:00Z"}, '"2"')
    system.clock.advance(timedelta(minutes=10))
    second = await api.post(f"/api/v1/silences/{made['id']}/expire")
    assert (second.json(), second.headers["ETag"]) == (first.json(), '"2"')
    assert problem(await api.post(f"/api/v1/silences/{uuid4()}/expire")) == (404, "not_found")


async def test_one_that_is_still_to_come_expires_before_it_began(api: AsyncClient) -> None:
    made = await make(api, starts_at="2026-03-02T13:00:00Z")
    gone = (await api.post(f"/api/v1/silences/{made['id']}/expire")).json()
    assert (gone["state"], gone["starts_at"], gone["ends_at"]) == ("expired", "2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z")


async def test_extend_moves_the_end_out_to_an_instant_or_by_a_time(api: AsyncClient, system: System) -> None:
    address = f"/api/v1/silences/{(await make(api))['id']}"
    assert (await api.post(f"{address}/extend", json={"by": "PT1H"})).json()["ends_at"] == "2026-03-02T15:00:00Z"
    extended = await api.post(f"{address}/extend", json={"ends_at": "2026-03-02T18:00:00Z"})
    assert (extended.json()["ends_at"], extended.headers["ETag"]) == ("2026-03-02T18:00:00Z", '"3"')
    for wrong in (
        {}, {"by": "PT1H", "ends_at": "2026-03-03T18:00:00Z"}, {"by": "PT0S"}, {"by": "-PT1H"}, {"ends_at": "2026-03-02T18:00:00Z"},
        {"ends_at": "2026-03-02T17:00:00Z"}, {"by": "P366D"}, {"for": "PT1H"},
    ):  # fmt: skip
        assert problem(await api.post(f"{address}/extend", json=wrong)) == (422, "invalid"), wrong
    system.clock.advance(timedelta(hours=7))
    assert problem(await api.post(f"{address}/extend", json={"by": "PT9H"})) == (409, "silence_expired")


async def test_lists_are_newest_first_by_state_and_service(api: AsyncClient, web: str) -> None:
    over = await make(api, comment="over")
    await api.post(f"/api/v1/silences/{over['id']}/expire")
    await make(api, comment="runs", service_id=web)
    await make(api, comment="comes", starts_at="2026-03-02T13:00:00Z")

    async def listed(**params: Any) -> list[str]:
        return [one["comment"] for one in (await api.get("/api/v1/silences", params=params)).json()["items"]]

    assert await listed() == ["comes", "runs", "over"]
    assert await listed(state="active") == ["runs"]
    assert await listed(state="pending") == ["comes"]
    assert await listed(state=["expired", "pending"]) == ["comes", "over"]
    assert await listed(service_id=web) == ["runs"]
    assert problem(await api.get("/api/v1/silences", params={"state": "gone"})) == (422, "invalid")
    first = (await api.get("/api/v1/silences", params={"limit": 2})).json()
    assert await listed(limit=2, cursor=first["next_cursor"]) == ["over"]


async def test_what_is_deleted_is_gone(api: AsyncClient) -> None:
    address = f"/api/v1/silences/{(await make(api))['id']}"
    assert (await api.delete(address)).status_code == 204
    assert problem(await api.get(address)) == (404, "not_found")
    assert problem(await api.delete(address)) == (404, "not_found")


async def test_a_service_with_a_silence_is_not_deleted(api: AsyncClient, web: str) -> None:
    made = await make(api, service_id=web)
    refused = await api.delete(f"/api/v1/services/{web}")
    assert problem(refused) == (409, "in_use")
    assert "1 silence:" in refused.json()["detail"]
    assert refused.json()["used_by"] == [{"kind": "silence", "id": made["id"], "name": None}]
    await api.delete(f"/api/v1/silences/{made['id']}")
    assert (await api.delete(f"/api/v1/services/{web}")).status_code == 204


async def test_anybody_signed_in_reads_and_an_admin_writes(api: AsyncClient, system: System) -> None:
    made = await make(api)
    key = await system.make("api-keys", name="dashboard", scope="read")
    async with system.client({"Authorization": f"Bearer {key['key']}"}) as reader, system.client() as nobody:
        for path in ("silences", "maintenance-windows", "inhibitions", "maintenance-windows/calendar", f"silences/{made['id']}"):
            assert (await reader.get(f"/api/v1/{path}")).status_code == 200, path
            assert (await nobody.get(f"/api/v1/{path}")).status_code == 401, path
        for path in ("silences", "maintenance-windows", "inhibitions", f"silences/{made['id']}/expire"):
            assert (await reader.post(f"/api/v1/{path}", json={})).status_code == 403, path


async def test_what_is_loaded_is_what_mutes_now_or_later(api: AsyncClient, system: System, database: Database) -> None:
    await api.post(f"/api/v1/silences/{(await make(api, comment='over'))['id']}/expire")
    await make(api, comment="runs")
    await make(api, comment="comes", starts_at="2026-03-02T13:00:00Z")
    async with database.transaction() as tx:
        mutings = await load_mutings(tx, now=START)
    loaded = mutings.silences[None].find({"severity": "warning", "job": "api-1"})
    assert [one.comment for one in loaded] == ["runs", "comes"]
