"""`semantics.md` §3: silences and maintenance windows mute pages, never records; nothing is lost when they end or are taken away."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.incidents.building import Monitor, blocked, monitored, rows
from tests.system import System

from oncall.incidents.commands.accept import accept_events
from oncall.incidents.commands.holding import wake_for_muting
from oncall.silences.commands.silences import delete_silence
from oncall.silences.values.silences import SilenceId

JSON = dict[str, Any]


def at(system: System, **later: float) -> str:
    return (system.clock.at + timedelta(**later)).isoformat()


async def silence(system: System, *matchers: str, hours: float = 1, **more: Any) -> JSON:
    body = {"matchers": list(matchers), "ends_at": at(system, hours=hours), "comment": "deploy of db-01", **more}
    answer = await system.api.post("/api/v1/silences", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def window(system: System, monitor: Monitor, *, minutes: float = 60, **more: Any) -> JSON:
    body = {
        "name": "upgrade",
        "service_ids": [f"{monitor.service_id}"],
        "starts_at": at(system),
        "ends_at": at(system, minutes=minutes),
    }
    answer = await system.api.post("/api/v1/maintenance-windows", json=body | more)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def shown(system: System, incident_id: object) -> JSON:
    return (await system.api.get(f"/api/v1/incidents/{incident_id}")).json()


def paged(system: System) -> list[str]:
    return [message.address.partition("@")[0] for message in system.email.sent]


async def test_what_a_silence_matches_is_recorded_and_pages_when_the_silence_ends(system: System) -> None:
    monitor = await monitored(system)
    await silence(system, 'host="db-1"')
    (muted,) = await monitor.says(monitor.event("disk", labels={"host": "db-1"}))
    (loud,) = await monitor.says(monitor.event("cpu", labels={"host": "db-2"}))
    await system.run_due()
    assert (muted.decision, loud.decision, paged(system)) == ("muted", "opened", ["ana"])
    now = await shown(system, muted.incident_id)
    assert now["escalation"]["state"] == "held"
    assert "deploy of db-01" in now["escalation"]["reason"]
    assert now["pending_actions"] == [{"action": "release", "at": now["escalation"]["until"]}]
    await system.api.post(f"/api/v1/incidents/{loud.incident_id}/acknowledge")
    await system.advance(hours=1, step=timedelta(minutes=10))
    assert paged(system)[:2] == ["ana", "ana"]
    page = next(m for m in system.email.sent if m.incident_id == muted.incident_id)
    assert "held since 2026-03-02T12:00:00Z" in page.reason


@pytest.mark.parametrize("end", ["expire", "delete", "edit"])
async def test_when_a_silence_is_taken_away_what_it_held_pages_within_a_tick(system: System, end: str) -> None:
    monitor = await monitored(system)
    made = await silence(system, 'severity="critical"')
    await monitor.says(monitor.event("disk"))
    await system.run_due()
    assert paged(system) == []
    url = f"/api/v1/silences/{made['id']}"
    match end:
        case "expire":
            assert (await system.api.post(f"{url}/expire")).json()["state"] == "expired"
        case "delete":
            assert (await system.api.delete(url)).status_code == 204
        case _:
            body = {"matchers": ['severity="info"'], "ends_at": made["ends_at"], "comment": "x"}
            assert (await system.api.put(url, json=body, headers={"If-Match": '"1"'})).status_code == 200
    await system.run_due()
    assert paged(system) == ["ana"]


async def test_a_silence_stops_an_escalation_that_runs_and_it_goes_on_from_there(system: System) -> None:
    monitor = await monitored(system)
    (opened,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    await system.advance(minutes=2)
    made = await silence(system, "dedup_key=disk")
    await system.run_due()
    assert (await shown(system, opened.incident_id))["escalation"]["state"] == "held"
    await system.advance(minutes=10)
    assert paged(system) == ["ana"], "the second step does not fire"
    await system.api.post(f"/api/v1/silences/{made['id']}/expire")
    await system.run_due()
    assert paged(system) == ["ana", "ben"], "the step it had reached"


async def test_a_silence_that_ends_before_the_next_step_changes_nothing_of_its_time(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event("disk"))
    await system.run_due()
    await silence(system, "dedup_key=disk", hours=1 / 30)
    await system.advance(minutes=4)
    assert paged(system) == ["ana"]
    await system.advance(minutes=1)
    assert paged(system) == ["ana", "ben"]


async def test_a_silence_is_bound_to_matchers_not_to_an_incident(system: System) -> None:
    monitor = await monitored(system)
    await silence(system, 'job=~"api|web"')
    said = []
    for n, job in enumerate(["api", "web", "apiary"]):
        said += await monitor.says(monitor.event(f"k{n}", labels={"job": job}))
    assert [d.decision for d in said] == ["muted", "muted", "opened"]


async def test_of_a_group_it_pages_as_soon_as_one_alert_is_not_muted(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    await silence(system, "host=db-1")
    (first,) = await monitor.says(monitor.event("disk", labels={"host": "db-1"}))
    await system.run_due()
    assert (first.decision, paged(system)) == ("muted", [])
    (second,) = await monitor.says(monitor.event("cpu", labels={"host": "db-2"}))
    await system.run_due()
    assert (second.decision, second.incident_id, paged(system)) == ("grouped", first.incident_id, ["ana"])


async def test_what_is_muted_can_be_resolved_and_never_pages(system: System) -> None:
    monitor = await monitored(system)
    await silence(system, "dedup_key=disk")
    await monitor.says(monitor.event("disk"))
    await monitor.says(monitor.event("disk", "resolve"))
    await system.advance(hours=2, step=timedelta(minutes=10))
    assert paged(system) == []


async def test_a_window_holds_only_what_opens_inside_it(system: System) -> None:
    monitor = await monitored(system)
    (before,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    await system.advance(minutes=1)
    await window(system, monitor, minutes=30)
    (inside,) = await monitor.says(monitor.event("cpu"))
    await system.advance(minutes=5)
    assert (inside.decision, paged(system)) == ("held_maintenance", ["ana", "ben"]), "what ran goes on"
    assert (await shown(system, before.incident_id))["escalation"]["state"] == "running"
    await system.api.post(f"/api/v1/incidents/{before.incident_id}/resolve")
    await system.advance(minutes=25)
    assert paged(system) == ["ana", "ben", "ana"], "what still fires at its end pages then"
    assert "the maintenance window “upgrade”" in system.email.sent[-1].reason


async def test_what_comes_back_inside_a_window_is_held_at_once_and_pages_at_its_end(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event("disk"))
    await system.run_due()
    await monitor.says(monitor.event("disk", "resolve"))
    await system.advance(minutes=1)
    made = await window(system, monitor, minutes=30)
    (back,) = await monitor.says(monitor.event("disk"))
    assert (back.decision, made["name"] in back.reason) == ("reopened", True)
    now = await shown(system, back.incident_id)
    assert (now["status"], now["escalation"]["state"]) == ("triggered", "held"), "also before its next step is due"
    assert now["pending_actions"] == [{"action": "release", "at": made["ends_at"]}]
    timeline = (await system.api.get(f"/api/v1/incidents/{back.incident_id}/timeline")).json()["items"]
    assert [entry["kind"] for entry in timeline][-2:] == ["reopened", "held"]
    assert timeline[-1]["reason"] == now["escalation"]["reason"]
    explained = (await system.api.get(f"/api/v1/incidents/{back.incident_id}/explain")).json()
    assert {one["at"] for one in explained["next"]} == {made["ends_at"]}, "no page is forecast before"
    await system.advance(minutes=29)
    assert paged(system) == ["ana"]
    await system.advance(minutes=2)
    assert paged(system) == ["ana", "ben"], "from the step it had reached"


@pytest.mark.parametrize("verb", ["unacknowledge", "reopen", "split", "ack_timeout"])
async def test_what_pages_again_inside_a_window_is_held_if_its_alerts_opened_there(system: System, verb: str) -> None:
    monitor = await monitored(system, grouping={"type": "all"}, ack_timeout="PT5M")
    await window(system, monitor, minutes=30)
    (first,) = await monitor.says(monitor.event("disk"))
    (other,) = await monitor.says(monitor.event("cpu"))
    path = f"/api/v1/incidents/{first.incident_id}"
    if verb == "split":
        made = await system.api.post(f"{path}/split", json={"alerts": [str(other.alert_id)]})
        assert made.status_code == 201, made.text
        path = f"/api/v1/incidents/{made.json()['id']}"
    else:
        await system.api.post(f"{path}/acknowledge")
        await system.api.post(f"{path}/resolve") if verb == "reopen" else None
        await system.api.post(f"{path}/{verb}") if verb != "ack_timeout" else await system.advance(minutes=6)
    await system.run_due()
    assert (await system.api.get(path)).json()["escalation"]["state"] == ("running" if verb == "reopen" else "held")


async def test_a_window_that_is_planned_late_holds_what_opens_from_then_on(system: System) -> None:
    monitor = await monitored(system)
    (before,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    await system.advance(minutes=1)
    await window(system, monitor, starts_at=at(system, minutes=-60))
    (inside,) = await monitor.says(monitor.event("cpu"))
    await system.run_due()
    assert (inside.decision, (await shown(system, inside.incident_id))["escalation"]["state"]) == ("held_maintenance", "held")
    assert (await shown(system, before.incident_id))["escalation"]["state"] == "running", "what ran goes on"
    await system.advance(minutes=5)
    assert paged(system) == ["ana", "ben"]


async def test_a_window_that_is_ended_early_releases_what_it_holds(system: System) -> None:
    monitor = await monitored(system)
    made = await window(system, monitor)
    await monitor.says(monitor.event("disk"))
    await system.advance(minutes=5)
    assert paged(system) == []
    assert (await system.api.post(f"/api/v1/maintenance-windows/{made['id']}/end")).status_code == 200
    await system.run_due()
    assert paged(system) == ["ana"]


async def move(system: System, made: JSON, **times: str) -> JSON:
    body = {name: made[name] for name in ("name", "service_ids", "starts_at", "ends_at")} | times
    answer = await system.api.put(f"/api/v1/maintenance-windows/{made['id']}", json=body, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_window_that_is_moved_into_the_past_begins_with_the_edit(system: System) -> None:
    monitor = await monitored(system)
    made = await window(system, monitor, starts_at=at(system, minutes=30))
    (before,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    await system.advance(minutes=1)
    moved = await move(system, made, starts_at=at(system, minutes=-10))
    assert (moved["state"], moved["occurrence"]["start"]) == ("active", at(system)[:19] + "Z")
    await system.run_due()
    assert (await shown(system, before.incident_id))["escalation"]["state"] == "running"
    (inside,) = await monitor.says(monitor.event("cpu"))
    assert inside.decision == "held_maintenance"
    await system.advance(minutes=1)
    again = await move(system, moved, ends_at=at(system, hours=3), starts_at=at(system, hours=-3))
    await system.run_due()
    assert again["starts_at"] == moved["starts_at"], "it runs already, and goes on holding what it held"
    assert (await shown(system, inside.incident_id))["escalation"]["state"] == "held"


async def test_a_window_that_was_ended_early_mutes_again_once_it_is_planned_anew(system: System) -> None:
    monitor = await monitored(system)
    made = await window(system, monitor, minutes=180)
    await system.advance(minutes=5)
    (held,) = await monitor.says(monitor.event("disk"))
    ended = await system.api.post(f"/api/v1/maintenance-windows/{made['id']}/end")
    await system.run_due()
    assert (ended.json()["state"], paged(system)) == ("expired", ["ana"])
    await system.advance(minutes=1)
    renamed = await move(system, made, name="other")
    assert (renamed["state"], renamed["ended_early"]) == ("expired", ended.json()["ended_early"]), (
        "a new name ends nothing and begins nothing"
    )
    later = await move(system, made, ends_at=at(system, hours=5))
    assert (later["state"], later["ended_early"], later["starts_at"]) == ("active", [], at(system)[:19] + "Z")
    (inside,) = await monitor.says(monitor.event("cpu"))
    await system.run_due()
    assert inside.decision == "held_maintenance"
    assert (await shown(system, held.incident_id))["escalation"]["state"] == "running", "what pages by now goes on"


async def test_a_freeze_is_only_shown(system: System) -> None:
    monitor = await monitored(system)
    await window(system, monitor, kind="freeze")
    (opened,) = await monitor.says(monitor.event("disk"))
    assert opened.decision == "opened"
    calendar = await system.api.get(f"/api/v1/maintenance-windows/calendar?since={at(system)[:19]}Z&until={at(system, hours=1)[:19]}Z")
    assert [one["kind"] for one in calendar.json()["items"]] == ["freeze"]


async def test_a_storm_at_the_end_of_a_window_loses_nothing(system: System) -> None:
    monitor = await monitored(system)
    await window(system, monitor, minutes=10)
    for n in range(20):
        await monitor.says(monitor.event(f"k{n}"))
        await system.advance(minutes=1)
    assert await rows(system, "SELECT count(*), count(*) FILTER (WHERE next_at IS NULL) FROM incidents") == [(20, 0)]
    first_pages = await rows(system, "SELECT count(DISTINCT incident_id) FROM pages")
    assert first_pages == [(20,)], "each paged: at the end of the window, or at once after it"


async def test_one_that_matches_everything_is_taken_when_that_is_meant(system: System) -> None:
    monitor = await monitored(system)
    await silence(system, matches_everything=True)
    assert (await monitor.says(monitor.event("disk")))[0].decision == "muted"


async def test_a_new_alert_that_is_muted_breaks_through_no_acknowledgement(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"}, ack_timeout=None)
    (first,) = await monitor.says(monitor.event("disk", labels={"host": "db-1"}))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    made = await silence(system, "host=db-2")
    await system.advance(minutes=1)
    await monitor.says(monitor.event("cpu", labels={"host": "db-2"}))
    await system.run_due()
    assert paged(system) == ["ana"]
    await monitor.says(monitor.event("net", labels={"host": "db-3"}))
    await system.run_due()
    assert paged(system) == ["ana", "ana"], "one that is not muted does"
    assert (await system.api.get(f"/api/v1/silences/{made['id']}")).json()["state"] == "active"


async def test_news_that_was_muted_is_told_when_the_silence_is_ended_early(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"}, ack_timeout=None)
    (first,) = await monitor.says(monitor.event("disk", labels={"host": "db-1"}))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    made = await silence(system, "host=db-2")
    await system.advance(minutes=1)
    await monitor.says(monitor.event("cpu", labels={"host": "db-2"}))
    await system.run_due()
    assert paged(system) == ["ana"]
    await system.api.delete(f"/api/v1/silences/{made['id']}")
    await system.run_due()
    assert paged(system) == ["ana", "ana"]


@pytest.mark.parametrize("before", [[], ['host="db-9"']], ids=["nothing else mutes", "something else does"])
async def test_a_silence_that_is_made_while_an_event_waits_mutes_it(system: System, before: list[str]) -> None:
    """Whoever asked for it has its answer by then: an event that is decided later must not page as if there were none."""
    monitor = await monitored(system)
    for matcher in before:
        await silence(system, matcher)
    await monitor.says(monitor.event("disk", labels={"host": "db-2"}))
    async with system.node.database.transaction() as tx:
        await tx.execute(text("SELECT id FROM services FOR UPDATE"))
        waiting = asyncio.create_task(system.node.gate.accept([monitor.event("cpu", labels={"host": "db-1"})]))
        await blocked(system)
        await silence(system, 'host="db-1"')
    [muted] = await waiting
    await system.run_due()
    assert (muted.decision, paged(system)) == ("muted", ["ana"])


async def test_what_is_being_held_while_its_silence_is_taken_away_pages(system: System) -> None:
    """Whoever takes it away waits for what is being decided by it, and then sees it."""
    monitor = await monitored(system)
    made = await silence(system, matches_everything=True, hours=8)
    async with system.node.database.transaction() as tx:
        (muted,) = await accept_events(tx, [monitor.event("disk")], system.node.judging, now=system.clock.at)
        gone = asyncio.create_task(system.api.delete(f"/api/v1/silences/{made['id']}"))
        await blocked(system)
        assert (muted.decision, gone.done()) == ("muted", False)
    assert (await gone).status_code == 204
    await system.run_due()
    assert paged(system) == ["ana"]


async def test_what_opens_while_its_silence_is_being_taken_away_pages_within_seconds(system: System) -> None:
    """What is not committed yet still mutes; but nobody relies on it for long, nor waits for it."""
    monitor = await monitored(system)
    made = await silence(system, matches_everything=True, hours=8)
    async with system.node.database.transaction() as tx:
        await delete_silence(tx, SilenceId(UUID(made["id"])), on_changed=wake_for_muting, now=system.clock.at)
        (muted,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    assert (muted.decision, paged(system)) == ("muted", [])
    await system.advance(seconds=5)
    assert paged(system) == ["ana"]


async def test_an_acknowledgement_that_times_out_under_a_silence_pages_when_that_ends(system: System) -> None:
    monitor = await monitored(system)
    (first,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    await silence(system, "dedup_key=disk")
    await system.advance(minutes=31)
    now = await shown(system, first.incident_id)
    assert (now["status"], now["escalation"]["state"], paged(system)) == ("triggered", "held", ["ana"])
    await system.advance(minutes=29)
    assert paged(system) == ["ana", "ana"], "a new cycle, from its first step"


async def test_news_that_nobody_confirms_under_a_silence_go_on_when_that_ends(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"}, ack_timeout=None)
    (first,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    await system.advance(minutes=1)
    await monitor.says(monitor.event("cpu"))
    await system.run_due()
    await silence(system, "dedup_key=~disk|cpu", hours=0.5)
    await system.advance(minutes=20)
    assert ((await shown(system, first.incident_id))["status"], paged(system)) == ("triggered", ["ana", "ana"])
    await system.advance(minutes=10)
    assert paged(system) == ["ana", "ana", "ben"]


async def test_news_that_are_muted_keep_no_acknowledgement_from_timing_out(system: System) -> None:
    monitor = await monitored(system, grouping={"type": "all"})
    (first,) = await monitor.says(monitor.event("disk"))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{first.incident_id}/acknowledge")
    await silence(system, "dedup_key=cpu")
    await system.advance(minutes=1)
    await monitor.says(monitor.event("cpu"))
    await system.advance(minutes=29)
    assert paged(system) == ["ana", "ana"], "for the one that is not muted"


async def test_under_a_silence_as_well_each_trigger_counts_towards_a_threshold(system: System) -> None:
    monitor = await monitored(system, threshold={"count": 3, "within": "PT10M"})
    await silence(system, "dedup_key=disk", hours=1 / 30)
    said = await monitor.says(monitor.event("disk", severity="error"))
    await system.advance(minutes=3)
    for _ in range(2):
        assert paged(system) == [], "the silence has ended, and there are not enough"
        said += await monitor.says(monitor.event("disk", severity="error"))
        await system.run_due()
    assert [d.decision for d in said] == ["muted", "held_threshold", "deduplicated"]
    assert paged(system) == ["ana"], "with the third, at once"


async def test_that_there_were_enough_triggers_under_a_silence_keeps_later_ones_from_no_count(system: System) -> None:
    monitor = await monitored(system, threshold={"count": 3, "within": "PT10M"})
    await silence(system, "dedup_key=disk", hours=0.5)
    for _ in range(4):
        await monitor.says(monitor.event("disk", severity="error"))
    await system.advance(minutes=31)
    for _ in range(3):
        assert paged(system) == []
        await monitor.says(monitor.event("disk", severity="error"))
        await system.run_due()
    assert paged(system) == ["ana"]


async def test_days_without_a_change_windows_are_still_worked_out_ahead(system: System) -> None:
    monitor = await monitored(system)
    nightly = {"rrule": "FREQ=DAILY", "time_zone": "UTC", "starts_at": "2026-03-01T02:00:00", "duration": "PT1H", "ends_at": None}
    await window(system, monitor, **nightly)
    await monitor.says(monitor.event("disk"))
    await system.advance(days=5, hours=14, minutes=30, step=timedelta(hours=12))
    (opened,) = await monitor.says(monitor.event("cpu"))
    assert opened.decision == "held_maintenance"
    async with system.node.database.transaction() as tx:
        (compiled,) = (await system.node.judging.mutings.of(tx)).windows
    assert compiled.since <= system.clock.at < compiled.until - timedelta(hours=23)
