"""Giving an incident back, and opening one again, by people with nothing but a key."""

from tests.incidents.acting import paged, responder, said_next, standing
from tests.incidents.building import monitored
from tests.system import System


async def test_who_gives_it_back_has_it_no_more_and_the_policy_begins_anew(system: System) -> None:
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    await system.advance(minutes=7)
    done = await ana.does(id, "unacknowledge", reason="on the train")
    assert standing(done) == ("triggered", "running", 2, 1)
    assert (done["changed"], done["cancelled_pages"], done["acknowledged_by"], done["owner"]) == (True, 0, None, None)
    assert said_next(done) == [("escalate", "12:07")]
    assert system.pages() == ["Ana"]
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"]
    assert "unacknowledged: unacknowledged by Ana through api: on the train" in await system.reasons(id)
    again = await ana.does(id, "unacknowledge")
    assert (again["changed"], again["status"]) == (False, "triggered")


async def test_what_is_muted_stays_muted_when_it_is_given_back(system: System) -> None:
    _, id = await paged(system)
    ben = await responder(system, "Ben")
    await ben.does(id, "acknowledge")
    silence = {"matchers": ['service="payments-api"'], "comment": "known", "ends_at": "2026-03-02T13:00:00Z"}
    assert (await ben.client.post("/api/v1/silences", json=silence)).status_code == 201
    await ben.does(id, "unacknowledge")
    assert standing(await system.incident(id)) == ("triggered", "held", 2, 1)
    assert system.pages() == []
    await system.advance(minutes=60)
    assert system.pages() == ["Ana"]


async def test_a_person_reopens_what_was_resolved_and_no_monitor_ends_it(system: System) -> None:
    monitor, id = await paged(system)
    ben = await responder(system, "Ben")
    await ben.does(id, "acknowledge")
    await monitor.says(monitor.event(action="resolve"))
    await system.advance(minutes=10)
    done = await ben.does(id, "reopen", reason="still slow")
    assert standing(done) == ("triggered", "running", 2, 1)
    assert (done["changed"], done["resolved_at"], done["alert_counts"]) == (True, None, {"open": 0, "resolved": 1})
    assert system.pages() == ["Ana"]
    await monitor.says(monitor.event(action="resolve"))
    await system.advance(minutes=20)
    assert (await system.incident(id))["status"] == "triggered"
    assert "reopened: reopened by Ben through api: still slow" in await system.reasons(id)
    assert (await ben.does(id, "reopen"))["changed"] is False


async def test_what_is_closed_stays_closed(system: System) -> None:
    _, id = await paged(system)
    ben = await responder(system, "Ben")
    await ben.does(id, "resolve")
    number = (await system.incident(id))["number"]
    refused = await ben.is_refused(id, "unacknowledge")
    assert refused == (409, "not_open", f"#{number} is resolved, and only what is open can be unacknowledged: reopen it first.")
    await system.advance(minutes=15)
    assert (await ben.is_refused(id, "reopen"))[:2] == (409, "not_reopenable")
    assert (await system.incident(id))["status"] == "closed"


async def test_two_open_incidents_never_gather_the_same_alerts(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"}, reopen_window="PT1H")
    [first] = await monitor.says(monitor.event("a"))
    ben = await responder(system, "Ben")
    await ben.does(first.incident_id, "resolve")
    [second] = await monitor.says(monitor.event("b"))
    number = (await system.incident(f"{second.incident_id}"))["number"]
    status, code, sentence = await ben.is_refused(first.incident_id, "reopen")
    assert (status, code) == (409, "not_reopenable")
    assert sentence.endswith(f"go on with #{number}.")
    await ben.does(second.incident_id, "resolve")
    assert (await ben.does(first.incident_id, "reopen"))["changed"] is True


async def test_of_one_that_was_merged_it_is_about_the_one_that_has_its_alerts(system: System) -> None:
    monitor, into = await paged(system)
    [other] = await monitor.says(monitor.event("other"))
    ben = await responder(system, "Ben")
    await ben.does(into, "merge", incidents=[f"{other.incident_id}"])
    await ben.does(into, "acknowledge")
    done = await ben.does(other.incident_id, "unacknowledge")
    assert (done["id"], done["status"], done["instead_of"]["id"]) == (into, "triggered", f"{other.incident_id}")
    told = [line for line in await system.reasons(into) if line.startswith("unacknowledged:")]
    assert told == [f"unacknowledged: unacknowledged by Ben through api (as #{done['instead_of']['number']}, which was merged into it)"]


async def test_a_key_that_may_only_read_does_nothing(system: System) -> None:
    _, id = await paged(system)
    key = (await system.make("api-keys", name="screen", scope="read"))["key"]
    screen = system.client({"Authorization": f"Bearer {key}"})
    for verb in ("unacknowledge", "reopen"):
        assert (await screen.post(f"/api/v1/incidents/{id}/{verb}")).status_code == 403
