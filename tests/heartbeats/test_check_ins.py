"""Check-ins over HTTP: by POST, by GET where that is opted in, wrong keys, odd bodies, many at once, and races with the engine."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from tests.heartbeats.beating import Beating
from tests.incidents.building import blocked, rows
from tests.system import System

from oncall.heartbeats.commands import expiring
from oncall.kit.db import Pool


async def test_a_get_is_refused_unless_it_is_opted_in(beating: Beating) -> None:
    beat, opted = await beating.make("a"), await beating.make("b", allow_get=True)
    refused = await beating.check_in(beat, "GET")
    assert (refused.status_code, refused.headers["allow"], "allow_get" in refused.json()["detail"]) == (405, "POST", True)
    assert await beating.state(beat) == "new"
    taken = await beating.check_in(opted, "GET", params={"rid": "1"})
    assert (taken.status_code, taken.json()["heartbeat"]["state"]) == (202, "healthy")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_no_other_method_checks_in(beating: Beating, method: str) -> None:
    opted = await beating.make("b", allow_get=True)
    assert ((await beating.check_in(opted, method)).status_code, await beating.state(opted)) == (405, "new")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"{", {"Content-Type": "application/json"}),
        (b"\x00\xff", {"Content-Type": "application/json; charset=utf-32"}),
        (b"x" * 5 * 1024 * 1024, {}),
        (b"no gzip", {"Content-Encoding": "gzip"}),
        (b"a=1", {"Content-Type": "multipart/form-data"}),
    ],
    ids=["empty", "broken", "bytes", "5 MiB", "not gzip", "no boundary"],
)
async def test_a_check_in_is_never_refused_for_its_content(beating: Beating, body: bytes, headers: dict[str, str]) -> None:
    beat = await beating.make()
    answer = await beating.system.client(headers).post(f"/heartbeats/{beat['key']}", content=body)
    assert (answer.status_code, await beating.state(beat)) == (202, "healthy")


async def test_a_slash_at_the_end_and_a_query_change_nothing(beating: Beating) -> None:
    beat = await beating.make()
    assert (await beating.system.client().post(f"/heartbeats/{beat['key']}/?exit=0")).status_code == 202


@pytest.mark.parametrize("key", ["x", "a" * 32, "A" * 32, "ä", "%00", "a" * 5000, "%0a" + "a" * 32, "oc_api_1_2_3"])
async def test_a_wrong_key_is_401_and_writes_nothing(beating: Beating, key: str) -> None:
    await beating.make()
    for method in ("POST", "GET"):
        answer = await beating.system.client().request(method, f"/heartbeats/{key}")
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert await rows(beating.system, "SELECT 1 FROM heartbeat_check_ins") == []


async def test_an_address_that_was_wrong_too_often_is_told_to_wait_and_a_good_key_is_taken_all_the_same(beating: Beating) -> None:
    beat = await beating.make()
    client = beating.system.client()
    said = [(await client.post(f"/heartbeats/{uuid4().hex}")).status_code for _ in range(21)]
    assert said == [401] * 20 + [429]
    assert (await beating.check_in(beat)).status_code == 202
    assert "Retry-After" in (await client.post("/heartbeats/x")).headers


async def test_an_integrations_key_is_no_heartbeats_and_the_other_way_round(beating: Beating) -> None:
    beat = await beating.make()
    client = beating.system.client()
    assert (await client.post(f"/heartbeats/{beating.made['key']}")).status_code == 401
    assert (await client.post(f"/intake/{beat['key']}", json={})).status_code == 401


# --- at once ----------------------------------------------------------------------------------------------------------------


async def test_many_check_ins_of_one_heartbeat_at_once_all_count_and_are_one_first(system: System, beating: Beating) -> None:
    beat = await beating.make()
    answers = await asyncio.gather(*(system.client().post(f"/heartbeats/{beat['key']}") for _ in range(150)))
    assert {answer.status_code for answer in answers} == {202}
    assert await rows(system, "SELECT check_in_count FROM heartbeats") == [(150,)]
    assert await rows(system, "SELECT kind FROM heartbeat_changes ORDER BY id") == [("created",), ("first_check_in",)]
    assert await rows(system, "SELECT count(*), count(DISTINCT slot) FROM heartbeat_check_ins") == [(100, 100)]


async def test_many_check_ins_of_an_expired_one_resolve_it_once(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    answers = await asyncio.gather(*(system.client().post(f"/heartbeats/{beat['key']}") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert [decision for _, decision, _ in await beating.events()] == ["resolved", "opened"]
    assert (await beating.kinds(beat)).count("recovered") == 1


async def test_the_engine_is_first_and_the_check_in_waits_and_resolves(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=10)
    system.clock.advance(timedelta(minutes=1))
    async with system.node.database.transaction(Pool.ENGINE) as tx:
        due = await expiring.claim_due(tx, due_by=system.clock.at, limit=9, waiting=False)
        await expiring.run_due(tx, due, system.node.judging, now=system.clock.at)
        checking_in = asyncio.create_task(system.client().post(f"/heartbeats/{beat['key']}"))
        await blocked(system)
    assert (await checking_in).json()["heartbeat"]["state"] == "healthy"
    assert [status for _, status in await beating.incidents()] == ["resolved"]


async def test_the_check_in_is_first_and_the_engine_passes_by(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=10)
    system.clock.advance(timedelta(minutes=1))
    async with system.node.database.transaction() as tx:
        await tx.execute(text("UPDATE heartbeats SET last_check_in_at = last_check_in_at"))  # as the check-in has locked it
        await system.run_due()
        assert await beating.events() == []
    await beating.check_in(beat)
    assert (await beating.state(beat), await beating.events()) == ("healthy", [])


@pytest.mark.parametrize("n", range(5))
async def test_at_the_same_instant_there_is_one_outcome_and_no_alert_stays_open(system: System, beating: Beating, n: int) -> None:
    beats = [await beating.checking_in(f"{n}") for n in range(8)]
    await system.advance(minutes=10)
    system.clock.advance(timedelta(minutes=1))
    posts = [system.client().post(f"/heartbeats/{beat['key']}") for beat in beats]
    answers = await asyncio.gather(system.node.engine.run_due(), *posts[:n], system.node.engine.run_due(), *posts[n:])
    assert {answer.status_code for answer in answers if not isinstance(answer, int)} == {202}
    await system.run_due()
    assert {status for _, status in await beating.incidents()} <= {"resolved"}
    assert [one["state"] for one in (await system.api.get("/api/v1/heartbeats")).json()["items"]] == ["healthy"] * 8
    for beat in beats:
        kinds = await beating.kinds(beat)
        assert kinds.count("expired") == kinds.count("recovered") <= 1


async def test_expiring_and_other_events_of_the_same_alert_meet_and_both_are_done(system: System, beating: Beating) -> None:
    """A human resolves the incident while the monitor comes back: whoever is second finds it done."""
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    [incident] = (await system.api.get("/api/v1/incidents")).json()["items"]
    resolved, checked_in = await asyncio.gather(
        system.api.post(f"/api/v1/incidents/{incident['id']}/resolve", json={}), system.client().post(f"/heartbeats/{beat['key']}")
    )
    assert (resolved.status_code, checked_in.status_code) == (200, 202)
    assert [status for _, status in await beating.incidents()] == ["resolved"]


@pytest.mark.usefixtures("impatient")
async def test_what_cannot_be_stored_is_not_answered_202(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    system.clock.advance(timedelta(minutes=5))
    async with system.node.database.transaction() as tx:
        await tx.execute(text("LOCK TABLE heartbeat_check_ins IN ACCESS EXCLUSIVE MODE"))
        answer = await system.client().post(f"/heartbeats/{beat['key']}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert (await beating.seen(beat))["last_check_in_at"] == "2026-03-02T12:00:00Z"
