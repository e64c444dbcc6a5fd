"""Inhibitions over REST, and what every change of what mutes does."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.conftest import START
from tests.silences.muting import problem
from tests.system import System

from oncall.kit.db import Database
from oncall.silences.commands import load_mutings
from oncall.silences.rules.inhibition import source_keys, target_keys

BODY: dict[str, Any] = {
    "name": "critical over warning",
    "source_matchers": ['severity="critical"'],
    "target_matchers": ['severity=~"warning|info"'],
    "equal": ["alertname", "cluster"],
}
OURS = ("id", "created_at")
REVISION = text("SELECT revision FROM revisions WHERE topic = 'muting'")


async def make(api: AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await api.post("/api/v1/inhibitions", json=BODY | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_an_inhibition_is_made_read_edited_and_deleted(api: AsyncClient) -> None:
    made = await make(api)
    address = f"/api/v1/inhibitions/{made['id']}"
    assert made == {"id": made["id"], **BODY, "matches_everything": False, "created_at": "2026-03-02T12:00:00Z"}
    read = await api.get(address)
    assert (read.json(), read.headers["ETag"]) == (made, '"1"')
    body = BODY | {"equal": []}
    assert problem(await api.put(address, json=body)) == (428, "if_match_required")
    assert problem(await api.put(address, json=body, headers={"If-Match": '"9"'})) == (412, "stale")
    edited = await api.put(address, json=body, headers={"If-Match": '"1"'})
    assert (edited.json(), edited.headers["ETag"]) == (made | {"equal": []}, '"2"')
    assert (await api.get("/api/v1/inhibitions")).json() == {"items": [edited.json()], "next_cursor": None}
    assert (await api.delete(address)).status_code == 204
    assert problem(await api.get(address)) == (404, "not_found")
    assert problem(await api.delete(address)) == (404, "not_found")


@pytest.mark.parametrize(
    "more", [{}, {"target_matchers": [{"name": "severity", "value": "critical", "isEqual": False}], "equal": ["a", "a"]}]
)
async def test_what_is_read_can_be_sent_back_and_reads_equal(api: AsyncClient, more: dict[str, Any]) -> None:
    made = await make(api, **more)
    own = {name: value for name, value in made.items() if name not in OURS}
    assert {name: value for name, value in (await make(api, **own)).items() if name not in OURS} == own
    assert (await api.put(f"/api/v1/inhibitions/{made['id']}", json=own, headers={"If-Match": "*"})).json() == made


async def test_one_that_would_mute_everything_wants_to_be_confirmed(api: AsyncClient) -> None:
    body = BODY | {"target_matchers": ["severity=~.+"], "equal": []}
    refused = await api.post("/api/v1/inhibitions", json=body)
    assert problem(refused) == (422, "matches_everything")
    assert "target_matchers" in refused.json()["detail"]
    made = await make(api, **body, matches_everything=True)
    assert made["matches_everything"] is True
    address = f"/api/v1/inhibitions/{made['id']}"
    assert problem(await api.put(address, json=body, headers={"If-Match": "*"})) == (422, "matches_everything")
    assert (await make(api, **body | {"equal": ["cluster"]}))["matches_everything"] is False


async def test_what_an_inhibition_cannot_be(api: AsyncClient) -> None:
    for wrong in (
        {"name": ""},
        {"source_matchers": []},
        {"target_matchers": []},
        {"source_matchers": ["x"]},
        {"target_matchers": ["a=~("]},
        {"source_matchers": None},
        {"equal": [""]},
        {"equal": None},
        {"equal": "alertname"},
        {"equal": ["a"] * 51},
        {"source": ["a=b"]},
        {"id": str(uuid4())},
    ):
        assert problem(await api.post("/api/v1/inhibitions", json=BODY | wrong)) == (422, "invalid"), wrong
    assert (await api.get("/api/v1/inhibitions")).json()["items"] == []


async def test_one_whose_source_and_target_are_the_same_could_never_inhibit(api: AsyncClient) -> None:
    both = ["a=b", "severity=~.+"]
    for same in (both, both[::-1], [", ".join(both)]):
        refused = await api.post("/api/v1/inhibitions", json=BODY | {"source_matchers": both, "target_matchers": same})
        assert problem(refused) == (422, "invalid"), same
        assert "never inhibit anything" in refused.json()["detail"]
    made = await make(api, source_matchers=both, target_matchers=["a=b"])
    put = await api.put(
        f"/api/v1/inhibitions/{made['id']}", json=BODY | {"source_matchers": both, "target_matchers": both}, headers={"If-Match": "*"}
    )
    assert problem(put) == (422, "invalid")


async def test_what_is_loaded_inhibits(api: AsyncClient, database: Database) -> None:
    made = await make(api)
    async with database.transaction() as tx:
        mutings = await load_mutings(tx, now=START)
    found = target_keys(mutings, {"severity": "info", "alertname": "A"})
    assert [(str(id), name) for id, name in found.values()] == [(made["id"], "critical over warning")]
    assert set(found) <= source_keys(mutings, {"severity": "critical", "alertname": "A"})


async def test_every_change_is_told_in_its_transaction_with_a_new_revision(api: AsyncClient, system: System, database: Database) -> None:
    told: list[tuple[int, datetime]] = []

    async def on_muting_changed(tx: AsyncConnection, *, now: datetime) -> None:
        told.append(((await tx.execute(REVISION)).scalar_one(), now))

    system.node.app.state.on_muting_changed = on_muting_changed
    if_match = {"If-Match": "*"}
    silence = {"matchers": ["a=b"], "ends_at": "2026-03-02T14:00:00Z", "comment": "deploy"}
    window = {"name": "upgrade", "matchers": ["a=b"], "starts_at": "2026-03-02T11:00:00Z", "ends_at": "2026-03-02T14:00:00Z"}
    for kind, body, verbs in (
        ("silences", silence, [("extend", {"by": "PT1H"}), ("expire", None)]),
        ("maintenance-windows", window, [("end", None)]),
        ("inhibitions", BODY, []),
    ):
        answers = [await api.post(f"/api/v1/{kind}", json=body)]
        address = f"/api/v1/{kind}/{answers[0].json()['id']}"
        answers += [await api.put(address, json=body, headers=if_match)]
        answers += [await api.post(f"{address}/{verb}", json=said) for verb, said in verbs]
        count = len(told)
        answers += [await api.post(f"{address}/{verb}") for verb, said in verbs if said is None]
        assert len(told) == count, "what changes nothing tells nobody"
        answers += [await api.delete(address)]
        assert all(answer.is_success for answer in answers), [answer.text for answer in answers]
    assert told == [(n + 1, START) for n in range(12)]


async def test_a_change_that_cannot_be_told_is_not_made(api: AsyncClient, system: System) -> None:
    async def on_muting_changed(tx: AsyncConnection, *, now: datetime) -> None:
        raise RuntimeError(f"nobody listens at {now} on {tx}")

    system.node.app.state.on_muting_changed = on_muting_changed
    assert (await api.post("/api/v1/inhibitions", json=BODY)).status_code == 500
    assert (await api.get("/api/v1/inhibitions")).json()["items"] == []
