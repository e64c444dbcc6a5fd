"""Problems: what they must say, whose incidents they are behind, and which are like what is being logged."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.postmortems.writing import said
from tests.system import System, to

from oncall.problems.commands import similar_problems

NOBODY = "01960000-0000-7000-8000-000000000009"


async def made(system: System, title: str, **more: Any) -> dict[str, Any]:
    return await system.make("problems", title=title, **more)


@pytest.mark.parametrize(
    ("status", "says", "missing"),
    [
        ("known_error", {}, ["root_cause", "workaround"]),
        ("known_error", {"root_cause": "a leak"}, ["workaround"]),
        ("known_error", {"root_cause": "a leak", "workaround": "restart"}, []),
        ("resolved", {"workaround": "restart"}, ["root_cause", "resolution"]),
        ("resolved", {"root_cause": "a leak", "resolution": "fixed in 1.2"}, []),
        ("open", {}, []),
    ],
)
async def test_what_each_status_asks_for(system: System, status: str, says: dict[str, str], missing: list[str]) -> None:
    answer = await system.api.post("/api/v1/problems", json={"title": "Leak", "status": status, **says})
    assert answer.status_code == (422 if missing else 201), answer.text
    if missing:
        text = str(answer.json()["errors"])
        assert [name for name in ("root_cause", "workaround", "resolution") if name in text] == missing


async def test_an_edit_names_its_version_and_takes_what_get_shows(system: System) -> None:
    problem = await made(system, "Leak")
    path = f"/api/v1/problems/{problem['id']}"
    now = await system.api.get(path)
    change = now.json() | {"status": "resolved", "root_cause": "a leak", "resolution": "fixed"}
    edited = said(await system.api.put(path, json=change, headers={"If-Match": now.headers["ETag"]}))
    assert (edited["status"], edited["resolved_at"]) == ("resolved", "2026-03-02T12:00:00Z")
    assert (await system.api.put(path, json=change, headers={"If-Match": '"1"'})).status_code == 412
    assert (await system.api.put(path, json=change)).status_code == 428
    again = said(await system.api.put(path, json=change | {"status": "open"}, headers={"If-Match": '"2"'}))
    assert again["resolved_at"] is None
    assert (await system.api.delete(path)).status_code == 204
    assert (await system.api.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"service_ids": [NOBODY]}, "service_ids"), ({"category_id": NOBODY}, "category_id"), ({"title": ""}, "title"), ({"x": 1}, "x")],
)
async def test_what_is_refused(system: System, changes: dict[str, Any], field: str) -> None:
    answer = await system.api.post("/api/v1/problems", json={"title": "Leak"} | changes)
    assert (answer.status_code, field in str(answer.json()["errors"])) == (422, True), answer.text


async def test_incidents_are_linked_and_unlinked_by_number_or_id_and_twice_is_no_error(system: System) -> None:
    service = await system.service([to(await system.user("Ana"))])
    opened = await system.event(service["key"])
    number = (await system.incident(opened["incident_id"]))["number"]
    problem = await made(system, "Leak")
    path = f"/api/v1/problems/{problem['id']}/incidents"
    for incident in (number, opened["incident_id"]):
        assert said(await system.api.post(path, json={"incident": incident}))["incident_count"] == 1
    [linked] = said(await system.api.get(path))["items"]
    assert (linked["number"], linked["title"]) == (number, "Disk full")
    found = said(await system.api.get("/api/v1/problems", params={"incident_id": opened["incident_id"]}))["items"]
    assert [one["id"] for one in found] == [problem["id"]]
    for _ in range(2):
        assert said(await system.api.delete(f"{path}/{number}"))["incident_count"] == 0
    assert (await system.api.post(path, json={"incident": 10**12})).status_code == 404


async def test_words_are_found_as_they_stand_and_by_their_stems(system: System) -> None:
    pool = await made(system, "Connection pool exhausted on payments-api", description="Clients leak connections after a failover.")
    disk = await made(system, "Festplatte voll auf db-01", root_cause="Logs wachsen")

    async def ids(q: str) -> list[str]:
        return [one["id"] for one in said(await system.api.get("/api/v1/problems", params={"q": q}))["items"]]

    assert await ids("leaking connection") == [pool["id"]], "English stems"
    assert await ids("Festplatte") == [disk["id"]]
    assert await ids("payments-api") == [pool["id"]]
    assert await ids('"pool exhausted"') == [pool["id"]]
    assert await ids('"exhausted pool"') == []
    assert await ids("connections -failover") == []
    assert await ids("the") == [], "a stop word is in none of them"


async def test_similar_ones_are_ranked_by_words_then_service_and_say_why(system: System) -> None:
    service = (await system.service([to(await system.user("Ana"))]))["service"]
    known = {"status": "known_error", "root_cause": "a leak", "workaround": "restart the pod"}
    theirs = await made(system, "Connection pool exhausted", service_ids=[service["id"]], **known)
    others = await made(system, "Connection pool exhausted")
    far = await made(system, "Certificate of the pool page expired")
    await made(system, "DNS is slow")
    asked = {"similar_to": "The connection pools of payments were exhausted!", "service_id": service["id"]}
    found = said(await system.api.get("/api/v1/problems", params=asked))["items"]
    assert [one["id"] for one in found] == [theirs["id"], others["id"], far["id"]]
    assert found[0]["similar"] == {"score": 0.8375, "why": "75% of the words, same service, has a workaround"}
    assert found[1]["similar"] == {"score": 0.4875, "why": "75% of the words"}
    assert said(await system.api.get("/api/v1/problems", params={"similar_to": "the of and"}))["items"] == []
    refused = await system.api.get("/api/v1/problems", params={"similar_to": "x", "q": "y"})
    assert refused.status_code == 422


@given(words=st.text(max_size=120))
async def test_nothing_that_anybody_types_breaks_the_search(tx: AsyncConnection, words: str) -> None:
    if any("\ud800" <= one <= "\udfff" for one in words):
        return
    assert await similar_problems(tx, words, None) == []


@given(words=st.text(alphabet="ab'\\|&!:*()<>\"/.@- ", max_size=60))
async def test_nor_does_what_a_query_is_written_in(tx: AsyncConnection, words: str) -> None:
    assert await similar_problems(tx, words, None) == []


async def test_readers_read_responders_write_and_admins_delete(system: System) -> None:
    problem = await made(system, "Leak")
    for scope, expected in (("read", [200, 403, 403]), ("respond", [200, 201, 403])):
        key = (await system.make("api-keys", name=scope, scope=scope))["key"]
        async with system.client({"Authorization": f"Bearer {key}"}) as client:
            got = await client.get("/api/v1/problems")
            posted = await client.post("/api/v1/problems", json={"title": "Other"})
            deleted = await client.delete(f"/api/v1/problems/{problem['id']}")
        assert [got.status_code, posted.status_code, deleted.status_code] == expected


async def test_incidents_of_a_problem_come_page_by_page(system: System) -> None:
    its = await system.service([to(await system.user("Ana"))])
    ids = [(await system.event(its["key"], f"disk-{n}"))["incident_id"] for n in range(3)]
    path = f"/api/v1/problems/{(await made(system, 'Leak'))['id']}/incidents"
    for id in ids:
        assert (await system.api.post(path, json={"incident": id})).status_code == 200
    first = said(await system.api.get(path, params={"limit": 2}))
    assert [one["incident_id"] for one in first["items"]] == ids[:0:-1]
    second = said(await system.api.get(path, params={"limit": 2, "cursor": first["next_cursor"]}))
    assert ([one["incident_id"] for one in second["items"]], second["next_cursor"]) == (ids[:1], None)
    assert (await system.api.get(path, params={"cursor": "no"})).status_code == 422
