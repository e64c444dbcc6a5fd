"""Escalation policies over REST."""

from typing import Any

import pytest
from tests.system import System, to

NOBODY = {"type": "user", "id": "01900000-0000-7000-8000-000000000000"}


def body(*steps: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"name": "Payments", "steps": [{"delay": "PT5M", "targets": targets} for targets in steps], **more}


async def test_a_policy_is_created_shown_listed_edited_and_deleted(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    created = await system.api.post("/api/v1/escalation-policies", json=body([to(ana), to(ben)], [to(ben)]))
    policy = created.json()
    assert (created.status_code, created.headers["etag"]) == (201, '"1"')
    assert (policy["repeat"], policy["exhausted_retry"], policy["escalate_low"]) == (2, "PT30M", False)
    assert [[t["id"] for t in step["targets"]] for step in policy["steps"]] == [[ana["id"], ben["id"]], [ben["id"]]]
    path = f"/api/v1/escalation-policies/{policy['id']}"
    assert (await system.api.get(path)).json() == policy
    assert (await system.api.get("/api/v1/escalation-policies")).json()["items"] == [policy]
    edit = body([to(ben)], repeat=0, exhausted_retry=None, escalate_low=True)
    edited = await system.api.put(path, json=edit, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["etag"], edited.json()["exhausted_retry"]) == (200, '"2"', None)
    assert (await system.api.put(path, json=edit, headers={"If-Match": '"1"'})).status_code == 412
    assert (await system.api.put(path, json=edit)).status_code == 428
    assert (await system.api.delete(path)).status_code == 204
    assert (await system.api.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("no steps", {"steps": []}),
        ("a step without targets", {"steps": [{"delay": "PT5M", "targets": []}]}),
        ("a target that does not exist", {"steps": [{"delay": "PT5M", "targets": [NOBODY]}]}),
        ("a step that does not wait at all would fire everything at once", {"steps": [{"delay": "PT0S", "targets": [NOBODY]}]}),
        ("a retry at once would never end; null switches it off", {"exhausted_retry": "PT0S"}),
        ("more rounds than anyone can mean", {"repeat": 101}),
        ("a field that does not exist", {"loops": 2}),
    ],
)
async def test_refused(system: System, what: str, change: dict[str, Any]) -> None:
    ana = await system.user("Ana")
    refused = await system.api.post("/api/v1/escalation-policies", json=body([to(ana)]) | change)
    assert refused.status_code == 422, what


async def test_a_policy_that_a_service_uses_is_not_deleted(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    refused = await system.api.delete(f"/api/v1/escalation-policies/{made['policy']['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "in_use")


async def test_an_open_incident_keeps_the_policy_it_was_triggered_with(system: System) -> None:
    ana, ben, eve = await system.user("Ana"), await system.user("Ben"), await system.user("Eve")
    made = await system.service([to(ana)], [to(ben)])
    await system.event(made["key"])
    path = f"/api/v1/escalation-policies/{made['policy']['id']}"
    assert (await system.api.put(path, json=body([to(eve)]), headers={"If-Match": "*"})).status_code == 200
    await system.advance(minutes=5)
    assert system.pages() == ["Ana", "Ben"], "the second step of the policy as it was"
    await system.event(made["key"], "another")
    assert system.pages() == ["Eve"], "a new incident takes the policy as it is"
