"""The very same request, said again within a moment, is not read again; but for that everything is as if it were."""

import gzip
import json
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from starlette.responses import Response
from tests.system import System, to

from oncall.incidents.values import Decided
from oncall.intake.adapters import pagerduty
from oncall.intake.hot import lately
from oncall.intake.hot.lately import Known, Lately
from oncall.kit.db import Database
from oncall.kit.ids import IntegrationId, ServiceId, new_id
from oncall.services.values import IntegrationRef, IntegrationType

ALERTS = text("SELECT dedup_key, event_count FROM alerts ORDER BY id")
EVENTS = text("SELECT e.id, e.body_id, b.raw FROM events e JOIN event_bodies b ON b.id = e.body_id ORDER BY e.id")
PAYLOAD = {"summary": "Disk full", "source": "db-1", "severity": "critical"}


def told(decided: Sequence[Decided]) -> Response:
    return Response(f"{len(decided)}")


@pytest.fixture
async def made(system: System) -> Any:
    """A service, its integration, and that one's key."""
    return await system.service([to(await system.user("Ana"))])


@pytest.fixture
def key(made: Any) -> str:
    return str(made["key"])


def its_path(made: Any) -> str:
    return f"/api/v1/services/{made['service']['id']}/integrations/{made['integration']['id']}"


def said(key: str, **more: Any) -> dict[str, Any]:
    return {"routing_key": key, "event_action": "trigger", "dedup_key": "disk", "payload": PAYLOAD, **more}


@pytest.mark.parametrize("path", ["/v2/enqueue", "/intake/{key}"])
async def test_each_time_it_is_an_event_of_its_own_with_its_body(system: System, database: Database, key: str, path: str) -> None:
    for _ in range(3):
        assert (await system.api.post(path.format(key=key), json=said(key))).status_code == 202
    async with database.transaction() as tx:
        events = (await tx.execute(EVENTS)).all()
        assert [tuple(row) for row in await tx.execute(ALERTS)] == [("disk", 3)]
    assert (len({row.id for row in events}), len({row.body_id for row in events}), len({row.raw for row in events})) == (3, 3, 1)
    assert key.encode() not in events[0].raw


async def test_without_a_key_each_is_a_problem_of_its_own(system: System, key: str) -> None:
    answers = [(await system.api.post("/v2/enqueue", json=said(key, dedup_key=None))).json()["dedup_key"] for _ in range(3)]
    assert len(set(answers)) == 3


async def test_a_key_that_was_revoked_meanwhile_opens_nothing(system: System, made: Any, key: str) -> None:
    assert (await system.api.post("/v2/enqueue", json=said(key))).status_code == 202
    assert (await system.api.delete(its_path(made))).status_code == 204
    assert (await system.api.post("/v2/enqueue", json=said(key))).status_code == 400
    assert (await system.api.post(f"/intake/{key}", json=said(key))).status_code == 401


async def test_an_integration_that_was_edited_meanwhile_reads_it_anew(system: System, made: Any, key: str) -> None:
    """By a mapping now, which ignores it."""
    body = {"title": "Disk full", "severity": "critical", "id": "disk"}
    first = (await system.api.post(f"/intake/{key}", json=body)).json()["events"][0]
    assert first["decision"] == "opened"
    mapping = {"rules": [{"name": "all", "ignore": [{"reason": "it is known"}]}]}
    its = {"name": "prod", "type": "generic", "mapping": mapping}
    edited = await system.api.put(its_path(made), json=its, headers={"If-Match": "*"})
    assert edited.status_code == 200, edited.text
    assert (await system.api.post(f"/intake/{key}", json=body)).json()["events"][0]["decision"] == "ignored"


async def test_it_is_read_once_in_a_moment(system: System, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    times = 0
    original = pagerduty.read

    def counted(*args: Any) -> Any:
        nonlocal times
        times += 1
        return original(*args)

    monkeypatch.setattr(pagerduty, "read", counted)
    for dedup_key in ("a", "a", "b", "a", "b"):
        await system.api.post("/v2/enqueue", json=said(key, dedup_key=dedup_key))
    assert times == 2
    await system.advance(minutes=1)
    await system.api.post("/v2/enqueue", json=said(key, dedup_key="a"))
    assert times == 3, "some dialects say by an instant whether it is over"


async def test_a_good_proof_is_none_for_whoever_says_the_same(system: System, made: Any, key: str) -> None:
    its = {"name": "prod", "type": "pagerduty", "authentication": {"scheme": "bearer", "token": "a-long-token-of-24-signs"}}
    assert (await system.api.put(its_path(made), json=its, headers={"If-Match": "*"})).status_code == 200
    good, bad = ({"Authorization": f"Bearer {token}"} for token in ("a-long-token-of-24-signs", "b-long-token-of-24-signs"))
    for path, refused in (("/v2/enqueue", 400), (f"/intake/{key}", 401)):
        answers = [(await system.api.post(path, json=said(key), headers=headers)).status_code for headers in (bad, good, bad, good)]
        assert answers == [refused, 202, refused, 202], path


async def test_what_is_large_once_inflated_is_not_remembered(system: System, key: str) -> None:
    body = json.dumps({"title": "Disk full", "severity": "critical", "id": "disk", "pad": "a" * 100_000}).encode()
    answer = await system.api.post(f"/intake/{key}", content=gzip.compress(body), headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 202
    assert system.node.app.state.lately._known == {}


def test_so_many_are_remembered_and_none_beyond_its_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately, "KEPT", 2)
    its = IntegrationRef(IntegrationId(new_id()), ServiceId(new_id()), "prod", IntegrationType.GENERIC)
    mapped = IntegrationRef(its.id, its.service_id, "prod", its.type, {"fields": {}})
    known, of_a_mapping = (Known(b"", one, [], told) for one in (its, mapped))
    memory = Lately()
    assert memory.find((1, "a")) is None
    for name in ("a", "b", "c", "c"):
        memory.keep((1, name), known)
    memory.keep((1, "d"), of_a_mapping)
    memory.keep((2, "e"), known)
    memory.keep(None, known)
    assert [memory.find((1, name)) for name in ("a", "b", "c", "d", "e")] == [None, known, known, None, None]
    assert memory.find(None) is None
    assert [memory.find((moment, "b")) for moment in (2, 1)] == [None, None], "whatever was said before is gone"
