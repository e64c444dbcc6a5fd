"""Workflow rules: what is done by itself when something happens to an incident, never twice, never in a circle, never at its cost."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.incidents.acting import paged, people, responder
from tests.incidents.building import ANA, NOW, SERVICE, Monitor, incident, monitored
from tests.incidents.test_responders import states
from tests.system import System, to

from oncall.contacts.values import Urgency
from oncall.desk.values import CategoryId, Priority, Process
from oncall.incidents.commands import workflow
from oncall.incidents.rules.workflow import actor_of, applying, trigger_of, triggered
from oncall.incidents.store import workflow as rule_store
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.acting import CannotAct
from oncall.incidents.values.workflow import Act, ActType, Conditions, Rule, RuleId, Trigger
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, ServiceId, new_id
from oncall.timeline.values import Entry, Kind

JSON = dict[str, Any]
LOGGED, PRIORITY, STATUS = Trigger
CATEGORY = CategoryId(new_id())


def rule(*triggers: Trigger, **conditions: Any) -> Rule:
    acts = (Act(ActType.DECLARE_MAJOR, text="so"),)
    return Rule(RuleId(new_id()), "R", 0, True, triggers or (LOGGED,), Conditions(**conditions), acts, NOW)


@pytest.mark.parametrize(
    ("what", "conditions", "holds"),
    [
        ("nothing said holds always", {}, True),
        ("its priority", {"priorities": (Priority.P1,)}, True),
        ("one of several is enough", {"priorities": (Priority.P2, Priority.P1)}, True),
        ("another priority", {"priorities": (Priority.P2,)}, False),
        ("its service", {"service_ids": (SERVICE,)}, True),
        ("another service", {"service_ids": (ServiceId(new_id()),)}, False),
        ("its category", {"category_ids": (CATEGORY,)}, True),
        ("another category", {"category_ids": (CategoryId(new_id()),)}, False),
        ("its process", {"processes": (Process.SRE,)}, True),
        ("another process", {"processes": (Process.ITIL,)}, False),
        ("its urgency", {"urgencies": (Urgency.HIGH,)}, True),
        ("another urgency", {"urgencies": (Urgency.LOW,)}, False),
        ("its status", {"statuses": (Status.TRIGGERED,)}, True),
        ("another status", {"statuses": (Status.RESOLVED,)}, False),
        ("all must hold", {"priorities": (Priority.P1,), "statuses": (Status.RESOLVED,)}, False),
    ],
)
def test_conditions(what: str, conditions: JSON, holds: bool) -> None:
    one = rule(**conditions)
    assert applying([one], [LOGGED], incident(priority=Priority.P1), CATEGORY) == ([one] if holds else [])


def test_what_is_not_known_is_none_of_several() -> None:
    assert applying([rule(priorities=tuple(Priority))], [LOGGED], incident(), None) == []
    assert applying([rule(category_ids=(CATEGORY,))], [LOGGED], incident(), None) == []


def entry(kind: Kind, actor: Actor = ANA, id: IncidentId | None = None) -> Entry:
    return Entry(id or IncidentId(new_id()), NOW, kind, actor, "so")


@given(st.sampled_from(list(Kind)))
def test_what_a_rule_did_triggers_none(kind: Kind) -> None:
    assert trigger_of(entry(kind, actor_of(rule()))) is None


def test_what_triggers() -> None:
    assert trigger_of(entry(Kind.OPENED)) is LOGGED
    assert trigger_of(entry(Kind.PRIORITY_CHANGED)) is PRIORITY
    assert {trigger_of(entry(kind)) for kind in (Kind.ACKNOWLEDGED, Kind.RESOLVED, Kind.CLOSED, Kind.REOPENED, Kind.ACK_TIMEOUT)} == {
        STATUS
    }
    assert {trigger_of(entry(kind)) for kind in (Kind.PAGED, Kind.SENT, Kind.NOTE_ADDED, Kind.TASK_ADDED)} == {None}


def test_incidents_are_looked_at_in_the_order_in_which_they_are_locked() -> None:
    ids = [IncidentId(new_id()) for _ in range(4)]
    found = triggered([entry(Kind.OPENED, id=id) for id in reversed(ids)] + [entry(Kind.OPENED, id=ids[0]), entry(Kind.PAGED)])
    assert list(found) == sorted(ids)
    assert found[ids[0]] == [LOGGED]


async def makes(system: System, *actions: JSON, triggers: tuple[str, ...] = ("logged",), **more: Any) -> JSON:
    return await system.make("workflow-rules", **{"name": "Big ones", "triggers": list(triggers), "actions": list(actions)} | more)


async def opened(system: System, monitor: Monitor) -> str:
    [decided] = await monitor.says(monitor.event())
    await system.run_due()
    return f"{decided.incident_id}"


async def said(system: System, id: str) -> list[str]:
    entries = (await system.api.get(f"/api/v1/incidents/{id}/timeline")).json()["items"]
    return [one["reason"] for one in entries if one["by"]["name"] == "workflow rule Big ones"]


async def test_what_a_monitor_opens_is_acted_on_with_all_actions_in_their_order(system: System) -> None:
    monitor = await monitored(system)
    eve, ben = await system.user("Eve"), (await people(system))["Ben"]
    await makes(
        system,
        {"type": "declare_major", "reason": "it always is"},
        {"type": "set_role", "role": "commander", "user_id": ben},
        {"type": "add_tasks", "tasks": [{"title": "Call the bank", "due_in": "PT15M"}, {"title": "Look"}]},
        {"type": "add_responders", "user_ids": [eve["id"]], "message": "come"},
    )
    id = await opened(system, monitor)
    shown = await system.incident(id)
    assert (shown["is_major"], shown["owed"]) == (True, [])
    assert await states(system, id) == [("Eve", "requested")]
    tasks = (await system.api.get(f"/api/v1/incidents/{id}/tasks")).json()["items"]
    assert [(one["title"], one["due_at"]) for one in tasks] == [("Call the bank", "2026-03-02T12:15:00Z"), ("Look", None)]
    assert await said(system, id) == [
        "declared a major incident by workflow rule Big ones through workflow: it always is",
        "Ben is commander",
        "task 'Call the bank', due 2026-03-02 12:15Z",
        "task 'Look'",
        "Eve is asked to join: come",
    ]
    assert sorted(system.pages()) == ["Ana", "Eve"], "its own policy pages as ever"


async def test_done_again_nothing_is_done_twice(system: System) -> None:
    monitor = await monitored(system)
    ben = (await people(system))["Ben"]
    await makes(
        system,
        {"type": "declare_major", "reason": "it always is"},
        {"type": "set_role", "role": "scribe", "user_id": ben},
        {"type": "add_tasks", "tasks": [{"title": "Look"}]},
        {"type": "add_responders", "user_ids": [ben]},
        triggers=("logged", "status_changed", "priority_changed"),
    )
    id = await opened(system, monitor)
    before = await said(system, id)
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    await ana.does(id, "priority", priority="P1", reason="big")
    await ana.does(id, "unacknowledge")
    assert await said(system, id) == before
    assert len(before) == 4


async def test_a_priority_triggers_by_its_conditions(system: System) -> None:
    monitor = await monitored(system)
    await makes(
        system,
        {"type": "add_tasks", "tasks": [{"title": "Tell the board"}]},
        triggers=("priority_changed",),
        conditions={"priorities": ["P1"]},
    )
    id = await opened(system, monitor)
    ana = await responder(system, "Ana")
    await ana.does(id, "priority", priority="P3", reason="small")
    assert await said(system, id) == []
    await ana.does(id, "priority", priority="P1", reason="big")
    assert await said(system, id) == ["task 'Tell the board'"]


async def test_a_rule_that_is_switched_off_does_nothing(system: System) -> None:
    monitor = await monitored(system)
    made = await makes(system, {"type": "declare_major", "reason": "so"})
    path = f"/api/v1/workflow-rules/{made['id']}"
    off = await system.api.put(path, json=made | {"enabled": False}, headers={"If-Match": '"1"'})
    assert (off.status_code, off.json()["enabled"]) == (200, False)
    assert (await system.incident(await opened(system, monitor)))["is_major"] is False


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    known: dict[str, Any] = {}
    monkeypatch.setattr(workflow, "_actions", known)
    return known


async def opens(tx: AsyncConnection, incident: Incident, text: str, *, by: Actor, now: datetime) -> str:
    return f"a bridge for #{incident.number}: {text}"


async def refuses(tx: AsyncConnection, incident: Incident, text: str, *, by: Actor, now: datetime) -> str:
    raise CannotAct("There is no link to open.")


async def breaks(tx: AsyncConnection, incident: Incident, text: str, *, by: Actor, now: datetime) -> str:
    await tx.exec_driver_sql("SELECT 1/0")
    return "never"


async def test_what_an_action_cannot_do_is_said_and_undoes_nothing_else(system: System, actions: dict[str, Any]) -> None:
    actions |= {"open_bridge": opens, "refuses": refuses, "breaks": breaks}
    monitor = await monitored(system)
    await makes(
        system,
        {"type": "run", "name": "refuses"},
        {"type": "run", "name": "breaks"},
        {"type": "run", "name": "open_bridge", "text": "join"},
        {"type": "declare_major", "reason": "so"},
    )
    id = await opened(system, monitor)
    shown = await system.incident(id)
    assert shown["is_major"] is True
    told = await said(system, id)
    assert told[:1] == ["workflow rule Big ones: run: There is no link to open."]
    assert told[1].startswith("workflow rule Big ones: run: ")
    assert told[1].endswith("which is a defect")
    assert told[2:] == [
        f"a bridge for #{shown['number']}: join",
        "declared a major incident by workflow rule Big ones through workflow: so",
    ]
    assert system.pages() == ["Ana"], "it is paged all the same"


async def test_an_action_that_there_is_not_is_refused_with_those_there_are(system: System, actions: dict[str, Any]) -> None:
    actions["open_bridge"] = opens
    body = {"name": "R", "triggers": ["logged"], "actions": [{"type": "run", "name": "fly"}]}
    answer = await system.api.post("/api/v1/workflow-rules", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, "There is no action 'fly' to run; there are: open_bridge.")


async def test_of_very_many_at_once_it_is_said_what_was_not_done(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "AT_ONCE", 1)
    monitor = await monitored(system)
    await makes(system, {"type": "declare_major", "reason": "so"})
    decided = await monitor.says(monitor.event("a"), monitor.event("b"))
    ids = sorted(f"{one.incident_id}" for one in decided)
    assert [(await system.incident(id))["is_major"] for id in ids] == [True, False]
    assert await said(system, ids[1]) == ["workflow rule Big ones: it did nothing: more than 1 incidents came at once"]


async def test_what_a_rule_names_is_not_deleted(system: System) -> None:
    monitor = await monitored(system)
    eve = await system.user("Eve")
    team = await system.make("teams", name="Bank")
    made = await makes(
        system,
        {"type": "add_responders", "user_ids": [eve["id"]], "team_ids": [team["id"]]},
        conditions={"service_ids": [f"{monitor.service_id}"]},
    )
    for path in (f"users/{eve['id']}", f"teams/{team['id']}", f"services/{monitor.service_id}"):
        answer = await system.api.delete(f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (409, "in_use"), answer.text
        assert {"kind": "workflow rule", "id": made["id"], "name": "Big ones"} in answer.json()["used_by"]
    assert (await system.api.delete(f"/api/v1/workflow-rules/{made['id']}")).status_code == 204
    assert (await system.api.delete(f"/api/v1/users/{eve['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a trigger", {"triggers": []}),
        ("an action", {"actions": []}),
        ("a known action", {"actions": [{"type": "fly"}]}),
        ("somebody to ask", {"actions": [{"type": "add_responders"}]}),
        ("nothing else", {"more": 1}),
        ("a service that exists", {"conditions": {"service_ids": [f"{new_id()}"]}}),
        ("a category that exists", {"conditions": {"category_ids": [f"{new_id()}"]}}),
        ("a user that exists", {"actions": [{"type": "set_role", "role": "scribe", "user_id": f"{new_id()}"}]}),
        ("a team that exists", {"actions": [{"type": "add_responders", "team_ids": [f"{new_id()}"]}]}),
    ],
)
async def test_a_rule_needs(system: System, what: str, change: JSON) -> None:
    body = {"name": "R", "triggers": ["logged"], "actions": [{"type": "declare_major", "reason": "so"}]} | change
    assert (await system.api.post("/api/v1/workflow-rules", json=body)).status_code == 422


async def test_rules_are_edited_by_their_version_and_by_admins(system: System) -> None:
    _, _ = await paged(system)
    made = await makes(system, {"type": "declare_major", "reason": "so"})
    path = f"/api/v1/workflow-rules/{made['id']}"
    read = await system.api.get(path)
    assert read.json() == made
    assert (await system.api.put(path, json=made)).status_code == 428
    assert (await system.api.put(path, json=made, headers={"If-Match": read.headers["ETag"]})).status_code == 200
    assert (await system.api.put(path, json=made, headers={"If-Match": read.headers["ETag"]})).status_code == 412
    ana = await responder(system, "Ana")
    assert (await ana.client.put(path, json=made, headers={"If-Match": "*"})).status_code == 403
    assert (await ana.client.get("/api/v1/workflow-rules")).json()["items"] == [made]
    again = await system.api.post("/api/v1/workflow-rules", json={"name": "big ONES", "triggers": ["logged"], "actions": made["actions"]})
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")


async def test_rules_that_cannot_be_read_undo_nothing_of_what_happened(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(tx: AsyncConnection, *_: Any, **__: Any) -> None:
        await tx.execute(text("SELECT 1 / 0"))

    await system.make("workflow-rules", name="Big ones", triggers=["logged"], actions=[{"type": "declare_major", "reason": "so"}])
    monkeypatch.setattr(rule_store, "enabled_rules", broken)
    made = await system.service([to(await system.user("Ana"))])
    assert (await system.event(made["key"]))["decision"] == "opened"
    assert system.pages() == ["Ana"]
