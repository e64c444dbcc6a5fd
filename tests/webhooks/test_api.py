"""What is refused, and what an edit does."""

from typing import Any

import pytest
from httpx import AsyncClient
from tests.system import to
from tests.webhooks.hooking import Hooking

from oncall.kit.sealing import Sealing
from oncall.webhooks.commands.editing import reseal

GOOD = {"name": "board", "url": "https://hooks.example.com/oncall", "event_types": ["incident.triggered"]}
NOBODY = "01960000-0000-7000-8000-000000000009"


@pytest.mark.parametrize(
    ("what", "changes", "code", "field"),
    [
        ("this machine", {"url": "http://127.0.0.1/x"}, "url_not_allowed", "url"),
        ("a cloud's metadata", {"url": "http://169.254.169.254/"}, "url_not_allowed", "url"),
        ("a password in it", {"url": "https://me:secret@hooks.example.com/"}, "url_not_allowed", "url"),
        ("no URL", {"url": "hooks"}, "url_not_allowed", "url"),
        ("no such type", {"event_types": ["incident.exploded"]}, "invalid", "event_types"),
        ("none at all", {"event_types": []}, "invalid", "event_types"),
        ("no such field", {"secret": "mine"}, "invalid", "secret"),
        ("no such team", {"team_id": NOBODY}, "invalid", "team_id"),
        ("no such service", {"filter": {"service_ids": [NOBODY]}}, "unknown_scope", "filter.service_ids"),
        ("no such severity", {"filter": {"severities": ["bad"]}}, "invalid", "severities"),
    ],
)
async def test_what_is_refused(api: AsyncClient, what: str, changes: dict[str, Any], code: str, field: str) -> None:
    answer = await api.post("/api/v1/webhooks", json=GOOD | changes)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in {code, "invalid"}
    assert field in str(answer.json()["errors"]), answer.text
    if code == "url_not_allowed":
        assert answer.json()["code"] == code


async def test_its_secret_is_shown_once_and_stored_sealed(hooking: Hooking) -> None:
    hook = await hooking.make()
    assert hook["secret"].startswith("whsec_")
    assert "secret" not in await hooking.get(hook)
    listed = (await hooking.system.api.get("/api/v1/webhooks")).json()["items"]
    assert [one["id"] for one in listed] == [hook["id"]]
    assert hook["secret"] not in str(listed)


async def test_an_edit_names_its_version_and_takes_what_get_shows(hooking: Hooking) -> None:
    hook = await hooking.make()
    path = f"/api/v1/webhooks/{hook['id']}"
    assert (await hooking.system.api.put(path, json=GOOD)).status_code == 428
    edited = await hooking.edit(hook, name="wall")
    assert (edited.status_code, edited.json()["name"]) == (200, "wall")
    assert (await hooking.system.api.put(path, json=GOOD, headers={"If-Match": '"1"'})).status_code == 412


async def test_what_is_switched_off_cancels_what_waits_and_what_is_deleted_is_gone(hooking: Hooking) -> None:
    hook = await hooking.make()
    made = await hooking.system.service([to(await hooking.system.user("Ana"))])
    hooking.sink.behave("500")
    await hooking.system.event(made["key"])
    off = await hooking.edit(hook, enabled=False)
    assert off.json()["off_because"] == "switched off"
    [waiting] = await hooking.log(hook)
    assert (waiting["status"], waiting["reason"]) == ("cancelled", "the webhook was switched off")
    assert (await hooking.system.api.get("/healthz")).json()["status"] != "yellow", "whoever switched it off knows"
    assert (await hooking.system.api.delete(f"/api/v1/webhooks/{hook['id']}")).status_code == 204
    assert (await hooking.system.api.get(f"/api/v1/webhooks/{hook['id']}/deliveries")).status_code == 404


async def test_webhooks_are_for_admins(hooking: Hooking) -> None:
    hook = await hooking.make()
    key = await hooking.system.make("api-keys", name="r", scope="respond")
    async with hooking.system.client({"Authorization": f"Bearer {key['key']}"}) as responder:
        for path in ("", f"/{hook['id']}", f"/{hook['id']}/deliveries"):
            assert (await responder.get(f"/api/v1/webhooks{path}")).status_code == 403
        assert (await responder.post("/api/v1/webhooks", json=GOOD)).status_code == 403


async def test_a_team_that_owns_a_webhook_is_in_use(hooking: Hooking) -> None:
    team = await hooking.system.make("teams", name="Payments")
    hook = await hooking.make(team_id=team["id"])
    answer = await hooking.system.api.delete(f"/api/v1/teams/{team['id']}")
    assert (answer.status_code, answer.json()["used_by"][0]["id"]) == (409, hook["id"])


async def test_what_is_under_way_is_not_delivered_again(hooking: Hooking) -> None:
    hook = await hooking.make()
    hooking.sink.behave("500")
    await hooking.post(hook, "test")
    [test] = await hooking.log(hook)
    path = f"/api/v1/webhooks/{hook['id']}/deliveries"
    answer = await hooking.system.api.post(f"{path}/{test['id']}/redeliver")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_now")
    assert (await hooking.system.api.get(f"{path}/{NOBODY}")).status_code == 404
    assert (await hooking.system.api.get(f"{path}/{test['id']}")).json() == test


async def test_secrets_are_sealed_anew_with_the_first_key_and_those_that_no_key_opens_are_named(hooking: Hooking) -> None:
    hook = await hooking.make()
    await hooking.post(hook, "rotate-secret", status=201)
    old = hooking.system.node.ring[0]
    async with hooking.system.node.database.transaction() as tx:
        assert await reseal(tx, Sealing(["another-key-0123456789abcdef0123456789"])) == (0, ["board"])
        assert await reseal(tx, Sealing(["another-key-0123456789abcdef0123456789", old])) == (1, [])
        assert await reseal(tx, Sealing(["another-key-0123456789abcdef0123456789"])) == (1, []), "the old key is needed no more"
        await reseal(tx, Sealing([old, "another-key-0123456789abcdef0123456789"]))
    await hooking.post(hook, "test")
    assert hooking.told() == ["webhook.test"]
