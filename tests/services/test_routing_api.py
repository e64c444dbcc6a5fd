"""REST for routing rules."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import text
from tests.system import System, to

from oncall.kit.ids import IntegrationId, ServiceId
from oncall.services.commands import ROUTING, load_routing
from oncall.services.rules.routing import Routing, route
from oncall.services.values.routing import Routable

RULES = "/api/v1/routing-rules"
ANY = {"If-Match": "*"}
REVISION = text("SELECT COALESCE(max(revision), 0) AS n FROM revisions WHERE topic = :topic")


@pytest.fixture
async def there(system: System) -> dict[str, Any]:
    """A service with an integration, and a second service."""
    made = await system.service([to(await system.user("Ana"))], type="generic")
    db = await system.make("services", name="db", escalation_policy_id=made["policy"]["id"])
    return {"web": made["service"], "db": db, "integration": made["integration"], "policy": made["policy"]["id"]}


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def revision(system: System) -> int:
    async with system.node.database.transaction() as tx:
        n: int = (await tx.execute(REVISION, {"topic": ROUTING})).scalar_one()
    return n


async def loaded(system: System) -> Routing:
    async with system.node.database.transaction() as tx:
        return await load_routing(tx)


async def test_a_rule_is_created_with_sensible_defaults_and_read(api: AsyncClient, there: dict[str, Any]) -> None:
    made = await api.post(RULES, json={"name": "db", "matchers": ["job = postgres"], "service_id": there["db"]["id"]})
    assert (made.status_code, made.headers["ETag"]) == (201, '"1"')
    assert made.json() == {
        "id": made.json()["id"],
        "name": "db",
        "position": 10,
        "integration_id": None,
        "matchers": ['job="postgres"'],
        "matches_everything": False,
        "continue": False,
        "enabled": True,
        "service_id": there["db"]["id"],
        "severity": None,
        "urgency": None,
        "group_key": [],
        "add_labels": {},
        "drop_labels": [],
    }
    read = await api.get(f"{RULES}/{made.json()['id']}")
    assert (read.json(), read.headers["ETag"]) == (made.json(), '"1"')


WHOLE = {
    "name": "db",
    "position": 7,
    "matchers": ['job=~"postgres|mysql"', 'env!="dev"', '"with space"="\\"x\\""'],
    "matches_everything": False,
    "continue": True,
    "enabled": False,
    "severity": "critical",
    "urgency": "low",
    "group_key": ["cluster", "alertname"],
    "add_labels": {"team": "db", "odd name": "a value"},
    "drop_labels": ["pod"],
}


async def test_what_is_read_can_be_sent_again(api: AsyncClient, there: dict[str, Any]) -> None:
    form = WHOLE | {"integration_id": there["integration"]["id"], "service_id": there["db"]["id"]}
    made = await api.post(RULES, json=form)
    assert made.json() == form | {"id": made.json()["id"]}
    again = await api.post(RULES, json=form)
    assert again.json() == form | {"id": again.json()["id"]}
    put = await api.put(f"{RULES}/{made.json()['id']}", json=form, headers=ANY)
    assert (put.json(), put.headers["ETag"]) == (made.json(), '"2"')
    default = (await api.post(RULES, json={"name": "default", "matches_everything": True, "service_id": there["db"]["id"]})).json()
    id = default.pop("id")
    assert (await api.put(f"{RULES}/{id}", json=default, headers=ANY)).json() == default | {"id": id}


async def test_an_edit_says_which_version_it_edits_and_leaves_the_place(api: AsyncClient, there: dict[str, Any]) -> None:
    made = (await api.post(RULES, json=WHOLE)).json()
    address, body = f"{RULES}/{made['id']}", {"name": "2", "matchers": ["a=b"], "urgency": "high"}
    assert problem(await api.put(address, json=body)) == (428, "if_match_required")
    assert problem(await api.put(address, json=body, headers={"If-Match": '"2"'})) == (412, "stale")
    edited = await api.put(address, json=body, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"')
    assert edited.json() == {
        "id": made["id"], "name": "2", "position": 7, "integration_id": None, "matchers": ['a="b"'], "matches_everything": False,
        "continue": False, "enabled": True, "service_id": None, "severity": None, "urgency": "high", "group_key": [], "add_labels": {},
        "drop_labels": [],
    }  # fmt: skip
    assert (await api.get(address)).json() == edited.json()
    assert problem(await api.put(f"{RULES}/{uuid4()}", json=body, headers=ANY)) == (404, "not_found")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": ""}, "name"),
        ({"matchers": "a=b"}, "matchers"),
        ({"matchers": [7]}, "matchers[0]"),
        ({"matchers": ["a=b", "c"]}, "matchers[1]: At character 2 of the matchers there should be one of =, !=, =~, !~"),
        ({"matchers": ["a=~(b"]}, "none that RE2 takes"),
        ({"matchers": ["a=~(?=b)"]}, "none that RE2 takes"),
        ({"matchers": [""]}, "must hold a condition"),
        ({"matchers": ["{}"]}, "must hold a condition"),
        ({"matchers": ["a=b"] * 51}, "at most 50"),
        ({"matchers": []}, "matches every event"),
        ({"matchers": ['a=~".*"']}, "matches every event"),
        ({"matches_everything": True}, "leave something out"),
        ({"matches_everything": "yes"}, "matches_everything"),
        ({"urgency": None}, "sets nothing"),
        ({"urgency": None, "continue": True}, "sets nothing"),
        ({"continue": "no"}, "continue"),
        ({"continues": True}, "no such field"),
        ({"position": -1}, "greater than or equal to 0"),
        ({"position": 10**12}, "less than or equal to 1000000"),
        ({"position": "1"}, "integer"),
        ({"severity": "fatal"}, "critical"),
        ({"urgency": "medium"}, "high"),
        ({"service_id": "00000000-0000-7000-8000-00000000000a"}, "There is no service with this service_id."),
        ({"service_id": "db"}, "must be an id"),
        ({"integration_id": "00000000-0000-7000-8000-00000000000a"}, "There is no integration with this integration_id."),
        ({"group_key": ["a", "a"]}, "must name each label once"),
        ({"group_key": [f"l{n}" for n in range(21)]}, "at most 20"),
        ({"group_key": "cluster"}, "group_key"),
        ({"add_labels": {"": "x"}}, "add_labels"),
        ({"add_labels": {"a": ""}}, "add_labels.a"),
        ({"add_labels": {"a": 7}}, "add_labels.a"),
        ({"add_labels": {"a": "x" * 1001}}, "add_labels.a"),
        ({"add_labels": ["a"]}, "add_labels"),
        ({"drop_labels": [""]}, "drop_labels[0]"),
        ({"version": 7}, "no such field"),
    ],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(api: AsyncClient, wrong: dict[str, Any], sentence: str) -> None:
    body = {"name": "x", "matchers": ["a=b"], "urgency": "high", **wrong}
    answer = await api.post(RULES, json=body)
    assert problem(answer) == (422, "invalid")
    assert sentence in answer.json()["detail"]
    assert (await api.get(RULES)).json()["items"] == []
    made = (await api.post(RULES, json={"name": "x", "matchers": ["a=b"], "urgency": "high"})).json()
    put = await api.put(f"{RULES}/{made['id']}", json=body, headers=ANY)
    assert (put.status_code, sentence in put.json()["detail"]) == (422, True)
    assert (await api.get(f"{RULES}/{made['id']}")).json() == made


async def names(api: AsyncClient, **query: object) -> list[str]:
    return [rule["name"] for rule in (await api.get(RULES, params=query)).json()["items"]]  # type: ignore[arg-type]


async def test_rules_are_listed_in_their_order_page_by_page(api: AsyncClient, there: dict[str, Any]) -> None:
    for name, position in (("c", None), ("a", 5), ("b", 5), ("d", None), ("e", 30)):
        await api.post(RULES, json={"name": name, "position": position, "matchers": ["a=b"], "urgency": "high"})
    seen, cursor = [], ""
    while cursor is not None:
        page = (await api.get(RULES, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [(rule["name"], rule["position"]) for rule in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [("a", 5), ("b", 5), ("c", 10), ("d", 20), ("e", 30)]
    first = (await api.get(RULES, params={"limit": 1})).json()
    await api.delete(f"{RULES}/{first['items'][0]['id']}")
    gone = await api.get(RULES, params={"limit": 1, "cursor": first["next_cursor"]})
    assert (gone.status_code, "from the beginning" in gone.json()["detail"]) == (422, True)


async def test_rules_are_found_by_what_they_are_about(api: AsyncClient, there: dict[str, Any]) -> None:
    await api.post(RULES, json={"name": "a", "matchers": ["a=b"], "service_id": there["db"]["id"]})
    await api.post(RULES, json={"name": "b", "matchers": ["a=b"], "urgency": "low", "integration_id": there["integration"]["id"]})
    assert await names(api) == ["a", "b"]
    assert await names(api, service_id=there["db"]["id"]) == ["a"]
    assert await names(api, integration_id=there["integration"]["id"]) == ["b"]


async def test_the_order_is_changed_by_naming_every_rule_once(api: AsyncClient, there: dict[str, Any]) -> None:
    ids = {
        name: (await api.post(RULES, json={"name": name, "matchers": ["a=b"], "urgency": "low"})).json()["id"] for name in ("a", "b", "c")
    }
    ordered = await api.post(f"{RULES}/reorder", json={"ids": [ids["c"], ids["b"], ids["a"]]})
    assert [(rule["name"], rule["position"]) for rule in ordered.json()["items"]] == [("c", 10), ("b", 20), ("a", 30)]
    assert await names(api) == ["c", "b", "a"]
    versions = [(await api.get(f"{RULES}/{ids[name]}")).headers["ETag"] for name in ("a", "b", "c")]
    assert versions == ['"2"', '"1"', '"2"'], "one that did not move was not edited"
    for wrong, expected in (
        ([ids["a"], ids["b"]], (409, "not_all_rules")),
        ([*ids.values(), "00000000-0000-7000-8000-00000000000a"], (409, "not_all_rules")),
        ([*ids.values(), ids["a"]], (422, "invalid")),
        ([], (409, "not_all_rules")),
        (["a"], (422, "invalid")),
    ):
        assert problem(await api.post(f"{RULES}/reorder", json={"ids": wrong})) == expected
    assert await names(api) == ["c", "b", "a"]


async def test_what_a_rule_uses_is_not_deleted(api: AsyncClient, there: dict[str, Any]) -> None:
    web, db, integration = there["web"]["id"], there["db"]["id"], there["integration"]["id"]
    to_db = (await api.post(RULES, json={"name": "a", "matchers": ["a=b"], "service_id": db})).json()
    of_one = (await api.post(RULES, json={"name": "b", "matchers": ["a=b"], "urgency": "low", "integration_id": integration})).json()
    for address, what, rule in (
        (f"services/{db}", "Service db", to_db),
        (f"services/{web}/integrations/{integration}", "This integration", of_one),
        (f"services/{web}", "An integration of service payments-api", of_one),
    ):
        refused = await api.delete(f"/api/v1/{address}")
        sentence = f"{what} is still used by 1 routing rule ({rule['name']}): change or delete those first."
        assert (*problem(refused), refused.json()["detail"]) == (409, "in_use", sentence)
        assert refused.json()["used_by"] == [{"kind": "routing rule", "id": rule["id"], "name": rule["name"]}]
        assert refused.json()["used_by_more"] == 0
    for rule in (to_db, of_one):
        assert (await api.delete(f"{RULES}/{rule['id']}")).status_code == 204
        assert problem(await api.delete(f"{RULES}/{rule['id']}")) == (404, "not_found")
    for address in (f"services/{db}", f"services/{web}"):
        assert (await api.delete(f"/api/v1/{address}")).status_code == 204


async def test_every_change_tells_what_is_compiled(api: AsyncClient, system: System, there: dict[str, Any]) -> None:
    seen = [await revision(system)]
    made = (await api.post(RULES, json={"name": "a", "matchers": ["a=b"], "service_id": there["db"]["id"]})).json()
    seen.append(await revision(system))
    await api.put(f"{RULES}/{made['id']}", json={"name": "b", "matchers": ["a=b"], "service_id": there["db"]["id"]}, headers=ANY)
    seen.append(await revision(system))
    await api.post(f"{RULES}/reorder", json={"ids": [made["id"]]})
    seen.append(await revision(system))
    await api.put(f"/api/v1/services/{there['db']['id']}", json={"name": "mysql", "escalation_policy_id": there["policy"]}, headers=ANY)
    seen.append(await revision(system))
    assert (await loaded(system)).sentences == ('routing rule "b" sent it to service mysql',)
    await api.delete(f"{RULES}/{made['id']}")
    seen.append(await revision(system))
    assert seen == sorted(set(seen)), "each raised it"


async def test_what_is_stored_routes(api: AsyncClient, system: System, there: dict[str, Any]) -> None:
    integration, web, db = (UUID(there[name]["id"]) for name in ("integration", "web", "db"))
    await api.post(RULES, json={"name": "last", "position": 99, "matches_everything": True, "add_labels": {"x": "y"}})
    await api.post(
        RULES, json={"name": "db", "position": 50, "matchers": ["job=db"], "service_id": str(db), "integration_id": str(integration)}
    )
    await api.post(RULES, json={"name": "db", "position": 1, "matchers": ["job=db"], "urgency": "low", "continue": True})
    event = Routable(IntegrationId(integration), ServiceId(web), "info", {"job": "db"}, {})
    made = route(await loaded(system), event)
    assert (made.service_id, made.urgency, made.labels) == (db, "low", {"job": "db"})
    assert route(await loaded(system), replace(event, labels={})).labels == {"x": "y"}


async def test_a_rule_behind_the_default_is_refused_since_it_would_never_be_asked(api: AsyncClient, there: dict[str, Any]) -> None:
    of_one, rule = there["integration"]["id"], {"name": "db", "matchers": ["job=db"], "urgency": "low"}
    default = {"name": "default", "position": 100, "matches_everything": True, "urgency": "high", "integration_id": of_one}
    made = (await api.post(RULES, json=default)).json()
    behind = await api.post(RULES, json=rule | {"integration_id": of_one})
    assert problem(behind) == (422, "invalid")
    assert "never be asked: default, at position 100" in behind.json()["detail"]
    assert (await api.post(RULES, json=rule | {"integration_id": of_one, "enabled": False})).status_code == 201, (
        "off, it may stand anywhere"
    )
    assert (await api.post(RULES, json=rule)).status_code == 201, "it is asked about events of others"
    assert (await api.post(RULES, json=rule | {"integration_id": of_one, "position": 99})).status_code == 201
    moved = await api.put(f"{RULES}/{made['id']}", json=default | {"continue": True}, headers=ANY)
    assert moved.status_code == 200
    assert (await api.post(RULES, json=rule | {"integration_id": of_one})).status_code == 201, "behind one that continues"
    assert (await api.put(f"{RULES}/{made['id']}", json=default, headers=ANY)).status_code == 200, "but the default itself may be moved"


async def test_who_may(api: AsyncClient, system: System, there: dict[str, Any]) -> None:
    body = {"name": "x", "matchers": ["a=b"], "urgency": "high"}
    made = (await api.post(RULES, json=body)).json()
    key = (await system.make("api-keys", name="r", scope="respond"))["key"]
    reader = system.client({"Authorization": f"Bearer {key}"})
    assert (await reader.get(RULES)).json()["items"] == [made]
    assert (await reader.get(f"{RULES}/{made['id']}")).status_code == 200
    for answer in (
        await reader.post(RULES, json=body),
        await reader.put(f"{RULES}/{made['id']}", json=body, headers=ANY),
        await reader.delete(f"{RULES}/{made['id']}"),
        await reader.post(f"{RULES}/reorder", json={"ids": [made["id"]]}),
    ):
        assert problem(answer) == (403, "forbidden")
    assert (await system.client().get(RULES)).status_code == 401
