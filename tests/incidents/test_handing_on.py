"""Escalating and reassigning, by people with nothing but a key."""

from typing import Any

from tests.incidents.acting import paged, people, responder, said_next, standing
from tests.incidents.building import Monitor, rows
from tests.system import System, to


async def policy(system: System, name: str, *steps: dict[str, Any], **more: Any) -> str:
    made = await system.make("escalation-policies", name=name, steps=[{"delay": "PT5M", "targets": [to(user)]} for user in steps], **more)
    id: str = made["id"]
    return id


async def test_the_next_step_fires_now_and_the_one_after_it_when_its_delay_is_over(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    done = await ana.does(id, "escalate", reason="need a second pair of eyes")
    assert (done["changed"], done["cancelled_pages"], said_next(done)) == (True, 0, [("escalate", "12:00")])
    assert done["escalation"]["reason"] == "escalated to level 2 of policy Payments by Ana through api: need a second pair of eyes"
    assert system.pages() == ["Ben"]
    await ana.does(id, "escalate")
    assert system.pages() == ["Ana"], "past the last step the next round begins"
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"]


async def test_said_twice_before_it_fires_it_is_one_step(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    first, second = await ana.asks(id, "escalate"), await ana.asks(id, "escalate")
    assert (first.json()["changed"], second.json()["changed"]) == (True, False)
    await system.run_due()
    assert system.pages() == ["Ben"]


async def test_what_somebody_has_is_triggered_again_at_the_next_step(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    done = await ana.does(id, "escalate")
    assert (standing(done), done["acknowledged_by"]) == (("triggered", "running", 2, 2), None)
    assert system.pages() == ["Ben"]


async def test_to_a_level_pages_it_anew_and_a_level_that_is_not_there_is_refused(system: System) -> None:
    _, id = await paged(system)
    ben = await responder(system, "Ben")
    assert standing(await ben.does(id, "escalate", level=1)) == ("triggered", "running", 2, 1)
    assert system.pages() == ["Ana"]
    assert await ben.is_refused(id, "escalate", level=3) == (422, "invalid", "Policy Payments has 2 levels: name one of 1 to 2.")
    assert (await ben.is_refused(id, "escalate", level=0))[0] == 422


async def test_at_low_urgency_the_second_step_fires_and_the_daily_reminder_goes_on(system: System) -> None:
    _, id = await paged(system, urgency="low")
    ana = await responder(system, "Ana")
    await ana.does(id, "escalate")
    assert system.pages() == ["Ben"]
    assert standing(await system.incident(id)) == ("triggered", "low_urgency", 1, 1)


async def test_what_is_muted_stays_muted(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    silence = {"matchers": ['service="payments-api"'], "comment": "known", "ends_at": "2026-03-02T13:00:00Z"}
    assert (await ana.client.post("/api/v1/silences", json=silence)).status_code == 201
    await ana.does(id, "escalate")
    assert (await system.incident(id))["escalation"]["state"] == "held"
    assert system.pages() == []
    await system.advance(minutes=60)
    assert system.pages() == ["Ben"]


async def test_another_policy_pages_at_once_and_what_was_pending_is_cancelled(system: System) -> None:
    eve = await system.user("Eve")
    database = await policy(system, "Database", eve)
    monitor, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    done = await ana.does(id, "reassign", escalation_policy_id=database, reason="it is the database")
    assert (standing(done), done["owner"]) == (("triggered", "running", 2, 1), None)
    assert system.pages() == ["Eve"]
    assert "reassigned: reassigned to policy Database by Ana through api: it is the database" in await system.reasons(id)
    await system.advance(minutes=5)
    assert system.pages() == ["Eve"], "the rounds are those of the other policy"
    assert (await ana.is_refused(id, "reassign", escalation_policy_id=database, level=2))[2].startswith("Policy Database has one level")
    assert (await ana.is_refused(id, "reassign", escalation_policy_id=id))[2] == "There is no escalation policy with this id."
    assert isinstance(monitor, Monitor)


async def test_a_person_is_paged_now_and_then_the_policy_begins(system: System) -> None:
    eve = await system.user("Eve")
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    done = await ana.does(id, "reassign", user_id=eve["id"], reason="you know it best")
    assert (standing(done), done["owner"]["name"]) == (("triggered", "running", 2, 1), "Eve")
    assert system.pages() == ["Eve"]
    shown = await system.incident(id)
    assert shown["escalation"]["reason"] == "Eve, to whom it was reassigned, is paged; then policy Payments begins"
    assert (standing(shown), said_next(shown)) == (("triggered", "running", 2, 1), [("escalate", "12:05")])
    assert (await ana.does(id, "reassign", user_id=eve["id"]))["changed"] is False
    await system.advance(minutes=5)
    assert system.pages() == ["Ana"]
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"]
    assert [line for line in await system.reasons(id) if "Eve" in line and "sent" not in line] == [
        "reassigned: reassigned to Eve by Ana through api: you know it best",
        "paged: Eve is paged: it was reassigned to them",
    ]


async def test_a_person_who_acknowledges_has_it_and_the_policy_does_not_begin(system: System) -> None:
    eve = await system.user("Eve")
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "reassign", user_id=eve["id"])
    assert system.pages() == ["Eve"]
    await (await responder(system, "Eve")).does(id, "acknowledge")
    await system.advance(minutes=29)
    assert system.pages() == []
    await system.advance(minutes=1)
    assert sorted(system.pages()) == ["Ana", "Eve"]


async def test_a_person_who_is_deleted_meanwhile_is_not_waited_for(system: System) -> None:
    eve = await system.user("Eve")
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    assert (await ana.asks(id, "reassign", user_id=eve["id"])).status_code == 200
    assert (await system.api.delete(f"/api/v1/users/{eve['id']}", headers={"If-Match": "*"})).status_code == 204
    await system.run_due()
    assert system.pages() == ["Ana"]


async def test_to_nobody_or_to_two_is_refused(system: System) -> None:
    monitor, id = await paged(system)
    ana, names = await responder(system, "Ana"), await people(system)
    assert (await ana.is_refused(id, "reassign", reason="?"))[:2] == (422, "invalid")
    assert (await ana.is_refused(id, "reassign", user_id=names["Ben"], level=1))[:2] == (422, "invalid")
    refused = await ana.is_refused(id, "reassign", user_id=f"{monitor.service_id}")
    assert refused == (422, "invalid", "There is no user with this id.")


async def test_its_policy_as_it_is_now(system: System) -> None:
    eve = await system.user("Eve")
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    assert (await ana.does(id, "resnapshot"))["changed"] is False
    [[policy_id, snapshot]] = await rows(system, "SELECT id, (SELECT policy_snapshot FROM incidents) FROM escalation_policies")
    path = f"/api/v1/escalation-policies/{policy_id}"
    now = (await system.api.get(path)).json()
    edited = {**now, "steps": [now["steps"][0], {"delay": "PT5M", "targets": [to(eve)]}]}
    assert (await system.api.put(path, json=edited, headers={"If-Match": "*"})).status_code == 200
    done = await ana.does(id, "resnapshot", reason="Eve takes over")
    assert (done["changed"], standing(done), said_next(done)) == (True, ("triggered", "running", 1, 2), [("escalate", "12:05")])
    await system.advance(minutes=5)
    assert system.pages() == ["Eve"]
    assert [(snapshot,)] != await rows(system, "SELECT policy_snapshot FROM incidents")


async def test_what_is_over_goes_to_nobody(system: System) -> None:
    _, id = await paged(system)
    ana, names = await responder(system, "Ana"), await people(system)
    await ana.does(id, "resolve")
    for verb, body in (("escalate", {}), ("reassign", {"user_id": names["Ben"]}), ("resnapshot", {})):
        assert (await ana.is_refused(id, verb, **body))[:2] == (409, "not_open"), verb
