"""`semantics.md` §2: an alert that comes and goes is told once, and again when it settles."""

from datetime import timedelta
from typing import Any

from tests.incidents.building import Monitor, monitored, rows
from tests.system import System

FLAPPING = {"flapping": {"changes": 3, "within": "PT30M", "settle": "PT10M"}}


def paged(system: System) -> list[str]:
    return [message.address.partition("@")[0] for message in system.email.sent]


async def flapping(system: System, monitor: Monitor) -> list[str]:
    """It opens, and changes four times, a minute apart; the decisions."""
    said = []
    for action in ("trigger", "resolve", "trigger", "resolve", "trigger"):
        said += [d.decision.value for d in await monitor.says(monitor.event("disk", action))]
        await system.advance(minutes=1)
    return said


async def incident(system: System) -> dict[str, Any]:
    (found,) = (await system.api.get("/api/v1/incidents")).json()["items"]
    return found


async def test_more_changes_than_allowed_are_held_and_the_incident_stays_open_and_escalates(system: System) -> None:
    monitor = await monitored(system, **FLAPPING)
    assert await flapping(system, monitor) == ["opened", "resolved", "reopened", "resolved", "held_flapping"]
    shown = await incident(system)
    assert (shown["status"], shown["flapping_since"]) == ("triggered", "2026-03-02T12:04:00Z")
    for action in ("resolve", "trigger", "resolve"):
        assert [d.decision for d in await monitor.says(monitor.event("disk", action))] == ["held_flapping"]
    assert (await incident(system))["status"] == "triggered", "though none of its alerts is open"
    await system.advance(minutes=5)
    assert paged(system) == ["ana", "ben", "ana"], "nobody has acknowledged: it escalates"


async def test_acknowledged_it_is_quiet_until_it_settles_and_resolves_if_nothing_fires(system: System) -> None:
    monitor = await monitored(system, **FLAPPING)
    await flapping(system, monitor)
    id = (await incident(system))["id"]
    await system.api.post(f"/api/v1/incidents/{id}/acknowledge")
    sent = len(paged(system))
    for action in ("resolve", "trigger", "resolve"):
        await monitor.says(monitor.event("disk", action))
        await system.advance(minutes=1)
    shown = await incident(system)
    assert (shown["status"], shown["pending_actions"][0]["action"]) == ("acknowledged", "settle")
    system.updates()
    await system.advance(minutes=10)
    assert sorted(system.updates()) == [("Ana", "resolved"), ("Ben", "resolved")], "which both were paged for"
    shown = await incident(system)
    assert (shown["status"], shown["flapping_since"], len(paged(system))) == ("resolved", None, sent)
    told = (await system.api.get(f"/api/v1/incidents/{id}/timeline")).json()["items"]
    assert [entry["reason"] for entry in told if entry["kind"] in {"flapping", "settled"}] == [
        "it is flapping: one of its alerts changed 4 times within 30 min",
        "its alerts have settled, and none is open",
    ]


async def test_settling_while_it_fires_pages(system: System) -> None:
    monitor = await monitored(system, **FLAPPING)
    await flapping(system, monitor)
    id = (await incident(system))["id"]
    await system.api.post(f"/api/v1/incidents/{id}/acknowledge")
    sent = len(paged(system))
    await system.advance(minutes=10)
    shown = await incident(system)
    assert (shown["status"], shown["flapping_since"]) == ("triggered", None)
    assert paged(system)[sent:] == ["ana"]


async def test_whoever_has_it_already_is_told_once_that_it_flaps(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"}, ack_timeout=None, **FLAPPING)
    await monitor.says(monitor.event("disk"), monitor.event("cpu"))
    await system.run_due()
    id = (await incident(system))["id"]
    await system.api.post(f"/api/v1/incidents/{id}/acknowledge")
    for n in range(6):
        await monitor.says(monitor.event("disk", "trigger" if n % 2 else "resolve"))
        await system.run_due()
    told = (await system.api.get(f"/api/v1/incidents/{id}/timeline")).json()["items"]
    assert [entry["reason"] for entry in told if entry["kind"] == "broke_through"] == [
        "it is flapping since environment admin key acknowledged it"
    ]
    assert paged(system) == ["ana", "ana"]


async def test_resolved_by_hand_it_is_over(system: System) -> None:
    monitor = await monitored(system, **FLAPPING)
    await flapping(system, monitor)
    id = (await incident(system))["id"]
    await system.api.post(f"/api/v1/incidents/{id}/resolve")
    await system.advance(minutes=11)
    assert (await incident(system))["status"] == "resolved"
    assert await rows(system, "SELECT flapping_since, settle_at FROM incidents") == [(None, None)]


async def test_changes_of_long_ago_do_not_count(system: System) -> None:
    monitor = await monitored(system, **FLAPPING, reopen_window="PT2H")
    for action in ("trigger", "resolve", "trigger", "resolve"):
        await monitor.says(monitor.event("disk", action))
    await system.advance(minutes=31)
    assert [d.decision for d in await monitor.says(monitor.event("disk"))] == ["reopened"]


async def test_in_one_batch_each_change_counts(system: System) -> None:
    monitor = await monitored(system, **FLAPPING)
    said = await system.node.gate.accept([monitor.event("disk", action) for action in ("trigger", "resolve") * 3])
    assert [d.decision for d in said] == ["opened", "resolved", "reopened", "resolved", "held_flapping", "held_flapping"]
    assert (await incident(system))["status"] == "triggered"


async def test_without_the_setting_nothing_flaps(system: System) -> None:
    monitor = await monitored(system)
    said = await system.node.gate.accept([monitor.event("disk", action) for action in ("trigger", "resolve") * 10])
    assert {d.decision for d in said} == {"opened", "resolved", "reopened"}


async def test_an_alert_of_a_group_that_comes_back_soon_is_the_same_alert(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    first, _ = await monitor.says(monitor.event("disk"), monitor.event("cpu"))
    await monitor.says(monitor.event("disk", "resolve"))
    (again,) = await monitor.says(monitor.event("disk"))
    assert (again.decision, again.alert_id) == ("reopened", first.alert_id)
    await monitor.says(monitor.event("disk", "resolve"))
    await system.advance(minutes=16)
    (later,) = await monitor.says(monitor.event("disk"))
    assert (later.decision, later.incident_id) == ("grouped", first.incident_id)
    assert later.alert_id != first.alert_id


async def test_a_silence_holds_what_flaps_also_while_it_is_quiet_for_a_moment(system: System) -> None:
    monitor = await monitored(system, **FLAPPING)
    ends_at = (system.clock.at + timedelta(hours=1)).isoformat()
    for matchers in (["dedup_key=disk"], ["dedup_key=other"]):
        made = await system.api.post("/api/v1/silences", json={"matchers": matchers, "ends_at": ends_at, "comment": "known"})
    await system.node.gate.accept([monitor.event("disk", action) for action in ("trigger", "resolve") * 3])
    await system.run_due()
    assert ((await incident(system))["escalation"]["state"], paged(system)) == ("held", [])
    await system.api.post(f"/api/v1/silences/{made.json()['id']}/expire")
    await system.run_due()
    assert ((await incident(system))["escalation"]["state"], paged(system)) == ("held", []), "another silence ended, not this one"
