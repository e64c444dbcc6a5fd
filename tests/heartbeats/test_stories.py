"""A monitor falls silent, comes back, is paused: told from the outside, with time moved by hand."""

from datetime import timedelta

import pytest
from tests.conftest import START
from tests.heartbeats.beating import Beating, beating_in
from tests.incidents.building import monitored
from tests.system import System

from oncall.heartbeats.due import DueHeartbeats


def at(**after: float) -> str:
    return (START + timedelta(**after)).isoformat().replace("+00:00", "Z")


async def test_silence_pages_who_is_on_call_once_and_a_check_in_resolves(system: System, beating: Beating) -> None:
    beat = await beating.checking_in(severity="error", labels={"job": "backup"}, description="pg_dump")
    await system.advance(minutes=10, seconds=59, step=timedelta(seconds=59))
    assert system.pages() == []
    await system.advance(seconds=1)
    assert system.pages() == ["Ana"]
    assert await beating.state(beat) == "expired"
    [incident] = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert (incident["title"], incident["severity"]) == ("Heartbeat backup did not check in for 11 min", "error")
    [alert] = (await system.api.get(f"/api/v1/incidents/{incident['id']}/alerts")).json()["items"]
    assert (alert["dedup_key"], alert["labels"], alert["details"]["description"]) == (
        f"heartbeat:{beat['id']}",
        {"job": "backup"},
        "pg_dump",
    )
    await system.api.post(f"/api/v1/incidents/{incident['id']}/acknowledge", json={})
    await system.advance(hours=5, step=timedelta(minutes=5))
    assert [decision for _, decision, _ in await beating.events()] == ["opened"]
    answer = await beating.check_in(beat)
    assert answer.json()["heartbeat"] == {"name": "backup", "state": "healthy", "expires_at": at(hours=5, minutes=22)}
    assert await beating.incidents() == [("Heartbeat backup did not check in for 11 min", "resolved")]
    assert (await beating.events())[0] == ("resolve", "resolved", "checked in again after 5 h 11 min: its monitor resolved it")
    assert await beating.kinds(beat) == ["created", "checked_in", "first_check_in", "expired", "checked_in", "recovered"]


async def test_the_event_of_a_silence_shows_a_body_of_ours_and_who_opened_it(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    [event] = (await system.api.get("/api/v1/events")).json()["items"]
    whole = (await system.api.get(f"/api/v1/events/{event['id']}")).json()
    assert (whole["integration_id"], whole["body"]["content_type"]) == (beat["id"], "application/json")
    assert '"action": "trigger"' in whole["body"]["text"]
    entries = (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/timeline")).json()["items"]
    assert entries[0]["by"]["name"] == "heartbeat backup"


async def test_a_new_one_does_not_expire_before_its_first_check_in(system: System, beating: Beating) -> None:
    beat = await beating.make(interval="PT10S", grace="PT0S")
    assert (beat["state"], beat["expires_at"], beat["last_check_in_at"]) == ("new", None, None)
    await system.advance(days=2, step=timedelta(hours=1))
    assert (await beating.state(beat), await beating.events()) == ("new", [])


async def test_who_checks_in_in_time_pages_nobody(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    for _ in range(12):
        await system.advance(minutes=10)
        await beating.check_in(beat)
    assert (await beating.state(beat), system.pages(), await beating.incidents()) == ("healthy", [], [])


async def test_a_second_silence_opens_anew_or_reopens(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    await beating.check_in(beat)
    await system.advance(minutes=11)
    assert [decision for _, decision, _ in await beating.events()] == ["reopened", "resolved", "opened"]
    await beating.check_in(beat)
    await system.advance(minutes=5)
    await beating.check_in(beat)
    await system.advance(minutes=11, step=timedelta(minutes=11))
    assert (await beating.events())[0][1] == "opened"


async def resolve_the_newest(system: System) -> None:
    newest = (await system.api.get("/api/v1/incidents")).json()["items"][0]
    assert (await system.api.post(f"/api/v1/incidents/{newest['id']}/resolve", json={})).status_code == 200


async def test_a_check_in_of_one_whose_alert_a_human_has_resolved_is_no_error(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    await resolve_the_newest(system)
    await system.advance(minutes=10)
    assert await beating.state(beat) == "expired"
    await beating.check_in(beat)
    assert await beating.state(beat) == "healthy"
    assert (await beating.events())[0][1] == "no_open_alert"


@pytest.mark.parametrize(("interval", "patience"), [("PT10M", 11), ("PT1M", 2), pytest.param("PT2H", 121, marks=pytest.mark.soak)])
async def test_one_that_is_resolved_by_hand_and_still_silent_expires_anew(
    system: System, beating: Beating, interval: str, patience: int
) -> None:
    beat = await beating.checking_in(interval=interval)
    step = timedelta(minutes=1)
    await system.advance(minutes=patience, step=step)
    await system.advance(hours=3, step=step)
    await resolve_the_newest(system)
    resolved_at = system.clock.at.isoformat(timespec="seconds").replace("+00:00", "Z")
    system.pages()
    await system.advance(minutes=patience - 1, step=step)
    assert (system.pages(), await beating.state(beat), (await beating.seen(beat))["expires_at"]) == ([], "expired", None)
    await system.advance(minutes=1 if patience > 2 else 2, step=step)
    assert system.pages() == ["Ana"]
    kind, reason = (await beating.history(beat))[-1]
    assert (kind, reason.partition(", ")[2]) == ("expired", f"counted from {resolved_at}, when its alert was resolved")
    assert [decision for _, decision, _ in await beating.events()] == ["reopened" if patience < 15 else "opened", "opened"]
    await resolve_the_newest(system)
    await beating.check_in(beat)
    await system.advance(minutes=patience - 1, step=step)
    assert (system.pages(), await beating.state(beat)) == ([], "healthy")


async def test_whoever_resolves_it_in_a_pause_hears_of_it_an_interval_after_that(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    await beating.do(beat, "pause", reason="known", until=at(hours=1))
    await system.advance(hours=2, minutes=3, step=timedelta(minutes=1))
    assert [decision for _, decision, _ in await beating.events()] == ["opened"], "its alert is open still"
    await resolve_the_newest(system)
    system.pages()
    await system.advance(minutes=10, step=timedelta(minutes=1))
    assert system.pages() == []
    await system.advance(minutes=1)
    assert system.pages() == ["Ana"]


# --- pauses -----------------------------------------------------------------------------------------------------------------


async def test_a_pause_ends_by_itself_and_then_the_clock_starts_anew(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    said = await beating.do(beat, "pause", reason="moving house", until=at(hours=2))
    assert (said["state"], said["expires_at"]) == ("paused", at(hours=2, minutes=11))
    assert said["paused"] == {"reason": "moving house", "until": at(hours=2), "by": "environment admin key"}
    await system.advance(hours=2, step=timedelta(minutes=5))
    seen = await beating.seen(beat)
    assert (seen["state"], seen["paused"], seen["expires_at"]) == ("healthy", None, at(hours=2, minutes=11))
    await system.advance(minutes=10, seconds=30)
    assert system.pages() == []
    await system.advance(seconds=30)
    assert system.pages() == ["Ana"]
    assert (await beating.history(beat))[-3:] == [
        ("paused", "until 2026-03-02T14:00:00Z: moving house"),
        ("resumed", "its pause ended: moving house"),
        ("expired", "no check-in within 10 min and 1 min of grace, counted from 2026-03-02T14:00:00Z, when its pause ended"),
    ]


async def test_a_pause_that_is_over_is_over_before_anybody_has_written_it_down(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await beating.do(beat, "pause", reason="x", until=at(hours=2))
    system.clock.advance(timedelta(hours=2))
    assert (await beating.seen(beat))["paused"] is None
    await beating.check_in(beat)
    assert await beating.kinds(beat) == ["created", "checked_in", "first_check_in", "paused", "checked_in", "resumed"]


async def test_a_check_in_during_a_pause_is_recorded_and_moves_nothing(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await beating.do(beat, "pause", reason="x", until=at(hours=2))
    await system.advance(minutes=30)
    answer = await beating.check_in(beat)
    assert answer.json()["heartbeat"] == {"name": "backup", "state": "paused", "expires_at": at(hours=2, minutes=11)}
    assert (await beating.seen(beat))["last_check_in_at"] == at(minutes=30)
    assert (await beating.kinds(beat))[-1] == "checked_in"


async def test_an_expired_one_stays_so_through_a_pause_until_it_checks_in(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    await beating.do(beat, "pause", reason="known", until=at(hours=1))
    assert [status for _, status in await beating.incidents()] == ["triggered"]
    await beating.check_in(beat)
    assert [status for _, status in await beating.incidents()] == ["resolved"]
    assert await beating.state(beat) == "paused"


async def test_after_the_pause_of_an_expired_one_its_silence_is_told_again(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    [incident] = (await system.api.get("/api/v1/incidents")).json()["items"]
    await system.api.post(f"/api/v1/incidents/{incident['id']}/resolve", json={})
    await beating.do(beat, "pause", reason="known", until=at(hours=1))
    await system.advance(minutes=49)
    assert await beating.state(beat) == "expired"
    system.pages()
    await system.advance(minutes=11)
    assert ([status for _, status in await beating.incidents()], system.pages()) == (["triggered", "closed"], ["Ana"])


async def test_a_pause_is_ended_by_hand_and_a_new_one_stays_new(system: System, beating: Beating) -> None:
    beat, new = await beating.checking_in(), await beating.make("new")
    for one in (beat, new):
        await beating.do(one, "pause", reason="x", until=at(hours=2))
    await system.advance(minutes=30)
    assert (await beating.do(beat, "resume"))["expires_at"] == at(minutes=41)
    assert (await beating.do(new, "resume"))["state"] == "new"
    history = await beating.kinds(beat)
    await beating.do(beat, "resume")
    assert await beating.kinds(beat) == history
    await system.advance(minutes=11)
    assert system.pages() == ["Ana"]


# --- deleting ---------------------------------------------------------------------------------------------------------------


async def test_deleting_an_expired_one_resolves_its_alert_and_says_why(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    assert (await system.api.delete(f"/api/v1/heartbeats/{beat['id']}")).status_code == 204
    assert [status for _, status in await beating.incidents()] == ["resolved"]
    assert (await beating.events())[0][2] == "the heartbeat was deleted by environment admin key: its monitor resolved it"
    assert (await beating.check_in(beat)).status_code == 401


# --- what cannot be handled -------------------------------------------------------------------------------------------------


async def test_one_that_cannot_be_handled_is_looked_at_again_and_holds_up_no_other(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    rows = DueHeartbeats(system.node.judging)
    async with system.node.database.transaction() as tx:
        system.clock.advance(timedelta(minutes=11))
        assert await rows.claim(tx, due_by=system.clock.at, limit=9, waiting=False) == []  # nobody has said that they listen
    [listening] = [source for source in system.node.sources if source.name == "listening"]
    await listening.run()
    async with system.node.database.transaction() as tx:
        [row] = await rows.claim(tx, due_by=system.clock.at, limit=9, waiting=False)
        assert f"{row.id}" == beat["id"]
        await rows.postpone(tx, row, ValueError("odd"), now=system.clock.at)
    await system.run_due()
    assert await beating.events() == []
    await system.advance(seconds=5)
    assert (await beating.events())[0][1] == "opened"
    assert await beating.state(beat) == "expired"


# --- a threshold ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("critical", [False, True])
async def test_a_silence_is_said_once_so_it_waits_for_no_threshold(system: System, critical: bool) -> None:
    beating = await beating_in(system, threshold={"count": 3, "within": "PT10M", "critical": critical})
    await beating.checking_in(severity="critical" if critical else "error")
    await system.advance(minutes=11)
    assert system.pages() == ["Ana"]
    [(_, decision, reason)] = await beating.events()
    assert decision == "opened"
    assert reason.endswith("no alert with this dedup key was open; it is said only once, and waits for no threshold")


async def test_a_silence_that_something_muted_for_longer_than_a_threshold_counts_pages_after_that(system: System) -> None:
    beating = await beating_in(system, threshold={"count": 3, "within": "PT10M"})
    beat = await beating.checking_in(severity="error")
    await system.make("silences", matchers=[f"dedup_key=heartbeat:{beat['id']}"], ends_at=at(hours=2), comment="deploy")
    await system.advance(hours=1, minutes=59, step=timedelta(minutes=1))
    assert system.pages() == []
    await system.advance(minutes=1)
    assert system.pages() == ["Ana"]


async def test_what_a_monitor_calls_a_heartbeat_waits_for_the_threshold(system: System) -> None:
    monitor = await monitored(system, threshold={"count": 3, "within": "PT10M"})
    (said,) = await monitor.says(monitor.event("heartbeat:db", severity="error"))
    assert said.decision == "held_threshold"


async def test_a_silence_ends_that_its_group_waits_for_a_threshold(system: System) -> None:
    monitor = await monitored(system, threshold={"count": 3, "within": "PT10M"}, grouping={"type": "all"})
    beating = Beating(system, {"service": {"id": f"{monitor.service_id}"}})
    await beating.checking_in(severity="error")
    await system.advance(minutes=10)
    (said,) = await monitor.says(monitor.event("disk", severity="error"))
    await system.run_due()
    assert (said.decision, system.email.sent) == ("held_threshold", [])
    await system.advance(minutes=1)
    assert len(system.email.sent) == 1
