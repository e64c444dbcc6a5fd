"""Notes, tasks and roles: who works on what, and that it is told, written down, and keeps an incident from timing out."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.incidents.acting import Responder, paged, people, responder, said_next
from tests.incidents.building import ANA, NOW, incident
from tests.system import System

from oncall.channels.values import NoticeMessage
from oncall.desk.values.roles import Role
from oncall.incidents.rules import roles, tasks
from oncall.incidents.values import Status
from oncall.incidents.values.roles import Holder
from oncall.incidents.values.tasks import Task, TaskId, TaskOver, TaskState
from oncall.kit.ids import IncidentId, UserId, new_id

JSON = dict[str, Any]
OPEN, DONE, DROPPED = TaskState


def task(state: TaskState = OPEN) -> Task:
    ended = {"ended_by": ANA, "ended_at": NOW, "ended_reason": "so"} if state is not OPEN else {}
    return Task(TaskId(new_id()), IncidentId(new_id()), "Call the bank", "", None, None, state, 1, None, ANA, NOW, **ended)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "wanted", "outcome"),
    [
        (OPEN, DONE, DONE),
        (OPEN, DROPPED, DROPPED),
        (DONE, OPEN, OPEN),
        (DROPPED, OPEN, OPEN),
        (OPEN, OPEN, None),
        (DONE, DONE, None),
        (DROPPED, DROPPED, None),
        (DONE, DROPPED, ("reopen",)),
        (DROPPED, DONE, ("reopen",)),
    ],
)
def test_what_becomes_of_a_task(before: TaskState, wanted: TaskState, outcome: object) -> None:
    given = task(before)
    if isinstance(outcome, tuple):
        with pytest.raises(TaskOver) as refused:
            tasks.put_into(given, wanted, ANA, reason=None, now=NOW)
        assert refused.value.members == {"state": before.value, "allowed": list(outcome)}
        return
    after = tasks.put_into(given, wanted, ANA, reason="why", now=NOW)
    assert (after and after.state) == outcome
    if after is not None:
        assert after.version == given.version + 1
        assert (after.ended_at is None) == (after.state is OPEN)


@given(st.lists(st.sampled_from(list(TaskState)), max_size=12))
def test_whatever_is_said_a_task_has_ended_exactly_when_it_is_not_open(words: list[TaskState]) -> None:
    one = task()
    for word in words:
        try:
            one = tasks.put_into(one, word, ANA, reason=None, now=NOW) or one
        except TaskOver:
            continue
        assert (one.ended_at is None) == (one.state is OPEN)


def holder(role: Role, user: UserId | None) -> Holder:
    return Holder(IncidentId(new_id()), role, user, "Ana" if user else None, ANA, NOW)


SOMEBODY = UserId(new_id())


@pytest.mark.parametrize(
    ("what", "given", "holders", "expected"),
    [
        ("no role is obligatory", incident(), [], ()),
        ("but the commander of a major one", incident(is_major=True), [], (Role.COMMANDER,)),
        ("until somebody is", incident(is_major=True), [holder(Role.COMMANDER, SOMEBODY)], ()),
        ("or was, whose account is gone", incident(is_major=True), [holder(Role.COMMANDER, None)], (Role.COMMANDER,)),
        ("what a template asks for", incident(), [holder(Role.SCRIBE, None)], (Role.SCRIBE,)),
        ("another role is no commander", incident(is_major=True), [holder(Role.SCRIBE, SOMEBODY)], (Role.COMMANDER,)),
        ("what is over owes nothing", incident(is_major=True, status=Status.RESOLVED, resolved_at=NOW), [], ()),
    ],
)
def test_owed(what: str, given: Any, holders: list[Holder], expected: tuple[Role, ...]) -> None:
    assert roles.owed(given, holders) == expected


async def had_by_ana(system: System) -> tuple[str, Responder]:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    return id, ana


async def makes(by: Responder, id: str, what: str, **body: Any) -> JSON:
    answer = await by.asks(id, what, **body)
    assert answer.status_code == 201, answer.text
    await by.system.run_due()
    made: JSON = answer.json()
    return made


def notices(system: System) -> list[tuple[str, str]]:
    told = [(one.recipient, one.subject.split(" ", 1)[1]) for one in system.email.sent if isinstance(one, NoticeMessage)]
    system.email.sent.clear()
    return told


async def test_a_note_is_kept_as_it_is_written_and_said_in_the_timeline(system: System) -> None:
    id, ana = await had_by_ana(system)
    text = "# What we know\n\nThe *disk* is full.\n" + "x" * 300
    made = await makes(ana, id, "notes", text=text)
    [shown] = (await system.api.get(f"/api/v1/incidents/{id}/notes")).json()["items"]
    assert shown == made
    assert (shown["text"], shown["author"]["name"], shown["written_at"]) == (text, "Ana", "2026-03-02T12:00:00Z")
    [line] = [one for one in await system.reasons(id) if one.startswith("note_added")]
    assert line.startswith("note_added: Ana notes: # What we know The *disk* is full. xxx")
    assert line.endswith("…")


@pytest.mark.parametrize("body", [{"text": ""}, {"text": "x" * 10_001}, {}, {"text": "x", "more": 1}])
async def test_a_note_that_is_none_is_refused(system: System, body: JSON) -> None:
    _, id = await paged(system)
    assert (await system.api.post(f"/api/v1/incidents/{id}/notes", json=body)).status_code == 422


async def test_notes_have_pages(system: System) -> None:
    id, ana = await had_by_ana(system)
    for n in range(3):
        await makes(ana, id, "notes", text=f"note {n}")
    first = (await system.api.get(f"/api/v1/incidents/{id}/notes?limit=2")).json()
    rest = (await system.api.get(f"/api/v1/incidents/{id}/notes?limit=2&cursor={first['next_cursor']}")).json()
    assert [one["text"] for one in first["items"] + rest["items"]] == ["note 0", "note 1", "note 2"]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize("who", ["Ana", "Ben"])
@pytest.mark.parametrize("what", ["note", "task", "done"])
async def test_what_the_acknowledger_does_begins_the_time_out_anew(system: System, what: str, who: str) -> None:
    """Ana has it since noon, and half an hour to resolve it."""
    id, ana = await had_by_ana(system)
    made = await makes(ana, id, "tasks", title="Look")
    await system.advance(minutes=10)
    by = await responder(system, who)
    match what:
        case "note":
            await makes(by, id, "notes", text="looking")
        case "task":
            await makes(by, id, "tasks", title="Call the bank")
        case _:
            await by.does(id, f"tasks/{made['id']}/done")
    assert said_next(await system.incident(id)) == [("retrigger", "12:40" if who == "Ana" else "12:30")]
    acknowledged = [one for one in await system.reasons(id) if one.startswith("acknowledged")]
    assert len(acknowledged) == 1, "to work on it is no second acknowledgement"


async def test_a_task_from_its_beginning_to_its_end(system: System) -> None:
    id, ana = await had_by_ana(system)
    ben_id = (await people(system))["Ben"]
    notices(system)
    made = await makes(ana, id, "tasks", title="Call the bank", description="+49 …", owner_id=ben_id, due_at="2026-03-02T13:00:00Z")
    assert (made["state"], made["owner"]["name"], made["position"]) == ("open", "Ben", 1)
    assert notices(system) == [("Ben", "Your task: Call the bank")]
    ben = await responder(system, "Ben")
    done = await ben.does(id, f"tasks/{made['id']}/done", reason="they know")
    assert (done["changed"], done["state"], done["ended_by"]["name"], done["ended_reason"]) == (True, "done", "Ben", "they know")
    assert (await ben.does(id, f"tasks/{made['id']}/done"))["changed"] is False
    status, code, detail = await ben.is_refused(id, f"tasks/{made['id']}/drop", reason="no need")
    assert (status, code) == (409, "task_over")
    assert "reopen it first" in detail
    await ana.does(id, f"tasks/{made['id']}/reopen", reason="they forgot")
    assert notices(system) == [("Ben", "Your task: Call the bank")]
    await ben.does(id, f"tasks/{made['id']}/drop", reason="no need")
    assert [one for one in await system.reasons(id) if one.startswith("task")] == [
        "task_added: task 'Call the bank' for Ben, due 2026-03-02 13:00Z",
        "task_done: task 'Call the bank' is done: they know",
        "task_reopened: task 'Call the bank' is open again: they forgot",
        "task_dropped: task 'Call the bank' is dropped: no need",
    ]


async def test_whoever_gives_themselves_a_task_is_not_told(system: System) -> None:
    id, ana = await had_by_ana(system)
    notices(system)
    await makes(ana, id, "tasks", title="Look", owner_id=(await people(system))["Ana"])
    assert notices(system) == []


async def test_tasks_are_edited_by_their_version(system: System) -> None:
    id, ana = await had_by_ana(system)
    made = await makes(ana, id, "tasks", title="Look")
    second = await makes(ana, id, "tasks", title="First of all", position=1)
    path = f"/api/v1/incidents/{id}/tasks/{made['id']}"
    read = await ana.client.get(path)
    edit = read.json() | {"title": "Look again", "owner_id": (await people(system))["Ben"], "position": 5}
    assert (await ana.client.put(path, json=edit)).status_code == 428
    answer = await ana.client.put(path, json=edit, headers={"If-Match": read.headers["ETag"]})
    assert (answer.status_code, answer.json()["title"], answer.json()["owner"]["name"]) == (200, "Look again", "Ben")
    assert (await ana.client.put(path, json=edit, headers={"If-Match": read.headers["ETag"]})).status_code == 412
    assert "task_changed: task 'Look' is called 'Look again', is Ben's, is number 5 in order" in await system.reasons(id)
    listed = (await system.api.get(f"/api/v1/incidents/{id}/tasks")).json()["items"]
    assert [one["id"] for one in listed] == [second["id"], made["id"]]


async def test_a_task_of_nobody_known_and_one_of_another_incident(system: System) -> None:
    id, ana = await had_by_ana(system)
    unknown = f"{new_id()}"
    answer = await ana.asks(id, "tasks", title="Look", owner_id=unknown)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, "body.owner_id")
    assert (await ana.asks(id, f"tasks/{unknown}/done")).status_code == 404


async def test_there_is_a_most_of_tasks(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncall.incidents.commands.tasks.MOST_TASKS", 2)
    id, ana = await had_by_ana(system)
    for n in range(2):
        await makes(ana, id, "tasks", title=f"task {n}")
    assert (await ana.is_refused(id, "tasks", title="one more"))[:2] == (409, "too_many_tasks")


async def roles_of(system: System, id: str) -> tuple[list[tuple[str, str]], list[str]]:
    shown = (await system.api.get(f"/api/v1/incidents/{id}/roles")).json()
    return [(one["role"], one["user"]["name"]) for one in shown["items"]], shown["owed"]


async def sets(by: Responder, id: str, role: str, name: str, **more: Any) -> int:
    user_id = (await people(by.system))[name]
    answer = await by.client.put(f"/api/v1/incidents/{id}/roles/{role}", json={"user_id": user_id, **more})
    await by.system.run_due()
    return answer.status_code


async def test_a_role_is_taken_handed_over_and_left(system: System) -> None:
    id, ana = await had_by_ana(system)
    await ana.does(id, "declare-major", reason="all is down")
    assert await roles_of(system, id) == ([], ["commander"])
    notices(system)
    assert await sets(ana, id, "commander", "Ana") == 200
    assert notices(system) == [], "she has done it herself"
    assert await roles_of(system, id) == ([("commander", "Ana")], [])
    assert await sets(ana, id, "commander", "Ben", reason="my shift is over") == 200
    assert notices(system) == [("Ben", "You are commander")]
    assert await sets(ana, id, "commander", "Ben") == 200
    assert notices(system) == [], "nothing has changed"
    assert await roles_of(system, id) == ([("commander", "Ben")], [])
    left = await ana.client.delete(f"/api/v1/incidents/{id}/roles/commander?reason=asleep")
    await system.run_due()
    assert left.status_code == 204
    assert notices(system) == [("Ben", "You are commander no more")]
    assert (await ana.client.delete(f"/api/v1/incidents/{id}/roles/commander")).status_code == 404
    assert (await system.incident(id))["owed"] == ["commander"]
    assert [one for one in await system.reasons(id) if one.startswith("role")] == [
        "role_set: Ana is commander",
        "role_set: Ben is commander, handed over by Ana: my shift is over",
        "role_left: Ben is commander no more: asleep",
    ]


async def test_a_commander_whose_account_is_removed_is_owed_again(system: System) -> None:
    id, ana = await had_by_ana(system)
    await ana.does(id, "declare-major", reason="all is down")
    eve = await system.user("Eve")
    await sets(ana, id, "commander", "Eve")
    made = await makes(ana, id, "tasks", title="Look", owner_id=eve["id"])
    assert (await system.api.delete(f"/api/v1/users/{eve['id']}")).status_code == 204
    assert await roles_of(system, id) == ([], ["commander"])
    shown = (await system.api.get(f"/api/v1/incidents/{id}/tasks/{made['id']}")).json()
    assert (shown["owner"], shown["state"]) == (None, "open")


async def test_readers_only_read(system: System) -> None:
    id, _ = await had_by_ana(system)
    key = (await system.make("api-keys", name="wall", scope="read"))["key"]
    wall = Responder(system, system.client({"Authorization": f"Bearer {key}"}))
    assert (await wall.asks(id, "notes", text="hi")).status_code == 403
    assert (await wall.asks(id, "tasks", title="hi")).status_code == 403
    assert (await wall.asks(id, "declare-major", reason="hi")).status_code == 403
    assert (await wall.client.get(f"/api/v1/incidents/{id}/notes")).status_code == 200


async def test_of_what_is_closed_tasks_and_roles_stay(system: System) -> None:
    id, ana = await had_by_ana(system)
    made = await makes(ana, id, "tasks", title="Look")
    await ana.does(id, "resolve")
    await ana.does(id, f"tasks/{made['id']}/done")
    await system.advance(minutes=20, step=timedelta(minutes=1))
    assert (await system.incident(id))["status"] == "closed"
    assert (await ana.is_refused(id, f"tasks/{made['id']}/reopen"))[:2] == (409, "not_open")
    assert await sets(ana, id, "scribe", "Ben") == 409
    await makes(ana, id, "notes", text="what we learned")
