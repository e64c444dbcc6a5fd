"""Whoever gets an incident from others is told what was done for it so far, and nothing of that is lost on the way."""

from typing import Any

import pytest
from tests.incidents.acting import paged, people, responder
from tests.incidents.building import incident
from tests.incidents.test_working import makes, roles_of, sets
from tests.system import System

from oncall.channels.values import PageMessage
from oncall.desk.values import Priority
from oncall.desk.values.roles import Role
from oncall.incidents.rules.so_far import words_of
from oncall.incidents.values.so_far import SoFar

ANAS_NOTE = ("Ana", "# Found\n\nthe disk  is full")


@pytest.mark.parametrize(
    ("what", "of", "so_far", "words"),
    [
        ("nothing was done", {}, SoFar(), ""),
        ("its priority", {"priority": Priority.P2}, SoFar(), "P2"),
        ("one task, one note", {}, SoFar(1, ANAS_NOTE, 1, 0), "0 of 1 task open; 1 note, the last by Ana: # Found the disk is full"),
        (
            "all of it",
            {"priority": Priority.P1, "is_major": True},
            SoFar(2, ANAS_NOTE, 3, 2, ((Role.COMMANDER, "Ben"),)),
            "P1; a major incident; Ben is commander; 2 of 3 tasks open; 2 notes, the last by Ana: # Found the disk is full",
        ),
    ],
)
def test_words(what: str, of: dict[str, Any], so_far: SoFar, words: str) -> None:
    assert words_of(incident(**of), so_far) == words


def test_a_long_note_is_cut() -> None:
    words = words_of(incident(), SoFar(1, ("Ana", "x" * 1_000)))
    assert len(words) < 220
    assert words.endswith("…")


def facts(system: System) -> list[tuple[str, dict[str, str]]]:
    return [(one.recipient, dict(one.facts)) for one in system.email.sent if isinstance(one, PageMessage)]


@pytest.mark.parametrize("to_whom", ["user", "team", "policy"])
async def test_reassigned_its_page_and_timeline_say_what_goes_with_it_and_all_of_it_stays(system: System, to_whom: str) -> None:
    _, id = await paged(system)
    ana, eve = await responder(system, "Ana"), await system.user("Eve")
    await ana.does(id, "acknowledge")
    await makes(ana, id, "notes", text="the disk is full")
    made = await makes(ana, id, "tasks", title="Call the bank", owner_id=(await people(system))["Ben"])
    await sets(ana, id, "scribe", "Ben")
    match to_whom:
        case "user":
            body = {"user_id": eve["id"]}
        case "team":
            layer = {
                "name": "always",
                "participants": [{"type": "user", "id": eve["id"]}],
                "rotation": {"unit": "day", "count": 1, "starts_at": "2026-03-01T00:00:00"},
            }
            schedule = await system.make("schedules", name="Eve", time_zone="UTC", layers=[layer])
            body = {"team_id": (await system.make("teams", name="Disks", schedule_id=schedule["id"]))["id"]}
        case _:
            steps = [{"delay": "PT5M", "targets": [{"type": "user", "id": eve["id"]}]}]
            body = {"escalation_policy_id": (await system.make("escalation-policies", name="Disks", steps=steps))["id"]}
    system.email.sent.clear()
    await ana.does(id, "reassign", **body)
    words = "Ben is scribe; 1 of 1 task open; 1 note, the last by Ana: the disk is full"
    [(recipient, told)] = facts(system)
    assert (recipient, told["so far"]) == ("Eve", words)
    assert f"handed_on: with it goes what was done so far: {words}" in await system.reasons(id)
    assert await roles_of(system, id) == ([("scribe", "Ben")], [])
    [task] = (await system.api.get(f"/api/v1/incidents/{id}/tasks")).json()["items"]
    assert (task["id"], task["state"], task["owner"]["name"]) == (made["id"], "open", "Ben")


async def test_whoever_is_asked_to_join_is_told_too_and_a_first_page_says_nothing_of_it(system: System) -> None:
    _, id = await paged(system)
    ana, eve = await responder(system, "Ana"), await system.user("Eve")
    await makes(ana, id, "notes", text="the disk is full")
    system.email.sent.clear()
    await system.advance(minutes=5)
    [(recipient, told)] = facts(system)
    assert (recipient, "so far" in told) == ("Ben", False)
    system.email.sent.clear()
    await makes(ana, id, "responders", user_ids=[eve["id"]])
    [(recipient, told)] = facts(system)
    assert (recipient, told["so far"]) == ("Eve", "1 note, the last by Ana: the disk is full")


async def test_where_nothing_was_done_nothing_is_said(system: System) -> None:
    _, id = await paged(system)
    ana, eve = await responder(system, "Ana"), await system.user("Eve")
    system.email.sent.clear()
    await ana.does(id, "reassign", user_id=eve["id"])
    [(_, told)] = facts(system)
    assert "so far" not in told
    assert not [one for one in await system.reasons(id) if one.startswith("handed_on")]
