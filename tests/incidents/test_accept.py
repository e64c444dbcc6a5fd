"""Events on a real database: one decision each, exact counts, and what happens when two transactions meet."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.incidents.building import MINUTE, Monitor, blocked, monitored, rows
from tests.system import System, to

from oncall.channels.values import FailedTemporarily
from oncall.incidents.commands.accept import accept_events, find_decided
from oncall.incidents.rules import life
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import incidents as incident_store
from oncall.incidents.values import AlertChange, Event
from oncall.kit.db import Pool
from oncall.kit.trouble import ConcurrentChange, Trouble, again, trouble

EVENTS = text("SELECT id, decision, reason, alert_id, incident_id FROM events ORDER BY id")
ALERTS = text("SELECT dedup_key, state, severity, acknowledged, event_count FROM alerts ORDER BY id")


async def told(monitor: Monitor, *events: Event) -> list[str]:
    """Their decisions, after what they made due was done."""
    decided = [d.decision.value for d in await monitor.says(*events)]
    await monitor.system.run_due()
    return decided


# --- one decision per event -------------------------------------------------------------------------------------------------


async def test_every_event_has_exactly_one_recorded_decision_the_one_its_sender_was_told(system: System) -> None:
    monitor = await monitored(system)
    first = [monitor.event(key) for key in ("a", "b", "a")] + [
        monitor.event("c", "resolve"),
        monitor.event("d", "ignore", reason="heartbeat"),
    ]
    second = [monitor.event("a", "acknowledge"), monitor.event("a", "resolve"), monitor.event("b")]
    decided = await monitor.says(*first) + await monitor.says(*second)
    assert [d.decision.value for d in decided] == [
        *("opened", "opened", "deduplicated", "no_open_alert", "ignored"),
        *("acknowledged", "resolved", "deduplicated"),
    ]
    stored = {row[0]: row[1:] for row in await rows(system, EVENTS)}
    assert stored == {d.event_id: (d.decision.value, d.reason, d.alert_id, d.incident_id) for d in decided}
    assert all(reason for _, reason, _, _ in stored.values())


async def test_repeats_are_counted_exactly_also_within_one_batch(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(*(monitor.event("disk") for _ in range(7)))
    await monitor.says(monitor.event("disk"), monitor.event("net"), monitor.event("disk"))
    await monitor.says(monitor.event("disk"))
    assert await rows(system, ALERTS) == [("disk", "open", "critical", False, 10), ("net", "open", "critical", False, 1)]
    await system.run_due()
    assert system.pages() == ["Ana", "Ana"], "one page per incident, none for a repeat"


async def test_trigger_resolve_trigger_of_one_key_in_one_batch_is_decided_in_order(system: System) -> None:
    monitor = await monitored(system)
    batch = [monitor.event(), monitor.event(action="resolve"), monitor.event(), monitor.event()]
    assert await told(monitor, *batch) == ["opened", "resolved", "reopened", "deduplicated"]
    assert await rows(system, ALERTS) == [("disk", "open", "critical", False, 3)]
    [incident] = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert (incident["status"], incident["escalation"]["level"]) == ("triggered", 2)
    kinds = [line.split(":")[0] for line in await system.reasons(incident["id"])]
    assert kinds[:5] == ["opened", "step_fired", "paged", "resolved", "reopened"]
    await system.run_due()
    assert system.pages() == ["Ana"], "the page that the resolve cancelled is sent after all"


async def test_trigger_and_resolve_in_one_batch_page_nobody(system: System) -> None:
    monitor = await monitored(system)
    assert await told(monitor, monitor.event(), monitor.event(action="resolve")) == ["opened", "resolved"]
    assert system.pages() == [], "cancelled in the transaction that made it"


async def test_an_unreadable_event_pages_and_its_repeats_do_not(system: System) -> None:
    monitor = await monitored(system)
    odd = [monitor.event("oncall:unreadable:prod", unreadable=True, reason="it is empty", severity="unknown") for _ in range(2)]
    assert await told(monitor, *odd) == ["unreadable", "unreadable"]
    assert system.pages() == ["Ana"]


async def test_events_of_a_service_that_was_deleted_meanwhile_are_recorded_and_do_nothing(system: System) -> None:
    monitor, other = await monitored(system), Monitor(system, await system.service([to(await system.user("Eve"))]))
    assert (await system.api.delete(f"/api/v1/services/{other.service_id}")).status_code == 204
    batch = [other.event("disk"), monitor.event("disk"), other.event("disk", "resolve")]
    assert await told(monitor, *batch) == ["ignored", "opened", "no_open_alert"], "nobody else's events suffer from it"
    assert [reason for _, decision, reason, _, _ in await rows(system, EVENTS) if decision == "ignored"] == ["its service was deleted"]


# --- what an event changes --------------------------------------------------------------------------------------------------


async def test_a_rise_from_low_to_high_urgency_is_paged_at_once(system: System) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event(severity="warning"))
    await system.advance(hours=1, step=timedelta(hours=1))
    assert system.pages() == ["Ana"]
    assert await told(monitor, monitor.event(severity="info"), monitor.event(severity="critical")) == ["deduplicated", "deduplicated"]
    assert system.pages() == ["Ana"]
    incident = await system.incident(str(opened.incident_id))
    assert (incident["severity"], incident["urgency"]) == ("critical", "high")
    assert (incident["escalation"]["state"], incident["escalation"]["cycle"]) == ("running", 2)
    await system.advance(minutes=5, step=5 * MINUTE)
    assert system.pages() == ["Ben"], "and from then on it climbs"


async def test_a_fall_and_the_next_rise_of_severity_page_nobody(system: System) -> None:
    monitor = await monitored(system)
    await told(monitor, monitor.event(severity="critical"))
    system.pages()
    for severity in ("info", "error", "warning", "critical"):
        assert await told(monitor, monitor.event(severity=severity)) == ["deduplicated"]
    assert system.pages() == []
    assert await rows(system, ALERTS) == [("disk", "open", "critical", False, 5)]


async def test_a_monitor_acknowledges_what_it_reported(system: System) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event())
    assert await told(monitor, monitor.event(action="acknowledge"), monitor.event(action="acknowledge")) == ["acknowledged"] * 2
    assert system.pages() == [], "what was pending was cancelled with it"
    incident = await system.incident(str(opened.incident_id))
    assert (incident["status"], incident["acknowledged_by"]["type"], incident["owner"]) == ("acknowledged", "integration", None)
    await system.advance(minutes=30, step=5 * MINUTE)
    assert system.pages() == ["Ana"], "its acknowledgement times out as well"


async def test_a_monitor_that_acknowledges_the_news_ends_what_was_paged_for_it(system: System) -> None:
    """Somebody had the incident already, so its status stays what it was; the timeline says that the news is acknowledged."""
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event(severity="error"))
    await system.run_due()
    await system.api.post(f"/api/v1/incidents/{opened.incident_id}/acknowledge")
    system.pages()
    system.email.always = FailedTemporarily("500", None)
    await told(monitor, monitor.event(severity="critical"))
    assert system.pages() == ["Ana"], "it broke through, and will be tried again"
    assert await told(monitor, monitor.event(action="acknowledge")) == ["acknowledged"]
    await system.advance(minutes=4, step=MINUTE)
    assert system.pages() == []
    told_of = [line for line in await system.reasons(str(opened.incident_id)) if line.startswith("acknowledged: ")]
    assert len(told_of) == 2


async def test_inside_the_reopen_window_round_step_and_next_instant_are_kept(system: System) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event())
    await system.advance(minutes=12, step=MINUTE)
    before = await system.incident(str(opened.incident_id))
    assert (before["escalation"]["round"], before["escalation"]["level"]) == (2, 2)
    system.pages()
    for _ in range(5):
        assert await told(monitor, monitor.event(action="resolve"), monitor.event()) == ["resolved", "reopened"]
    after = await system.incident(str(opened.incident_id))
    assert after["pending_actions"] == before["pending_actions"]
    assert system.pages() == [], "a flapping alert pages nobody for coming back"
    await system.advance(minutes=3, step=MINUTE)
    assert system.pages() == ["Ben"], "but it still climbs"


async def test_outside_the_reopen_window_the_same_key_is_a_new_incident(system: System) -> None:
    monitor = await monitored(system)
    opened, _ = await monitor.says(monitor.event(), monitor.event(action="resolve"))
    system.clock.advance(15 * MINUTE)
    [again_] = await monitor.says(monitor.event())
    assert again_.decision == "opened", "also if no engine has closed the old one yet"
    assert again_.incident_id != opened.incident_id


async def test_a_person_resolves_and_the_monitor_says_it_again_inside_the_window(system: System) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event())
    await system.api.post(f"/api/v1/incidents/{opened.incident_id}/resolve")
    assert await told(monitor, monitor.event(action="resolve"), monitor.event()) == ["no_open_alert", "reopened"]


async def test_what_cannot_be_escalated_at_once_is_stored_and_due(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monitor = await monitored(system)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patched:
        patched.setattr(life, "decide_due", broken)
        [opened] = await monitor.says(monitor.event())
    assert opened.decision == "opened"
    await system.run_due()
    assert system.pages() == ["Ana"], "the engine does what could not be done at once"


# --- two transactions at once -----------------------------------------------------------------------------------------------


async def test_two_transactions_that_open_the_same_key_are_one_incident_and_no_event_is_anybodys_bad_data(system: System) -> None:
    monitor = await monitored(system)
    first, second = monitor.event(), monitor.event()
    async with system.node.database.transaction(Pool.INTAKE) as tx:
        await accept_events(tx, [first], system.node.judging, now=system.clock.at)
        racing = asyncio.create_task(monitor.says(second))
        await blocked(system)
    with pytest.raises(ConcurrentChange) as raised:
        await racing
    assert trouble(raised.value) is Trouble.CONFLICT
    [decided] = await again(lambda: monitor.says(second))
    assert decided.decision == "deduplicated"
    assert await rows(system, ALERTS) == [("disk", "open", "critical", False, 2)]


async def test_many_transactions_on_few_keys_count_exactly(system: System) -> None:
    monitor = await monitored(system)
    events = [monitor.event(f"key {n % 3}") for n in range(60)]
    batches = [events[n : n + 4] for n in range(0, 60, 4)]
    decided = [d for some in await asyncio.gather(*(_tried(monitor, batch) for batch in batches)) for d in some]
    assert sorted(decided) == ["deduplicated"] * 57 + ["opened"] * 3
    assert [(key, count) for key, _, _, _, count in sorted(await rows(system, ALERTS))] == [(f"key {n}", 20) for n in range(3)]
    await system.run_due()
    assert system.pages() == ["Ana"] * 3


async def _tried(monitor: Monitor, batch: list[Event]) -> list[str]:
    return [d.decision.value for d in await again(lambda: monitor.says(*batch), tries=20)]


@pytest.mark.parametrize("before", ["nothing", "an open alert"])
async def test_the_same_events_again_while_their_first_commit_is_under_way_count_once(system: System, before: str) -> None:
    """A COMMIT whose answer was lost may still be running when the same events come again."""
    monitor = await monitored(system)
    if before != "nothing":
        await monitor.says(monitor.event())
    same = [monitor.event(), monitor.event()]
    async with system.node.database.transaction(Pool.INTAKE) as tx:
        decided = await accept_events(tx, same, system.node.judging, now=system.clock.at)
        again_ = asyncio.create_task(monitor.says(*same))
        await blocked(system)
    with pytest.raises(ConcurrentChange):
        await again_
    async with system.node.database.transaction(Pool.INTAKE) as tx:
        assert await find_decided(tx, same) == {d.event_id: d for d in decided}


async def test_a_repeat_never_waits_for_its_incident(system: System) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event())
    assert opened.incident_id is not None
    async with system.node.database.transaction() as tx:
        await incident_store.lock_incidents(tx, [opened.incident_id])
        async with asyncio.timeout(2):
            [decided] = await monitor.says(monitor.event())
    assert decided.decision == "deduplicated"


async def test_a_batch_takes_its_locks_downwards_so_that_a_person_who_resolves_meanwhile_is_not_caught(system: System) -> None:
    """A repeat and then a resolve of one key: the incident first, though only the resolve needs it."""
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event())
    assert opened.incident_id is not None
    async with system.node.database.transaction() as tx:
        await incident_store.lock_incidents(tx, [opened.incident_id])
        batch = asyncio.create_task(monitor.says(monitor.event("other"), monitor.event(), monitor.event(action="resolve")))
        await blocked(system)
        await alert_store.resolve_alerts_of(tx, [opened.incident_id], now=system.clock.at)
    assert [d.decision.value for d in await batch] == ["opened", "reopened", "resolved"]


async def test_a_repeat_does_not_take_back_what_was_acknowledged_while_it_was_decided(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event())
    key = (monitor.service_id, "disk")
    async with system.node.database.transaction() as tx:
        read = (await alert_store.open_alerts(tx, [key]))[key]
    await monitor.says(monitor.event(action="acknowledge"))
    async with system.node.database.transaction() as tx:
        await alert_store.change_alerts(tx, [(read, AlertChange(read.id, 1, read.severity, True, read.acknowledged))], now=system.clock.at)
    assert await rows(system, ALERTS) == [("disk", "open", "critical", True, 2)]


async def test_what_was_decided_on_an_alert_that_is_no_longer_so_is_decided_again(system: System) -> None:
    monitor = await monitored(system)
    await monitor.says(monitor.event())
    key = (monitor.service_id, "disk")
    async with system.node.database.transaction() as tx:
        read = (await alert_store.open_alerts(tx, [key]))[key]
    await monitor.says(monitor.event(action="resolve"))
    with pytest.raises(ConcurrentChange):
        async with system.node.database.transaction() as tx:
            await alert_store.change_alerts(tx, [(read, AlertChange(read.id, 1, read.severity, True, False))], now=system.clock.at)
