"""REST for services and integrations."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from tests.system import System, to

from oncall.kit.db import Database

KEYS = text("SELECT key_hash, key_prefix FROM integration_keys")
PATIENCE = 5.0
"""Seconds that we wait for what another node does every second: whoever else works on this machine is no fault of it."""


@pytest.fixture
async def policy(system: System) -> str:
    ana = await system.user("Ana")
    made = await system.make("escalation-policies", name="Web", steps=[{"delay": "PT5M", "targets": [to(ana)]}])
    id: str = made["id"]
    return id


@pytest.fixture
async def web(system: System, policy: str) -> dict[str, Any]:
    return await system.make("services", name="web", escalation_policy_id=policy)


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def key_of(system: System, scope: str) -> AsyncClient:
    return system.client({"Authorization": f"Bearer {(await system.make('api-keys', name=scope, scope=scope))['key']}"})


async def test_a_service_is_created_with_sensible_defaults_and_read(api: AsyncClient, policy: str) -> None:
    made = await api.post("/api/v1/services", json={"name": " web ", "escalation_policy_id": policy})
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert made.json() == {
        "id": made.json()["id"],
        "name": "web",
        "team_id": None,
        "escalation_policy_id": policy,
        "ack_timeout": "PT30M",
        "urgency": "by_severity",
        "reopen_window": "PT15M",
        "grouping": None,
        "group_max_age": "P1D",
        "flapping": None,
        "threshold": None,
        "delay": None,
        "process": "sre",
        "default_category_id": None,
        "default_impact": None,
        "default_business_urgency": None,
        "auto_close_days": None,
        "sla_id": None,
        "support_hours": None,
        "description": "",
        "tier": None,
        "links": [],
        "runbook_url": None,
        "owner_contact": "",
    }
    read = await api.get(f"/api/v1/services/{made.json()['id']}")
    assert (read.json(), read.headers["ETag"]) == (made.json(), '"1"')


async def test_what_a_service_cannot_be_created_with(api: AsyncClient, policy: str) -> None:
    for wrong in (
        {"name": ""}, {"name": "a\nb"}, {"name": "x" * 201}, {"name": None}, {"escalation_policy_id": None},
        {"escalation_policy_id": "web"},
        {"ack_timeout": "PT0S"}, {"ack_timeout": "-PT5M"}, {"ack_timeout": "soon"}, {"ack_timeout": 1e300}, {"reopen_window": None},
        {"reopen_window": "P400D"}, {"urgency": "highest"}, {"urgency": None}, {"process": "agile"}, {"id": str(uuid4())}, {"version": 7},
        {"created_at": "2026-01-01T00:00:00Z"}, {"team_id": "web"}, {"nonsense": 1},
        {"escalation_policy_id": str(uuid4())}, {"team_id": str(uuid4())},
    ):  # fmt: skip
        body = {"name": "web", "escalation_policy_id": policy, **wrong}
        assert problem(await api.post("/api/v1/services", json=body)) == (422, "invalid"), wrong
    assert (await api.get("/api/v1/services")).json()["items"] == []


async def test_an_edit_says_which_version_it_edits(api: AsyncClient, web: dict[str, Any], policy: str) -> None:
    address = f"/api/v1/services/{web['id']}"
    body = {"name": "shop", "escalation_policy_id": policy, "ack_timeout": None, "urgency": "high", "reopen_window": 60}
    assert problem(await api.put(address, json=body)) == (428, "if_match_required")
    for stale in ('"2"', '"x"', "", '"1", "2"'):
        assert problem(await api.put(address, json=body, headers={"If-Match": stale})) == (412, "stale")
    edited = await api.put(address, json=body, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"')
    assert edited.json() == web | {"name": "shop", "ack_timeout": None, "urgency": "high", "reopen_window": "PT1M"}
    read = await api.get(address)
    assert (read.json(), read.headers["ETag"]) == (edited.json(), '"2"')
    assert problem(await api.put(address, json=body, headers={"If-Match": '"1"'})) == (412, "stale")
    assert (await api.put(address, json=body, headers={"If-Match": "*"})).headers["ETag"] == '"3"'
    assert problem(await api.put(address, json=body | {"escalation_policy_id": str(uuid4())}, headers={"If-Match": "*"})) == (
        422,
        "invalid",
    )
    assert problem(await api.put(f"/api/v1/services/{uuid4()}", json=body, headers={"If-Match": "*"})) == (404, "not_found")


async def test_of_many_edits_of_one_version_one_wins(api: AsyncClient, web: dict[str, Any], policy: str) -> None:
    bodies = [{"name": f"shop {n}", "escalation_policy_id": policy} for n in range(5)]
    put = [api.put(f"/api/v1/services/{web['id']}", json=body, headers={"If-Match": '"1"'}) for body in bodies]
    assert sorted(answer.status_code for answer in await asyncio.gather(*put)) == [200, 412, 412, 412, 412]


async def test_a_list_is_read_page_by_page(api: AsyncClient, system: System, policy: str) -> None:
    names = [f"service {n}" for n in range(5)]
    for name in names:
        await system.make("services", name=name, escalation_policy_id=policy)
    seen, cursor = [], ""
    while cursor is not None:
        page = (await api.get("/api/v1/services", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [service["name"] for service in page["items"]]
        cursor = page["next_cursor"]
    assert seen == names


async def test_a_service_without_history_goes_with_its_integrations(api: AsyncClient, system: System, web: dict[str, Any]) -> None:
    address = f"/api/v1/services/{web['id']}"
    made = await system.make(f"services/{web['id']}/integrations", name="prod", type="generic")
    assert (await api.delete(address)).status_code == 204
    assert problem(await api.get(address)) == (404, "not_found")
    assert problem(await api.delete(address)) == (404, "not_found")
    assert (await api.post(f"/intake/{made['key']}", json={"summary": "x"})).status_code == 401


async def test_a_service_that_has_had_incidents_stays(api: AsyncClient, system: System, web: dict[str, Any]) -> None:
    made = await system.make(f"services/{web['id']}/integrations", name="prod", type="generic")
    await api.post(f"/intake/{made['key']}", json={"id": 1, "summary": "x"})
    await api.post(f"/intake/{made['key']}", json={"id": 1, "status": "resolved"})
    refused = await api.delete(f"/api/v1/services/{web['id']}")
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "Service web has had incidents and stays for their sake; to retire it, delete its integrations.",
    )
    assert (await api.post(f"/intake/{made['key']}", json={"id": 2, "summary": "y"})).status_code == 202


async def test_an_integration_key_is_shown_once_and_only_its_hash_is_kept(
    api: AsyncClient, web: dict[str, Any], database: Database
) -> None:
    address = f"/api/v1/services/{web['id']}/integrations"
    made = (await api.post(address, json={"name": "prod", "type": "alertmanager"})).json()
    key = made.pop("key")
    assert made.pop("url") == f"http://oncall.test/intake/{key}"
    assert made.pop("email") is None, "where no mails are taken"
    assert len(key) == 32, "as long as a routing key of PagerDuty's"
    listed = await api.get(address)
    assert listed.json()["items"] == [made]
    assert key.startswith(made["key_prefix"])
    assert len(made["key_prefix"]) <= 8
    assert key not in listed.text
    async with database.transaction() as tx:
        row = (await tx.execute(KEYS)).one()
    assert (len(row.key_hash), row.key_prefix) == (32, made["key_prefix"])


async def test_what_an_integration_cannot_be_created_with(api: AsyncClient, web: dict[str, Any]) -> None:
    address = f"/api/v1/services/{web['id']}/integrations"
    for wrong in ({"type": "carrier pigeon"}, {"type": None}, {"name": ""}, {"name": "a\x00"}, {"key": "x" * 32}, {"id": str(uuid4())}):
        assert (await api.post(address, json={"name": "prod", "type": "generic", **wrong})).status_code in {400, 422}, wrong
    elsewhere = f"/api/v1/services/{uuid4()}/integrations"
    assert problem(await api.post(elsewhere, json={"name": "prod", "type": "generic"})) == (404, "not_found")
    assert problem(await api.get(elsewhere)) == (404, "not_found")
    assert (await api.get(address)).json()["items"] == []


async def test_a_key_works_the_moment_it_is_made_and_no_longer_than_it_exists(api: AsyncClient, web: dict[str, Any]) -> None:
    address = f"/api/v1/services/{web['id']}/integrations"
    made = (await api.post(address, json={"name": "prod", "type": "generic"})).json()
    assert (await api.post(f"/intake/{made['key']}", json={"summary": "x"})).status_code == 202
    assert problem(await api.delete(f"/api/v1/services/{uuid4()}/integrations/{made['id']}")) == (404, "not_found")
    assert (await api.delete(f"{address}/{made['id']}")).status_code == 204
    assert (await api.post(f"/intake/{made['key']}", json={"summary": "x"})).status_code == 401
    assert problem(await api.delete(f"{address}/{made['id']}")) == (404, "not_found")


async def test_a_revoked_key_is_refused_on_another_node_at_its_next_check(
    system: System, web: dict[str, Any], database_url: str, tmp_path: Any
) -> None:
    made = await system.make(f"services/{web['id']}/integrations", name="prod", type="generic")
    other = System(database_url, system.clock, tmp_path)
    await other.start()  # without LISTEN: no hint arrives, only the check every second does
    try:
        assert (await other.api.post(f"/intake/{made['key']}", json={"summary": "x"})).status_code == 202
        assert (await system.api.delete(f"/api/v1/services/{web['id']}/integrations/{made['id']}")).status_code == 204
        async with asyncio.timeout(PATIENCE):
            while (await other.api.post(f"/intake/{made['key']}", json={"summary": "x"})).status_code != 401:
                await asyncio.sleep(0.1)
    finally:
        await other.stop()


async def test_only_an_admin_changes_services(system: System, web: dict[str, Any], policy: str) -> None:
    body = {"name": "shop", "escalation_policy_id": policy}
    integration = {"name": "prod", "type": "generic"}
    address = f"/api/v1/services/{web['id']}"
    for scope, refusal in (("read", 403), ("respond", 403), (None, 401)):
        client = await key_of(system, scope) if scope else system.client()
        async with client:
            refused = [
                await client.post("/api/v1/services", json=body),
                await client.put(address, json=body, headers={"If-Match": "*"}),
                await client.delete(address),
                await client.post(f"{address}/integrations", json=integration),
                await client.delete(f"{address}/integrations/{uuid4()}"),
            ]
            assert [answer.status_code for answer in refused] == [refusal] * 5
            read = [await client.get(path) for path in ("/api/v1/services", address, f"{address}/integrations")]
            assert {answer.status_code for answer in read} == {200 if scope else 401}


@pytest.mark.parametrize(("type", "meant"), [("uptime-kuma", "perhaps uptime_kuma"), ("Zabix", "perhaps zabbix"), ("x", "use generic")])
async def test_a_type_that_does_not_exist_is_answered_with_what_is_meant(system: System, type: str, meant: str) -> None:
    ana = await system.user("Ana")
    web = (await system.service([to(ana)]))["service"]
    answer = await system.api.post(f"/api/v1/services/{web['id']}/integrations", json={"name": "x", "type": type})
    assert answer.status_code == 422
    assert meant in answer.text


async def test_a_service_in_use_is_refused_with_all_that_uses_it(system: System) -> None:
    service = (await system.service([to(await system.user("Ana"))]))["service"]["id"]
    until = "2026-03-02T14:00:00Z"
    made = {
        "heartbeat": await system.make("heartbeats", name="backup", service_id=service, interval="PT5M"),
        "maintenance window": await system.make(
            "maintenance-windows", name="move", service_ids=[service], starts_at="2026-03-02T13:00:00Z", ends_at=until
        ),
        "routing rule": await system.make("routing-rules", name="all", matchers=['a="b"'], service_id=service),
        "silence": await system.make("silences", matchers=['a="b"'], service_id=service, ends_at=until, comment="deploy"),
    }
    refused = await system.api.delete(f"/api/v1/services/{service}")
    assert (refused.status_code, refused.json()["code"], refused.json()["used_by_more"]) == (409, "in_use", 0)
    its = {one["kind"]: (one["id"], one["name"]) for one in refused.json()["used_by"]}
    assert its == {kind: (one["id"], one.get("name")) for kind, one in made.items()}
    listed = "1 heartbeat (backup), 1 maintenance window (move), 1 routing rule (all) and 1 silence"
    assert refused.json()["detail"].endswith(f" is still used by {listed}: change or delete those first.")


async def test_people_policies_and_schedules_in_use_are_refused_with_what_counts_on_them(system: System) -> None:
    ana = await system.user("Ana")
    made = await system.service([to(ana)])
    for path, kind, one in (
        (f"users/{ana['id']}", "escalation policy", made["policy"]),
        (f"escalation-policies/{made['policy']['id']}", "service", made["service"]),
    ):
        refused = await system.api.delete(f"/api/v1/{path}")
        assert refused.json()["used_by"] == [{"kind": kind, "id": one["id"], "name": one["name"]}], refused.text
