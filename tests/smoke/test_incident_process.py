"""The life of an incident, a test for each step of the process: over HTTP, by people with keys of their own."""

from dataclasses import dataclass
from typing import Any

import pytest
from tests.incidents.acting import Responder, responder
from tests.system import System, to

JSON = dict[str, Any]
KIM = {"name": "Kim", "kind": "customer", "contact": "kim@customer.example"}
FIXED = {"resolution_code": "fixed", "resolution_text": "Moved the database to a faster disk."}
TARGETS = {"P2": {"acknowledge": "PT20M", "resolve": "PT4H"}}


@dataclass(frozen=True, slots=True)
class Office:
    """Ana, then Ben are paged for the web shop, which is filed by `itil`; Mia is the managers' manager, Dora of the service desk."""

    system: System
    service: JSON
    key: str
    users: dict[str, JSON]
    ana: Responder
    ben: Responder
    dora: Responder
    network: str
    database: str

    async def logs(self, **more: Any) -> JSON:
        """Dora logs what Kim says on the telephone."""
        said = {"title": "The web shop is slow", "service_id": self.service["id"], "reporter": KIM, "category_id": self.network} | more
        answer = await self.dora.client.post("/api/v1/incidents", json=said)
        assert answer.status_code == 201, answer.text
        await self.system.run_due()
        logged: JSON = answer.json()
        return logged

    async def sees(self, path: str, **query: Any) -> JSON:
        answer = await self.system.api.get(f"/api/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        found: JSON = answer.json()
        return found


@pytest.fixture
async def office(system: System) -> Office:
    users = {name: await system.user(name) for name in ("Ana", "Ben", "Mia")}
    await system.make("users", name="Dora", email="dora@example.com", org_roles=["service_desk"])
    web = (await system.make("categories", name="Web"))["id"]
    network = (await system.make("categories", name="Network", parent_id=web))["id"]
    database = (await system.make("categories", name="Database"))["id"]
    managers = await system.make("escalation-policies", name="Managers", steps=[{"delay": "PT30M", "targets": [to(users["Mia"])]}])
    sla = await system.make("slas", name="Standard", targets=TARGETS, manager_policy_id=managers["id"])
    made = await system.service(
        [to(users["Ana"])], [to(users["Ben"])], step_delay="PT10M", process="itil", sla_id=sla["id"], ack_timeout="PT2H",
        runbook_url="https://runbooks.example.com/web",
    )  # fmt: skip
    by = {name: await responder(system, name) for name in ("Ana", "Ben", "Dora")}
    return Office(system, made["service"], made["key"], users, by["Ana"], by["Ben"], by["Dora"], network, database)


async def test_identify_and_log(office: Office) -> None:
    """From a person: id, number, reporter, when it was reported and noticed, what is down. From a monitor: every raw event behind it."""
    told = await office.logs(description="Pages take 20 seconds.", noticed_at="2026-03-02T11:40:00Z")
    assert (told["title"], told["description"]) == ("The web shop is slow", "Pages take 20 seconds.")
    assert (told["reporter"]["name"], told["reporter"]["kind"], told["reporter"]["contact"]) == tuple(KIM.values())
    assert (told["reported_at"], told["noticed_at"]) == ("2026-03-02T12:00:00Z", "2026-03-02T11:40:00Z")
    assert told["service"]["id"] == office.service["id"]
    assert office.system.pages() == ["Ana"]

    event = await office.system.event(office.key, summary="Latency over 5 s")
    await office.system.event(office.key, summary="Latency over 9 s")
    seen = await office.system.incident(event["incident_id"])
    assert (seen["number"] > told["number"], seen["title"]) == (True, "Latency over 5 s")
    assert len((await office.sees(f"incidents/{event['incident_id']}/events"))["items"]) == 2
    body = await office.system.api.get(f"/api/v1/events/{event['id']}/body")
    assert "Latency over 5 s" in body.text, "as it came"


async def test_categorise(office: Office) -> None:
    """A tree, one of it obligatory under `itil`; checked again at closure, and a difference is kept."""
    tree = (await office.sees("categories"))["items"]
    assert {one["name"]: one["parent_id"] is None for one in tree} == {"Web": True, "Network": False, "Database": True}
    missing = await office.dora.client.post(
        "/api/v1/incidents", json={"title": "Slow", "service_id": office.service["id"], "reporter": KIM, "category_id": None}
    )
    assert (missing.status_code, [fault["loc"] for fault in missing.json()["errors"]]) == (422, ["body.category_id"])
    id = (await office.logs())["id"]
    await office.ana.does(id, "resolve", **FIXED)
    await office.ana.does(id, "verify", verdict="satisfied")
    closed = await office.dora.does(id, "close", category_id=office.database)
    assert (closed["category_id"], closed["logged_category_id"]) == (office.database, office.network)


async def test_prioritise(office: Office) -> None:
    """Impact × business urgency → P1–P5, risks lift it; the priority sets the targets; the queue says why each stands where it stands."""
    small = await office.logs(impact="minor", business_urgency="low")
    large = await office.logs(impact="large", business_urgency="high", affected_users=800)
    risky = await office.logs(impact="large", business_urgency="high", affected_users=3, risks=["security"])
    assert [one["priority"] for one in (small, large)] == ["P5", "P2"]
    assert risky["priority"] < large["priority"], "a risk lifts it"
    assert (large["sla"]["acknowledge_by"], large["sla"]["resolve_by"]) == ("2026-03-02T12:20:00Z", "2026-03-02T16:00:00Z")
    matrix = await office.sees("priority-matrix")
    assert matrix["cells"]["large"]["high"] == "P2"
    queue = (await office.sees("incidents", order="rank"))["items"]
    assert [one["id"] for one in queue] == [risky["id"], large["id"], small["id"]]
    assert queue[1]["rank"] == {
        "position": 2,
        "reasons": ["P2", "by its SLA somebody is to acknowledge it in 20 min", "800 users affected", "open for 0 min"],
    }


async def test_respond_first_diagnosis(office: Office) -> None:
    """The front line takes it, and sees alerts, changes, what it is like and how that ended, the runbook; and notes what it finds."""
    past = await office.system.event(office.key, "old", summary="Checkout answers with 500")
    await office.ana.does(past["incident_id"], "resolve", **FIXED)
    change = {"routing_key": office.key, "payload": {"summary": "Deployed 4.2", "source": "ci"}}
    assert (await office.system.api.post("/v2/change/enqueue", json=change)).status_code == 202
    await office.system.advance(minutes=1)
    now = await office.system.event(office.key, "new", summary="Checkout answers with 500 again")
    taken = await office.ana.does(now["incident_id"], "acknowledge")
    assert (taken["status"], taken["owner"]["name"]) == ("acknowledged", "Ana")
    around = await office.sees(f"incidents/{now['incident_id']}/context")
    assert [one["summary"] for one in around["changes"]] == ["Deployed 4.2"]
    assert [one["dedup_key"] for one in around["alerts"]] == ["new"]
    assert around["runbook_url"] == "https://runbooks.example.com/web"
    [alike] = around["similar"]
    assert (alike["id"], alike["resolution_text"]) == (past["incident_id"], FIXED["resolution_text"])
    note = await office.ana.client.post(f"/api/v1/incidents/{now['incident_id']}/notes", json={"text": "It is the database."})
    assert note.status_code == 201, note.text


async def test_respond_escalate(office: Office) -> None:
    """To the next step of the policy, to somebody else with everything so far, and, when the SLA is at risk, to the managers."""
    id = (await office.logs(impact="large", business_urgency="high"))["id"]
    assert office.system.pages() == ["Ana"]
    await office.ana.does(id, "escalate", reason="I am no database person")
    assert office.system.pages() == ["Ben"]
    await office.ana.client.post(f"/api/v1/incidents/{id}/notes", json={"text": "Web servers idle."})
    await office.ana.does(id, "reassign", user_id=office.users["Ben"]["id"])
    assert any(line.startswith("handed_on: ") and "Web servers idle." in line for line in await office.system.reasons(id))
    office.system.pages()
    await office.system.advance(minutes=15)
    assert "Mia" in office.system.pages(), "three quarters of the time to acknowledge have gone"
    assert (await office.system.incident(id))["sla"]["at_risk"] == ["acknowledge"]


async def test_respond_communicate(office: Office) -> None:
    """Updates inside and outside, to whoever subscribed; who owes the next one is reminded; the public feed shows what was published."""
    id = (await office.logs(impact="large", business_urgency="high"))["id"]
    await office.ana.does(id, "acknowledge")
    groups = [{"name": "All", "services": [{"service_id": office.service["id"], "name": "Web shop"}]}]
    feed = await office.system.make("status-feeds", slug="shop", name="Shop", groups=groups, public=True)
    subscriber = await office.system.api.post(
        f"/api/v1/incidents/{id}/subscribers", json={"kind": "user", "address": office.users["Mia"]["id"]}
    )
    assert subscriber.status_code == 201, subscriber.text
    for audience, said in (("internal", "The disk of db-1 is dying."), ("public", "We work on it.")):
        told = await office.ana.client.post(
            f"/api/v1/incidents/{id}/status-updates",
            json={"audience": audience, "text": said, "title": "The shop is slow" if audience == "public" else None},
        )
        assert told.status_code == 201, told.text
    await office.system.run_due()
    await office.system.node.compilation.refresh()
    public = (await office.system.client().get(f"/status/{feed['slug']}.json")).text
    assert "We work on it." in public
    assert "db-1" not in public
    assert "Mia" in {message.recipient for message in office.system.email.sent}
    owed = await office.sees(f"incidents/{id}/status-updates")
    assert (owed["owed_by"]["name"], owed["next_update_due_at"] is not None) == ("Ana", True)


async def test_respond_collaborate(office: Office) -> None:
    """A room whose messages stay, a bridge, roles, and tasks with owners; that a bridge opens by itself is told where bridges are."""
    room = await office.system.api.put(
        f"/api/v1/services/{office.service['id']}/room", json={"bridge": "https://meet.example.com/{number}"}, headers={"If-Match": "*"}
    )
    assert room.status_code == 200, room.text
    logged = await office.logs(impact="large", business_urgency="high")
    id = logged["id"]
    bridge = {"url": f"https://meet.example.com/{logged['number']}"}
    opened = await office.ana.client.put(f"/api/v1/incidents/{id}/bridge", json=bridge, headers={"If-Match": "*"})
    assert (opened.status_code, opened.json()["is_open"]) == (200, True), opened.text
    said = await office.ana.client.post(f"/api/v1/incidents/{id}/messages", json={"text": "I look at the disks."})
    assert said.status_code == 201, said.text
    assert "I look at the disks." in [one["text"] for one in (await office.sees(f"incidents/{id}/messages"))["items"]]
    commander = {"user_id": office.users["Ben"]["id"]}
    assert (await office.ana.client.put(f"/api/v1/incidents/{id}/roles/commander", json=commander)).status_code == 200
    task = {"title": "Order a disk", "owner_id": office.users["Ben"]["id"]}
    assert (await office.ana.client.post(f"/api/v1/incidents/{id}/tasks", json=task)).status_code == 201
    assert [(one["role"], one["user"]["name"]) for one in (await office.sees(f"incidents/{id}/roles"))["items"]] == [("commander", "Ben")]
    assert [(one["title"], one["owner"]["name"]) for one in (await office.sees(f"incidents/{id}/tasks"))["items"]] == [
        ("Order a disk", "Ben")
    ]


async def test_resolve_and_recover(office: Office) -> None:
    """With a code and a text; while it is watched, the same problem opens the same incident again."""
    opened = await office.system.event(office.key)
    await office.ana.does(opened["incident_id"], "acknowledge")
    resolved = await office.ana.does(opened["incident_id"], "resolve", **FIXED, monitoring="PT2H")
    assert (resolved["status"], resolved["resolution_code"], resolved["monitoring_until"]) == ("resolved", "fixed", "2026-03-02T14:00:00Z")
    await office.system.advance(minutes=90)
    again = await office.system.event(office.key)
    assert (again["decision"], again["incident_id"]) == ("reopened", opened["incident_id"])


async def test_close(office: Office) -> None:
    """Only the desk, and only once the reporter's word, category, code and text are there. Not satisfied reopens it."""
    id = (await office.logs())["id"]
    await office.ana.does(id, "resolve")
    assert (await office.ana.is_refused(id, "close"))[:2] == (403, "not_the_desk")
    refused = await office.dora.asks(id, "close")
    missing = {fault["loc"] for fault in refused.json()["errors"]}
    assert (refused.status_code, missing) == (422, {"body.resolution_code", "body.resolution_text", "body.verification"})
    reopened = await office.ana.does(id, "verify", verdict="not_satisfied", text="Still slow.")
    assert reopened["status"] == "triggered"
    await office.ana.does(id, "resolve", **FIXED)
    await office.ana.does(id, "verify", verdict="satisfied", text="Fast again.")
    assert (await office.dora.does(id, "close"))["status"] == "closed"
