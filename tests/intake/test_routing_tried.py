"""`POST /routing-rules/test`: the way of a pasted event, or of each event in a pasted body, rule by rule."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from tests.system import System, to

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "route.md"
TEST = "/api/v1/routing-rules/test"
JSON = dict[str, Any]


@pytest.fixture
async def there(system: System) -> dict[str, Any]:
    made = await system.service([to(await system.user("Ana"))], type="alertmanager", grouping={"type": "labels", "labels": ["alertname"]})
    db = await system.make("services", name="db", escalation_policy_id=made["policy"]["id"])
    first = await system.make("routing-rules", name="teams", matchers=['job=~"pg|mysql"'], add_labels={"team": "db"}, **{"continue": True})
    second = await system.make(
        "routing-rules",
        name="databases",
        matchers=["team=db", 'env!="dev"'],
        service_id=db["id"],
        severity="critical",
        group_key=["cluster", "team"],
    )
    default = await system.make("routing-rules", name="the rest", matches_everything=True, urgency="low")
    return {"id": made["integration"]["id"], "web": made["service"], "db": db, "rules": [first, second, default]}


async def test_each_rule_says_whether_it_matched_and_what_it_set(api: AsyncClient, there: dict[str, Any]) -> None:
    event = {"summary": "Disk full", "severity": "warning", "labels": {"job": "pg", "cluster": "eu"}}
    (way,) = (await api.post(TEST, json={"integration_id": there["id"], "event": event})).json()["events"]
    assert (way["event"]["summary"], way["event"]["labels"]) == ("Disk full", {"job": "pg", "cluster": "eu"})
    assert way["rules"] == [
        {
            "rule": {"id": there["rules"][0]["id"], "name": "teams"},
            "matched": True,
            "sentence": 'routing rule "teams" added team=db',
            "sets": {"add_labels": {"team": "db"}},
        },
        {
            "rule": {"id": there["rules"][1]["id"], "name": "databases"},
            "matched": True,
            "sentence": 'routing rule "databases" sent it to service db, made its severity critical, grouped it by cluster, team',
            "sets": {"service_id": there["db"]["id"], "severity": "critical", "group_key": ["cluster", "team"]},
        },
    ]
    assert {name: way[name] for name in ("service", "severity", "urgency", "labels", "grouping", "group_key", "sentence")} == {
        "service": {"id": there["db"]["id"], "name": "db"},
        "severity": "critical",
        "urgency": "high",
        "labels": {"job": "pg", "cluster": "eu", "team": "db"},
        "grouping": {"type": "labels", "labels": ["cluster", "team"]},
        "group_key": {"cluster": "eu", "team": "db"},
        "sentence": "by teams, databases it goes to service db, severity critical, urgency high, grouped by cluster='eu', team='db'",
    }


async def test_of_a_pasted_body_each_event_goes_its_own_way(api: AsyncClient, there: dict[str, Any]) -> None:
    alerts = [
        {"status": "firing", "labels": {"alertname": "Full", "job": "pg", "env": "dev"}, "fingerprint": "1"},
        {"status": "resolved", "labels": {"alertname": "Full", "job": "mysql"}, "fingerprint": "2"},
    ]
    body = {"version": "4", "status": "firing", "receiver": "x", "alerts": alerts}
    answer = await api.post(TEST, json={"integration_id": there["id"], "body": body})
    assert answer.json()["more"] == 0
    dev, prod = answer.json()["events"]
    assert [(rule["matched"], rule["sentence"]) for rule in dev["rules"]] == [
        (True, 'routing rule "teams" added team=db'),
        (False, 'routing rule "databases" does not match: it asks for env!="dev", and the label env is \'dev\''),
        (True, 'routing rule "the rest" made its urgency low'),
    ]
    assert (dev["service"]["name"], dev["urgency"], dev["group_key"]) == ("payments-api", "low", {"alertname": "Full"})
    assert (prod["event"]["action"], prod["service"]["name"]) == ("resolve", "db")


async def test_without_a_matching_rule_it_stays_with_its_service(api: AsyncClient, there: dict[str, Any]) -> None:
    for rule in there["rules"]:
        await api.delete(f"/api/v1/routing-rules/{rule['id']}")
    (way,) = (await api.post(TEST, json={"integration_id": there["id"], "event": {}})).json()["events"]
    assert (way["rules"], way["sentence"]) == (
        [],
        "no routing rule matches: it stays with service payments-api, severity unknown, urgency high, grouped by alertname=''",
    )


async def test_what_cannot_be_read_goes_its_way_as_the_alert_that_stands_for_it(api: AsyncClient, there: dict[str, Any]) -> None:
    answer = await api.post(TEST, json={"integration_id": there["id"], "body": "<a><b>", "content_type": "text/xml"})
    (way,) = answer.json()["events"]
    assert way["event"]["summary"].startswith("unreadable event from prod")
    assert way["service"]["name"] == "payments-api"


async def test_an_event_without_a_key_shows_none(api: AsyncClient, there: dict[str, Any]) -> None:
    (way,) = (await api.post(TEST, json={"integration_id": there["id"], "body": {"summary": "Disk full"}})).json()["events"]
    assert (way["event"]["summary"], way["event"]["dedup_key"]) == ("Disk full", None)


async def test_only_the_first_hundred_events_are_shown(api: AsyncClient, there: dict[str, Any]) -> None:
    alerts = [{"status": "firing", "labels": {"alertname": f"a{n}"}, "fingerprint": f"{n}"} for n in range(103)]
    answer = (await api.post(TEST, json={"integration_id": there["id"], "body": {"version": "4", "alerts": alerts}})).json()
    assert (len(answer["events"]), answer["more"]) == (100, 3)


async def test_nothing_is_written_and_a_reader_may(api: AsyncClient, system: System, there: dict[str, Any]) -> None:
    key = (await system.make("api-keys", name="r", scope="read"))["key"]
    reader = system.client({"Authorization": f"Bearer {key}"})
    assert (await reader.post(TEST, json={"integration_id": there["id"], "event": {"summary": "x"}})).status_code == 200
    assert (await system.client().post(TEST, json={"integration_id": there["id"], "event": {}})).status_code == 401
    assert (await api.get("/api/v1/incidents")).json()["items"] == []
    assert (await api.get("/api/v1/events")).json()["items"] == []


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({}, "give an event, or a body"),
        ({"event": {}, "body": "x"}, "give an event, or a body"),
        ({"event": {"severity": "fatal"}}, "event.severity"),
        ({"event": {"action": "ignore"}}, "event.action"),
        ({"event": {"labels": {"a": 7}}}, "event.labels.a"),
        ({"event": {"class_": "x"}}, "no such field"),
        ({"event": {"summary": "x" * 1025}}, "event.summary"),
        ({"event": {}, "integration_id": "00000000-0000-7000-8000-00000000000a"}, "There is no integration with this id."),
        ({"event": {}, "integration_id": "prod"}, "must be an id"),
        ({"event": {}, "integration_id": None}, "integration_id"),
        ({"body": "x", "headers": {"a": 7}}, "headers.a"),
    ],
    ids=str,
)
async def test_what_cannot_be_tried(api: AsyncClient, there: dict[str, Any], wrong: dict[str, Any], sentence: str) -> None:
    answer = await api.post(TEST, json={"integration_id": there["id"], **wrong})
    assert (answer.status_code, answer.json()["code"], sentence in answer.json()["detail"]) == (422, "invalid", True), answer.text


async def test_what_the_how_to_sends_is_taken(api: AsyncClient, there: dict[str, Any]) -> None:
    for rule in there["rules"]:
        await api.delete(f"/api/v1/routing-rules/{rule['id']}")
    blocks = HOW_TO.read_text().split("```")[1::2]
    said = "\n".join(block.removeprefix("sh\n") for block in blocks)
    for name, id in (("$INTEGRATION", there["id"]), ("$DATABASES", there["db"]["id"]), ("$SERVICE", there["web"]["id"])):
        said = said.replace(name, id)
    words = shlex.split(said, comments=True)
    sent = [(words[n + 1].removeprefix("$URL"), json.loads(words[n + 3])) for n, word in enumerate(words) if word == "api"]
    answers = []
    for address, body in sent:
        if "ids" in body:
            body["ids"] = [rule["id"] for rule in (await api.get("/api/v1/routing-rules")).json()["items"]]
        answers.append((address, await api.post(f"/api/v1{address}", json=body)))
    assert [(address, answer.status_code) for address, answer in answers] == [
        ("/routing-rules", 201), ("/routing-rules/test", 200), ("/routing-rules", 201), ("/routing-rules", 201), ("/routing-rules", 201),
        ("/routing-rules/reorder", 200),
    ]  # fmt: skip
    (way,) = answers[1][1].json()["events"]
    assert way["service"]["name"] == "db"


async def test_proposed_rules_are_asked_in_the_place_of_those_there_are(api: AsyncClient, there: dict[str, Any]) -> None:
    event = {"summary": "Disk full", "labels": {"job": "pg"}}
    new = {"name": "all of pg", "matchers": ["job=pg"], "service_id": there["db"]["id"]}
    known = {name: value for name, value in there["rules"][0].items() if name != "id"}
    asked = {"integration_id": there["id"], "event": event, "rules": [known | {"position": 1}, new]}
    (way,) = (await api.post(TEST, json=asked)).json()["events"]
    assert [(rule["rule"]["id"], rule["rule"]["name"]) for rule in way["rules"]] == [
        (there["rules"][0]["id"], "teams"),
        (None, "all of pg"),
    ]
    assert (way["service"]["name"], way["labels"]) == ("db", {"job": "pg", "team": "db"})
    (none,) = (await api.post(TEST, json=asked | {"rules": []})).json()["events"]
    assert (none["rules"], none["service"]["name"]) == ([], there["web"]["name"])
    assert len((await api.get("/api/v1/routing-rules")).json()["items"]) == 3, "nothing is written"


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ({"matchers": ["a=b"]}, "sets nothing"),
        ({"urgency": "low"}, "matches every event"),
        ({"matchers": ["a=b"], "service_id": "01990000-0000-7000-8000-000000000000"}, "no service with this service_id"),
        ({"matchers": ["a=b"], "urgency": "low", "integration_id": "01990000-0000-7000-8000-000000000000"}, "no integration with this"),
    ],
)
async def test_a_proposed_rule_is_refused_as_one_that_is_made(api: AsyncClient, there: dict[str, Any], rule: JSON, says: str) -> None:
    body = {"integration_id": there["id"], "event": {"summary": "x"}, "rules": [{"name": "fine", "matchers": ["a=b"], "urgency": "low"}]}
    answer = await api.post(TEST, json=body | {"rules": [*body["rules"], {"name": "x"} | rule]})
    assert answer.status_code == 422
    assert says in answer.text
    assert "rules.1" in answer.text
