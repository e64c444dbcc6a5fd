"""What people want to know of a service, what it depends on, and groups of services, over REST."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from tests.counting import counting
from tests.services.test_api import key_of, policy, problem  # noqa: F401 — a fixture
from tests.system import System

from oncall.kit.db import Database
from oncall.kit.ids import ServiceId
from oncall.services.commands import dependencies_of
from oncall.services.values import dependencies as limits

PROFILE = {
    "description": "Takes money.\nReads the ledger.",
    "tier": 1,
    "links": [{"name": "Dashboard", "url": "https://graphs.example.com/payments?from=now-1h"}],
    "runbook_url": "https://wiki.example.com/payments",
    "owner_contact": "#payments, payments@example.com",
}


@pytest.fixture
async def made(system: System, policy: str) -> dict[str, str]:  # noqa: F811
    """The ids of four services, by their names."""
    names = ("shop", "payments", "ledger", "mail")
    return {name: (await system.make("services", name=name, escalation_policy_id=policy))["id"] for name in names}


async def depend(api: AsyncClient, made: dict[str, str], on: str, *names: str) -> None:
    for name in names:
        answer = await api.post(f"/api/v1/services/{made[on]}/dependencies", json={"id": made[name]})
        assert answer.status_code == 200, answer.text


async def names_of(api: AsyncClient, made: dict[str, str], of: str) -> list[str]:
    return [one["name"] for one in (await api.get(f"/api/v1/services/{made[of]}/dependencies")).json()["items"]]


async def test_a_service_is_described_and_read_as_it_was_written(api: AsyncClient, policy: str) -> None:  # noqa: F811
    plain = {"name": "payments", "escalation_policy_id": policy}
    first = await api.post("/api/v1/services", json=plain | PROFILE)
    address = f"/api/v1/services/{first.json()['id']}"
    assert {name: first.json()[name] for name in PROFILE} == PROFILE
    assert (await api.get(address)).json() == first.json() == (await api.get("/api/v1/services")).json()["items"][0]
    edited = await api.put(address, json=first.json() | {"tier": 2, "links": []}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.json()) == (200, first.json() | {"tier": 2, "links": []})
    assert (await api.get(address)).json() == edited.json()
    emptied = await api.put(address, json=plain, headers={"If-Match": '"2"'})
    nothing = {"description": "", "tier": None, "links": [], "runbook_url": None, "owner_contact": ""}
    assert {name: emptied.json()[name] for name in PROFILE} == nothing, "what is left out is as in a new service"
    assert (await api.get(address)).json() == emptied.json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"tier": 0}, {"tier": 5}, {"tier": "1"}, {"tier": 1.5}, {"description": "x" * 10_001}, {"description": None},
        {"runbook_url": "wiki"}, {"runbook_url": "javascript:alert(1)"}, {"runbook_url": "https://a b"}, {"runbook_url": ""},
        {"runbook_url": "https://" + "x" * 2_000}, {"owner_contact": "a\nb"}, {"owner_contact": "x" * 501},
        {"links": [{"name": "", "url": "https://a.example"}]}, {"links": [{"name": "a", "url": "ftp://a.example"}]},
        {"links": [{"name": "a"}]}, {"links": [{"name": "a", "url": "https://a.example", "icon": "x"}]},
        {"links": [{"name": f"{n}", "url": "https://a.example"} for n in range(51)]},
    ],
)  # fmt: skip
async def test_what_a_service_cannot_be_described_with(api: AsyncClient, policy: str, wrong: dict[str, Any]) -> None:  # noqa: F811
    refused = await api.post("/api/v1/services", json={"name": "payments", "escalation_policy_id": policy} | wrong)
    assert problem(refused) == (422, "invalid")
    assert (await api.get("/api/v1/services")).json()["items"] == []


async def test_dependencies_are_added_read_replaced_and_taken_away(api: AsyncClient, made: dict[str, str]) -> None:
    address = f"/api/v1/services/{made['shop']}/dependencies"
    nothing = await api.get(address)
    assert (nothing.json(), nothing.headers["ETag"]) == ({"items": [], "next_cursor": None}, '"1"')
    added = await api.post(address, json={"id": made["payments"]})
    assert (added.status_code, added.headers["ETag"], [one["name"] for one in added.json()["items"]]) == (200, '"2"', ["payments"])
    again = await api.post(address, json={"id": made["payments"]})
    assert (again.json(), again.headers["ETag"]) == (added.json(), '"2"'), "a second time is no error, and no edit"
    body = {"depends_on": [made["mail"], made["ledger"], made["mail"]]}
    assert problem(await api.put(address, json=body)) == (428, "if_match_required")
    assert problem(await api.put(address, json=body, headers={"If-Match": '"1"'})) == (412, "stale")
    replaced = await api.put(address, json=body, headers={"If-Match": '"2"'})
    assert (replaced.headers["ETag"], [one["name"] for one in replaced.json()["items"]]) == ('"3"', ["ledger", "mail"])
    assert (await api.get(address)).json() == replaced.json()
    assert (await api.delete(f"{address}/{made['mail']}")).status_code == 204
    assert problem(await api.delete(f"{address}/{made['mail']}")) == (404, "not_found")
    assert await names_of(api, made, "shop") == ["ledger"]
    assert (await api.get(f"/api/v1/services/{made['shop']}")).headers["ETag"] == '"1"', "the service itself was not edited"


async def test_a_dependency_says_who_owns_it_and_how_much_it_matters(api: AsyncClient, system: System, policy: str) -> None:  # noqa: F811
    team = await system.make("teams", name="Ledger")
    shop = await system.make("services", name="shop", escalation_policy_id=policy)
    ledger = await system.make("services", name="ledger", escalation_policy_id=policy, team_id=team["id"], **PROFILE)
    answer = await api.post(f"/api/v1/services/{shop['id']}/dependencies", json={"id": ledger["id"]})
    owned = {"tier": 1, "team": {"id": team["id"], "name": "Ledger"}}
    told = {name: PROFILE[name] for name in ("owner_contact", "runbook_url")}
    assert answer.json()["items"] == [{"id": ledger["id"], "name": "ledger", **owned, **told}]


async def test_a_circle_is_refused_and_named(api: AsyncClient, made: dict[str, str]) -> None:
    await depend(api, made, "shop", "payments")
    await depend(api, made, "payments", "ledger")
    refused = await api.post(f"/api/v1/services/{made['ledger']}/dependencies", json={"id": made["shop"]})
    assert problem(refused) == (409, "dependency_cycle")
    assert refused.json()["cycle"] == [{"id": made[name], "name": name} for name in ("ledger", "shop", "payments", "ledger")]
    assert "ledger depends on shop depends on payments depends on ledger" in refused.json()["detail"]
    itself = await api.put(f"/api/v1/services/{made['mail']}/dependencies", json={"depends_on": [made["mail"]]}, headers={"If-Match": "*"})
    assert problem(itself) == (409, "dependency_cycle")
    assert await names_of(api, made, "ledger") == await names_of(api, made, "mail") == []
    turned = await api.put(f"/api/v1/services/{made['payments']}/dependencies", json={"depends_on": []}, headers={"If-Match": "*"})
    assert turned.status_code == 200
    await depend(api, made, "ledger", "shop")


async def test_two_requests_at_once_make_no_circle_together(api: AsyncClient, made: dict[str, str]) -> None:
    for _ in range(5):
        pairs = [("shop", "payments"), ("payments", "ledger"), ("ledger", "shop")]
        adding = (api.post(f"/api/v1/services/{made[one]}/dependencies", json={"id": made[on]}) for one, on in pairs)
        answers = await asyncio.gather(*adding)
        assert sorted(answer.status_code for answer in answers) == [200, 200, 409], "each of them alone is fine, and any two"
        for one, _ in pairs:
            await api.put(f"/api/v1/services/{made[one]}/dependencies", json={"depends_on": []}, headers={"If-Match": "*"})


async def test_what_nothing_can_depend_on(api: AsyncClient, made: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    address, nobody = f"/api/v1/services/{made['shop']}/dependencies", str(uuid4())
    unknown = await api.put(address, json={"depends_on": [made["mail"], nobody]}, headers={"If-Match": "*"})
    assert (problem(unknown), unknown.json()["errors"][0]["loc"]) == ((422, "invalid"), "body.depends_on.1")
    for body in ({}, {"id": "x"}, {"id": nobody}, {"id": made["mail"], "x": 1}):
        assert problem(await api.post(address, json=body)) == (422, "invalid"), body
    assert problem(await api.get(f"/api/v1/services/{nobody}/dependencies")) == (404, "not_found")
    assert problem(await api.post(f"/api/v1/services/{nobody}/dependencies", json={"id": made["mail"]})) == (404, "not_found")
    many = await api.put(
        address, json={"depends_on": [str(uuid4()) for _ in range(limits.MAX_DEPENDENCIES + 1)]}, headers={"If-Match": "*"}
    )
    assert problem(many) == (422, "invalid")
    monkeypatch.setattr("oncall.services.commands.dependencies.MAX_DEPENDENCIES", 1)
    await depend(api, made, "shop", "mail")
    assert problem(await api.post(address, json={"id": made["ledger"]})) == (409, "too_many_dependencies")
    monkeypatch.setattr("oncall.services.commands.dependencies.MAX_IN_ALL", 1)
    assert problem(await api.post(f"/api/v1/services/{made['mail']}/dependencies", json={"id": made["ledger"]})) == (
        409,
        "too_many_dependencies",
    )
    swapped = await api.put(address, json={"depends_on": [made["ledger"]]}, headers={"If-Match": "*"})
    assert swapped.status_code == 200, "one for another is not one more"


async def test_an_outage_is_followed_to_whoever_depends_on_it(api: AsyncClient, system: System, made: dict[str, str]) -> None:
    await depend(api, made, "shop", "payments", "mail")
    await depend(api, made, "payments", "ledger")
    integration = await system.make(f"services/{made['ledger']}/integrations", name="prod", type="pagerduty")
    event = await system.event(integration["key"], summary="Ledger is read-only")
    of_ledger = (await api.get(f"/api/v1/services/{made['ledger']}/impact")).json()
    assert of_ledger["service"]["name"] == "ledger"
    assert [one["id"] for one in of_ledger["open_incidents"]] == [event["incident_id"]]
    assert [(one["name"], one["depth"], [at["name"] for at in one["path"]]) for one in of_ledger["dependents"]] == [
        ("payments", 1, ["ledger", "payments"]),
        ("shop", 2, ["ledger", "payments", "shop"]),
    ]
    assert (of_ledger["dependencies"], of_ledger["dependents_truncated"], of_ledger["dependencies_truncated"]) == ([], False, False)
    of_shop = (await api.get(f"/api/v1/services/{made['shop']}/impact")).json()
    assert (of_shop["dependents"], of_shop["open_incidents"]) == ([], [])
    assert {one["name"]: [at["name"] for at in one["path"]] for one in of_shop["dependencies"]} == {
        "payments": ["shop", "payments"],
        "mail": ["shop", "mail"],
        "ledger": ["shop", "payments", "ledger"],
    }
    opened = {one["name"]: [(at["id"], at["title"], at["status"]) for at in one["open_incidents"]] for one in of_shop["dependencies"]}
    assert opened == {"payments": [], "mail": [], "ledger": [(event["incident_id"], "Ledger is read-only", "triggered")]}
    await system.event(integration["key"], action="resolve")
    assert (await api.get(f"/api/v1/services/{made['ledger']}/impact")).json()["open_incidents"] == []
    assert problem(await api.get(f"/api/v1/services/{uuid4()}/impact")) == (404, "not_found")


async def test_what_services_depend_on_is_known_for_many_at_once(api: AsyncClient, made: dict[str, str], database: Database) -> None:
    await depend(api, made, "shop", "payments", "mail")
    await depend(api, made, "payments", "ledger")
    asked = [ServiceId(UUID(made[name])) for name in ("shop", "payments", "mail")]
    async with database.transaction(read_only=True) as tx, counting(tx) as statements:
        found = await dependencies_of(tx, asked)
    assert {tuple(one.name for one in found[id])[-1:] for id in asked[:2]} == {("ledger",)}, "nearest first"
    assert [{one.name for one in found[id]} for id in asked] == [{"payments", "mail", "ledger"}, {"ledger"}, set()]
    assert len(statements) <= 4


async def test_a_group_of_services_is_made_read_edited_and_deleted(api: AsyncClient, made: dict[str, str]) -> None:
    body = {"name": " Money ", "description": "All that moves money", "service_ids": [made["payments"], made["ledger"], made["payments"]]}
    first = await api.post("/api/v1/service-groups", json=body)
    assert (first.status_code, first.headers["ETag"]) == (201, '"1"')
    shown = body | {"id": first.json()["id"], "name": "Money", "service_ids": [made["payments"], made["ledger"]]}
    assert first.json() == shown
    address = f"/api/v1/service-groups/{shown['id']}"
    assert (await api.get(address)).json() == shown
    assert (await api.get("/api/v1/service-groups")).json() == {"items": [shown], "next_cursor": None}
    assert problem(await api.put(address, json=shown)) == (428, "if_match_required")
    edited = await api.put(address, json=shown | {"service_ids": [made["mail"]]}, headers={"If-Match": '"1"'})
    assert (edited.json(), edited.headers["ETag"]) == (shown | {"service_ids": [made["mail"]]}, '"2"')
    assert problem(await api.put(address, json=shown, headers={"If-Match": '"1"'})) == (412, "stale")
    assert (await api.get(address)).json() == edited.json()
    assert (await api.delete(address)).status_code == 204
    assert problem(await api.get(address)) == problem(await api.delete(address)) == (404, "not_found")


async def test_what_a_group_cannot_be(api: AsyncClient, made: dict[str, str]) -> None:
    await api.post("/api/v1/service-groups", json={"name": "Money"})
    other = (await api.post("/api/v1/service-groups", json={"name": "Mail"})).json()
    taken = await api.post("/api/v1/service-groups", json={"name": "Money"})
    assert (problem(taken), "choose another name" in taken.json()["detail"]) == ((409, "name_taken"), True)
    assert problem(await api.put(f"/api/v1/service-groups/{other['id']}", json={"name": "Money"}, headers={"If-Match": "*"})) == (
        409,
        "name_taken",
    )
    for wrong in ({"name": ""}, {"name": "x" * 201}, {"service_ids": ["x"]}, {"service_ids": [str(uuid4())]}, {"x": 1},
                  {"service_ids": [made["mail"]] * 501}, {"description": "x" * 10_001}):  # fmt: skip
        assert problem(await api.post("/api/v1/service-groups", json={"name": "Shop"} | wrong)) == (422, "invalid"), wrong
    assert [group["name"] for group in (await api.get("/api/v1/service-groups")).json()["items"]] == ["Money", "Mail"]


async def test_a_service_that_is_in_use_stays_and_says_by_whom(api: AsyncClient, made: dict[str, str]) -> None:
    await depend(api, made, "shop", "ledger", "mail")
    await depend(api, made, "payments", "ledger")
    group = (await api.post("/api/v1/service-groups", json={"name": "Money", "service_ids": [made["ledger"]]})).json()
    refused = await api.delete(f"/api/v1/services/{made['ledger']}")
    assert problem(refused) == (409, "in_use")
    assert {(one["kind"], one["name"]) for one in refused.json()["used_by"]} == {
        ("service", "shop"),
        ("service", "payments"),
        ("service group", "Money"),
    }
    assert "shop" in refused.json()["detail"]
    assert (await api.delete(f"/api/v1/services/{made['shop']}")).status_code == 204, "what it depends on itself keeps nothing"
    assert (await api.delete(f"/api/v1/services/{made['payments']}")).status_code == 204
    assert (await api.delete(f"/api/v1/service-groups/{group['id']}")).status_code == 204
    assert (await api.delete(f"/api/v1/services/{made['ledger']}")).status_code == 204
    assert (await api.delete(f"/api/v1/services/{made['mail']}")).status_code == 204


async def test_a_service_is_not_deleted_while_others_begin_to_depend_on_it(api: AsyncClient, made: dict[str, str]) -> None:
    for on in ("payments", "ledger", "mail"):
        adding = api.post(f"/api/v1/services/{made['shop']}/dependencies", json={"id": made[on]})
        added, deleted = await asyncio.gather(adding, api.delete(f"/api/v1/services/{made[on]}"))
        assert (added.status_code, deleted.status_code) in {(200, 409), (422, 204)}, (added.text, deleted.text)


async def test_whoever_may_read_reads_the_catalogue_and_only_an_admin_edits_it(system: System, made: dict[str, str]) -> None:
    reader = await key_of(system, "read")
    for path in (f"services/{made['shop']}/dependencies", f"services/{made['shop']}/impact", "service-groups"):
        assert (await reader.get(f"/api/v1/{path}")).status_code == 200, path
    assert (await reader.post(f"/api/v1/services/{made['shop']}/dependencies", json={"id": made["mail"]})).status_code == 403
    assert (await reader.post("/api/v1/service-groups", json={"name": "Money"})).status_code == 403
