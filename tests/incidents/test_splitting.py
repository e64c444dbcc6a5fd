"""Splitting: which alerts may leave, what becomes of both incidents, and who is paged."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.incidents.building import ANA, HOUR, MINUTE, NOW, POLICY, SERVICE, Monitor, blocked, incident, monitored, rows
from tests.incidents.merging import acknowledge, alerts_of, ask, merge, opened, paged, split, standing
from tests.system import System, to

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, Snapshot
from oncall.incidents.commands import splitting
from oncall.incidents.rules import life
from oncall.incidents.rules.splitting import check_split, split_off, stays
from oncall.incidents.values import Incident, Severity, Status
from oncall.incidents.values.merging import CannotSplit, Moving
from oncall.kit.db import Pool
from oncall.kit.ids import AlertId, IncidentId, ServiceId, new_id
from oncall.services.values import Service, UrgencyMode

ALL = {"grouping": {"type": "all"}}
OLD = incident()


def moving(n: int, **changes: Any) -> Moving:
    made = Moving(AlertId(UUID(int=n)), OLD.id, 1, SERVICE, True, Severity.ERROR, f"alert {n}", NOW, None)
    return replace(made, **changes)


OTHER_INCIDENT = {"incident_id": IncidentId(UUID(int=6)), "number": 6}


@pytest.mark.parametrize(
    ("what", "asked", "found", "sentence"),
    [
        ("one that is not there", [1, 2], [moving(1)], f"There is no alert {UUID(int=2)}."),
        ("one of another incident", [1], [moving(1, **OTHER_INCIDENT)], f"Alert {UUID(int=1)} is in #6, not in #1."),
        ("of several services", [1, 2], [moving(1), moving(2, service_id=ServiceId(UUID(int=2)))], "split them off service by service"),
        ("none that is open", [1], [moving(1, is_open=False)], "None of these alerts is open"),
        ("all of them", [1, 2, 3], [moving(1), moving(2), moving(3)], "These are all the alerts of #1"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_no_split(what: str, asked: list[int], found: list[Moving], sentence: str) -> None:
    with pytest.raises(CannotSplit) as told:
        check_split(OLD, [AlertId(UUID(int=n)) for n in asked], found, alerts=3)
    assert (sentence in str(told.value), told.value.field) == (True, "alerts"), what


def test_what_is_one() -> None:
    check_split(OLD, [AlertId(UUID(int=1))], [moving(1)], alerts=2)
    check_split(OLD, [AlertId(UUID(int=n)) for n in (1, 2)], [moving(1), moving(2, is_open=False)], alerts=3)


BY_SEVERITY = Service(SERVICE, "shop", None, POLICY.id, 30 * MINUTE, UrgencyMode.BY_SEVERITY, 15 * MINUTE)
LOW: dict[str, Any] = {"urgency": Urgency.LOW, "severity": Severity.WARNING}


@pytest.mark.parametrize(
    ("what", "before", "severity", "urgency"),
    [
        ("as the service makes it of the severity", OLD, Severity.WARNING, Urgency.LOW),
        ("graver than the other", replace(OLD, **LOW), Severity.ERROR, Urgency.HIGH),
        ("a routing rule made it high", replace(OLD, severity=Severity.WARNING), Severity.WARNING, Urgency.HIGH),
        ("a routing rule made it low", replace(OLD, urgency=Urgency.LOW), Severity.ERROR, Urgency.LOW),
        (
            "the other is of another service",
            replace(OLD, urgency=Urgency.LOW, service_id=ServiceId(UUID(int=2))),
            Severity.ERROR,
            Urgency.HIGH,
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_leaves_is_an_incident_of_its_own(what: str, before: Incident, severity: Severity, urgency: Urgency) -> None:
    leaving = [moving(1, is_open=False, severity=Severity.CRITICAL), moving(2, severity=severity), moving(3, severity=Severity.INFO)]
    made = split_off(before, leaving, BY_SEVERITY, Snapshot(POLICY), IncidentId(UUID(int=9)), now=NOW + HOUR)
    assert (made.title, made.severity, made.urgency) == ("alert 2", severity, urgency), what
    assert (made.status, made.next_at, made.step_at, made.triggered_at) == (Status.TRIGGERED, *[NOW + HOUR] * 3)
    assert (made.split_from_id, made.follows_id, made.group_key) == (before.id, None, None)


ACKED = life.acknowledge(replace(OLD, ack_timeout=None), ANA, owner=None, now=NOW)
NEWS = {"news": 2, "tell_at": NOW + MINUTE, "next_at": NOW + MINUTE}
QUIET = {"news": 0, "tell_at": None, "next_at": None}


@pytest.mark.parametrize(
    ("what", "before", "leaving", "changed"),
    [
        ("triggered: looked at at once", OLD, [moving(1)], {"next_at": NOW + HOUR}),
        (
            "held: what holds the rest is looked at at once",
            replace(OLD, escalation_state=EscalationState.HELD, held_until=NOW + 9 * HOUR),
            [moving(1)],
            {"next_at": NOW + HOUR, "held_until": NOW + HOUR},
        ),
        ("acknowledged: stays so", ACKED, [moving(1)], {}),
        ("its news leave with it", replace(ACKED, **NEWS), [moving(n, opened_at=NOW + MINUTE) for n in (1, 2)], QUIET),
        ("also those that came from elsewhere", replace(ACKED, **NEWS), [moving(n, moved_at=NOW) for n in (1, 2)], QUIET),
        ("some of them", replace(ACKED, **NEWS), [moving(1), moving(2, opened_at=NOW + MINUTE)], {"news": 1}),
        ("what it knew of is no news", replace(ACKED, **NEWS), [moving(1)], {}),
        ("a rise stays news", replace(ACKED, **NEWS, rose=True), [moving(n, opened_at=NOW + MINUTE) for n in (1, 2)], {"news": 0}),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_stays(what: str, before: Incident, leaving: list[Moving], changed: dict[str, Any]) -> None:
    assert stays(before, leaving, ANA, left_open=1, now=NOW + HOUR) == replace(before, **changed), what


def test_what_has_nothing_open_left_is_resolved() -> None:
    after = stays(OLD, [moving(1)], ANA, left_open=0, now=NOW + HOUR)
    assert after == life.resolve(OLD, ANA, now=NOW + HOUR)
    assert after.status is Status.RESOLVED


# --- as a whole -------------------------------------------------------------------------------------------------------------


async def grouped(system: System, *keys: str, **more: Any) -> tuple[Monitor, str, dict[str, str]]:
    """One incident with all these alerts; its monitor, its id, and the ids of its alerts by their keys."""
    monitor = await monitored(system, **ALL, **more)
    ids = await opened(system, monitor, *keys)
    assert len(set(ids)) == 1
    return monitor, ids[0], await alerts_of(system, ids[0])


async def test_what_is_split_off_pages_by_itself_and_repeats_go_there(system: System) -> None:
    monitor, old, alerts = await grouped(system, "disk", "cpu", "net")
    await acknowledge(system, old)
    paged(system)
    await system.advance(minutes=1)
    number = (await system.incident(old))["number"]
    made = await split(system, old, alerts["cpu"], alerts["net"])
    assert (made["title"], made["split_from_id"], made["follows_id"], *standing(made)) == ("cpu is broken", old, None, "triggered", 2, 0)
    assert paged(system) == ["ana"], "although somebody has the other"
    assert standing(await system.incident(old)) == ("acknowledged", 1, 0)
    new = made["id"]
    assert (await system.reasons(new))[0].startswith(f"opened: split off #{number} by ")
    assert (await system.reasons(new))[0].endswith(" through api, with 2 alerts: cpu is broken")
    assert (await system.reasons(old))[-1].startswith(f"split: 2 alerts split off into #{made['number']} by ")
    [again] = await monitor.says(monitor.event("cpu", severity="error"))
    [ended] = await monitor.says(monitor.event("net", "resolve"))
    [joined] = await monitor.says(monitor.event("fan", severity="error"))
    assert [(d.decision, f"{d.incident_id}") for d in (again, ended, joined)] == [
        ("deduplicated", new),
        ("resolved", new),
        ("broke_through", old),
    ], "the group stays with the old one"
    assert standing(await system.incident(new)) == ("triggered", 1, 1)
    await system.advance(minutes=5)
    assert "ben" in paged(system), "it escalates"
    await monitor.says(monitor.event("cpu", "resolve"))
    assert standing(await system.incident(new)) == ("resolved", 0, 2)
    assert standing(await system.incident(old))[1:] == (2, 0)
    [back] = await monitor.says(monitor.event("cpu", severity="error"))
    assert (back.decision, f"{back.incident_id}") == ("reopened", new)


async def test_the_policy_is_that_of_its_service_as_it_is_now(system: System) -> None:
    _, old, alerts = await grouped(system, "disk", "cpu")
    [policy] = (await system.api.get("/api/v1/escalation-policies")).json()["items"]
    ben = next(one for one in (await system.api.get("/api/v1/users")).json()["items"] if one["name"] == "Ben")
    answer = await system.api.get(f"/api/v1/escalation-policies/{policy['id']}")
    body = {"name": "Payments", "steps": [{"delay": "PT5M", "targets": [to(ben)]}]}
    path = f"/api/v1/escalation-policies/{policy['id']}"
    assert (await system.api.put(path, json=body, headers={"If-Match": answer.headers["etag"]})).status_code == 200
    paged(system)
    await split(system, old, alerts["cpu"])
    assert paged(system) == ["ben"]


async def test_the_old_one_resolves_when_nothing_open_is_left_and_nothing_of_it_is_sent(system: System) -> None:
    monitor, old, alerts = await grouped(system, "disk", "cpu")
    await monitor.says(monitor.event("disk", "resolve"))
    made = await split(system, old, alerts["cpu"])
    assert standing(await system.incident(old)) == ("resolved", 0, 1)
    assert (await system.reasons(old))[-1] == "resolved: none of the alerts that it has left is open"
    paged(system)
    await system.advance(minutes=5)
    assert paged(system) == ["ben"], "one escalation goes on"
    [back] = await monitor.says(monitor.event("disk", severity="error"))
    assert (back.decision, f"{back.incident_id}") == ("reopened", old)
    assert standing(await system.incident(made["id"])) == ("triggered", 1, 0)


async def test_what_was_still_to_be_sent_for_one_that_resolves_by_it_is_cancelled(system: System) -> None:
    monitor = await monitored(system, **ALL)
    [decided] = await monitor.says(monitor.event("disk"))
    await monitor.says(monitor.event("cpu"))
    await monitor.says(monitor.event("disk", "resolve"))
    old = f"{decided.incident_id}"
    await split(system, old, (await alerts_of(system, old))["cpu"])
    assert paged(system) == ["ana"], "for the new one alone"
    assert await rows(system, f"SELECT status FROM notifications WHERE incident_id = '{old}'") == [("cancelled",)]


async def test_what_was_merged_is_split_again(system: System) -> None:
    monitor = await monitored(system)
    one, other = await opened(system, monitor, "disk", "cpu")
    await merge(system, one, other)
    made = await split(system, one, (await alerts_of(system, one))["cpu"])
    assert (made["split_from_id"], made["id"] not in {one, other}) == (one, True)
    await monitor.says(monitor.event("cpu", "resolve"), monitor.event("disk", "resolve"))
    assert [standing(await system.incident(id)) for id in (one, other, made["id"])] == [
        ("resolved", 0, 1),
        ("resolved", 0, 0),
        ("resolved", 0, 1),
    ]


@pytest.mark.parametrize(
    ("what", "body", "sentence"),
    [
        ("all of them", {"alerts": ["disk", "cpu", "net"]}, "These are all the alerts of #"),
        ("all of them, one twice", {"alerts": ["disk", "cpu", "net", "net"]}, "These are all the alerts of #"),
        ("none that is open", {"alerts": ["net"]}, "None of these alerts is open"),
        ("one that does not exist", {"alerts": ["cpu", f"{UUID(int=1)}"]}, f"There is no alert {UUID(int=1)}."),
        ("one of another incident", {"alerts": ["cpu", "other"]}, "not in #"),
        ("nothing", {"alerts": []}, ""),
        ("no ids", {"alerts": [1]}, ""),
        ("more than a thousand", {"alerts": ["cpu"] * 1_001}, ""),
        ("a field too many", {"alerts": ["cpu"], "title": "x"}, ""),
        ("without them", {}, ""),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_what_is_refused_changes_nothing(system: System, what: str, body: dict[str, Any], sentence: str) -> None:
    monitor, old, alerts = await grouped(system, "disk", "cpu", "net")
    await monitor.says(monitor.event("net", "resolve"))
    eve = Monitor(system, await system.service([to(await system.user("Eve"))]))
    alerts |= await alerts_of(system, (await opened(system, eve, "other"))[0])
    if "alerts" in body:
        body = body | {"alerts": [alerts.get(one, one) for one in body["alerts"]]}
    before = await rows(system, "SELECT * FROM incidents ORDER BY id")
    answer = await ask(system, old, "split", **body)
    assert (answer.status_code, sentence in answer.json()["detail"]) == (422, True), answer.text
    assert await rows(system, "SELECT * FROM incidents ORDER BY id") == before
    assert (await ask(system, old, "split", alerts=[alerts["cpu"]])).status_code == 201, "and the right one is no refusal"


async def test_who_may_split_and_what(system: System) -> None:
    _, old, alerts = await grouped(system, "disk", "cpu")
    reader = system.client({"Authorization": f"Bearer {(await system.make('api-keys', name='wall', scope='read'))['key']}"})
    responder = system.client({"Authorization": f"Bearer {(await system.make('api-keys', name='desk', scope='respond'))['key']}"})
    body = {"alerts": [alerts["cpu"]]}
    assert (await reader.post(f"/api/v1/incidents/{old}/split", json=body)).status_code == 403
    assert (await responder.post(f"/api/v1/incidents/{new_id()}/split", json=body)).status_code == 404
    assert (await responder.post(f"/api/v1/incidents/{old}/split", json=body)).status_code == 201
    assert (await responder.post(f"/api/v1/incidents/{old}/split", json=body)).status_code == 422, "it has left already"


# --- what holds pages -------------------------------------------------------------------------------------------------------


async def test_both_are_held_by_what_mutes_all_that_they_have(system: System) -> None:
    monitor = await monitored(system, **ALL)
    await opened(system, monitor, "disk", labels={"host": "db-1"})
    [old] = await opened(system, monitor, "cpu", labels={"host": "db-2"})
    await system.make("silences", matchers=["host=db-1"], ends_at="2026-03-02T14:00:00Z", comment="deploy")
    await system.run_due()
    assert (await system.incident(old))["escalation"]["state"] == "running", "one alert of it is not muted"
    paged(system)
    made = await split(system, old, (await alerts_of(system, old))["cpu"])
    states = [(await system.incident(id))["escalation"]["state"] for id in (old, made["id"])]
    assert (states, paged(system)) == (["held", "running"], ["ana"])


async def test_a_threshold_holds_it_until_enough_triggers_came(system: System) -> None:
    monitor, old, alerts = await grouped(system, "disk", "cpu", threshold={"count": 2, "within": "PT10M"})
    paged(system)
    made = await split(system, old, alerts["cpu"])
    assert (paged(system), (await system.incident(made["id"]))["escalation"]["state"]) == ([], "held")
    [again] = await monitor.says(monitor.event("cpu", severity="error"))
    await system.run_due()
    assert (again.decision, paged(system)) == ("deduplicated", ["ana"])
    assert await rows(system, "SELECT watched FROM alerts WHERE dedup_key = 'cpu'") == [(False,)]


async def test_what_it_inhibits_stays_quiet_while_it_pages(system: System) -> None:
    monitor = await monitored(system, **ALL)
    rule = {"name": "site over host", "source_matchers": ["kind=site"], "target_matchers": ["kind=host"], "equal": ["site"]}
    await system.make("inhibitions", **rule)
    await opened(system, monitor, "site", labels={"kind": "site", "site": "a"})
    [old] = await opened(system, monitor, "host", labels={"kind": "host", "site": "a"})
    paged(system)
    made = await split(system, old, (await alerts_of(system, old))["host"])
    assert (paged(system), (await system.incident(made["id"]))["escalation"]["state"]) == ([], "held")
    await monitor.says(monitor.event("site", "resolve"))
    await system.run_due()
    assert paged(system) == ["ana"]


# --- at the same instant ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("action", "counts"), [("resolve", ("resolved", 0, 1)), ("trigger", ("triggered", 1, 0))])
async def test_an_event_that_comes_as_its_alert_is_split_off(system: System, action: str, counts: tuple[str, int, int]) -> None:
    monitor, old, alerts = await grouped(system, "disk", "cpu")
    async with system.node.database.transaction(Pool.ACKS) as tx:
        made = await splitting.split(tx, UUID(old), [AlertId(UUID(alerts["cpu"]))], by=ANA, now=system.clock.at)
        saying = asyncio.create_task(system.node.gate.accept([monitor.event("cpu", action, "critical")]))
        await blocked(system)
    await saying
    assert standing(await system.incident(f"{made.id}")) == counts
    assert standing(await system.incident(old)) == ("triggered", 1, 0)


async def test_two_that_split_off_the_same_alert_one_of_them_does(system: System) -> None:
    _, old, alerts = await grouped(system, "disk", "cpu", "net")
    answers = await asyncio.gather(*(ask(system, old, "split", alerts=[alerts["cpu"]]) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 422]
    assert await rows(system, "SELECT count(*) FROM incidents") == [(2,)]
