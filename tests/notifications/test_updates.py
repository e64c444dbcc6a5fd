"""Page updates: those who were paged are told what has become of it, once, how it stands now, and after all pages."""

from datetime import timedelta
from typing import Any

import pytest
from tests.incidents.acting import paged, responder
from tests.incidents.building import Monitor, monitored, rows
from tests.incidents.merging import merge
from tests.notifications.test_due import SlowChannel, acknowledge, each_by_itself, sender
from tests.system import FakeChannel, System, to

from oncall.channels.values import FailedTemporarily, PageMessage

MINUTE = timedelta(minutes=1)
BUSY = FailedTemporarily("busy")
STATUSES = "SELECT status, count(*) FROM notifications WHERE urgency = 'update' GROUP BY status ORDER BY status"


async def both_paged(system: System, **more: Any) -> tuple[Monitor, str]:
    """Ana's page of five minutes ago, and Ben's of now."""
    monitor, id = await paged(system, **more)
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"]
    return monitor, id


# --- whom, and what -----------------------------------------------------------------------------------------------------------


async def test_all_who_were_paged_are_told_that_somebody_has_it_but_not_who_has(system: System) -> None:
    _, id = await both_paged(system)
    await (await responder(system, "Ben")).does(id, "acknowledge")
    [update] = system.email.updates
    assert update.update is not None
    assert (update.recipient, update.address, update.kind, update.urgency) == ("Ana", "ana@example.com", "page_update", "low")
    assert (str(update.update.incident_id), update.update.state, update.update.said) == (id, "acknowledged", "acknowledged by Ben")
    assert update.subject == f"#{update.update.number} acknowledged by Ben: Disk full"
    assert "Acknowledged by Ben through api." in update.paragraphs


async def test_the_link_of_a_page_tells_the_others_too(system: System) -> None:
    await monitored_event(system)
    [page] = [message for message in system.email.sent if isinstance(message, PageMessage)]
    await system.advance(minutes=5)
    path = str(page.acknowledge_url).removeprefix("http://oncall.test")
    assert (await system.client().post(path)).status_code == 200
    await system.run_due()
    assert system.updates() == [("Ben", "acknowledged by Ana")]


async def monitored_event(system: System) -> Monitor:
    monitor = await monitored(system)
    await monitor.says(monitor.event())
    await system.run_due()
    return monitor


async def test_a_monitor_resolves_and_opens_again(system: System) -> None:
    monitor, _ = await paged(system)
    await monitor.says(monitor.event("disk", "resolve"))
    await system.run_due()
    assert system.updates() == [("Ana", "resolved by monitor prometheus")], "and Ben, who was not paged, is told nothing"
    await monitor.says(monitor.event())
    await system.run_due()
    assert system.updates() == [("Ana", "reopened by monitor prometheus")]


async def test_each_state_is_told_in_its_turn(system: System) -> None:
    _, id = await paged(system)
    ben = await responder(system, "Ben")
    told = []
    for verb, more in (("snooze", {"duration": "PT1H"}), ("resolve", {}), ("reopen", {}), ("acknowledge", {})):
        await ben.does(id, verb, **more)
        told += system.updates()
    assert told == [("Ana", f"{state} by Ben") for state in ("snoozed", "resolved", "reopened", "acknowledged")]


async def test_one_that_is_merged_names_the_other(system: System) -> None:
    monitor, first = await paged(system)
    [second] = await monitor.says(monitor.event("site"))
    await system.run_due()
    await merge(system, first, f"{second.incident_id}")
    number = (await system.incident(first))["number"]
    assert system.updates() == [("Ana", f"merged into #{number}")]


async def test_low_urgency_alike(system: System) -> None:
    _, id = await paged(system, urgency="low")
    await (await responder(system, "Ben")).does(id, "acknowledge")
    assert system.updates() == [("Ana", "acknowledged by Ben")]


async def test_only_over_what_was_used_and_is_still_there(system: System) -> None:
    ana = await system.user("Ana", rules=(("high", "PT0S"),))
    hook = {"channel": "webhook", "address": "https://hooks.example.com/ana", "verified": True}
    await system.make(f"users/{ana['id']}/contact-methods", **hook)
    key = (await system.service([to(ana)]))["key"]
    id = (await system.event(key))["incident_id"]
    await acknowledge(system, id)
    await system.run_due()
    assert (len(system.email.updates), len(system.webhook.updates)) == (1, 0), "no page left by webhook"
    [used] = [m for m in (await system.api.get(f"/api/v1/users/{ana['id']}/contact-methods")).json()["items"] if m["channel"] == "email"]
    assert (await system.api.delete(f"/api/v1/users/{ana['id']}/contact-methods/{used['id']}")).status_code == 204
    system.updates()
    await system.event(key, action="resolve")
    assert system.updates() == []


async def test_a_page_that_never_left_is_followed_by_nothing(system: System) -> None:
    system.email.always = BUSY
    monitor = await monitored(system)
    [decided] = await monitor.says(monitor.event())
    await system.run_due()
    await acknowledge(system, f"{decided.incident_id}")
    system.email.always = None
    await system.advance(minutes=5)
    assert system.updates() == []


async def test_what_was_on_the_wire_is_followed_by_an_update(system: System) -> None:
    monitor = await monitored(system)
    [decided] = await monitor.says(monitor.event())
    channel = SlowChannel("email")
    other = sender(system, channel)
    await other.run()
    await channel.wire.is_reached()
    await acknowledge(system, f"{decided.incident_id}")
    channel.wire.up.set()
    await other.settle()
    await system.run_due()
    assert len(channel.sent) == 1
    assert [who for who, _ in system.updates()] == ["Ana"]


async def test_a_channel_that_takes_none_is_left_alone(system: System) -> None:
    _, id = await paged(system)
    system.email.takes_updates = False
    await acknowledge(system, id)
    await system.run_due()
    assert system.updates() == []
    assert await rows(system, STATUSES) == [("cancelled", 1)]
    assert await rows(system, "SELECT count(*) FROM notifications WHERE next_at IS NOT NULL") == [(0,)]


# --- the latest state, once ---------------------------------------------------------------------------------------------------


async def test_what_has_not_left_is_replaced_by_what_is_newer(system: System) -> None:
    _, id = await paged(system)
    system.email.outcomes = [BUSY]
    ben = await responder(system, "Ben")
    await ben.does(id, "acknowledge")
    assert system.updates() == [("Ana", "acknowledged by Ben")], "which did not leave"
    await ben.does(id, "resolve")
    await system.advance(minutes=5)
    assert system.updates() == [("Ana", "resolved by Ben")]
    assert await rows(system, STATUSES) == [("cancelled", 1), ("sent", 1)]


async def test_what_was_said_is_not_said_again(system: System) -> None:
    _, id = await paged(system)
    ben = await responder(system, "Ben")
    await ben.does(id, "resolve")
    assert system.updates() == [("Ana", "resolved by Ben")]
    system.email.always = BUSY
    await ben.does(id, "reopen")
    system.email.sent, system.email.updates, system.email.always = [], [], None
    await ben.does(id, "resolve")
    await system.advance(minutes=5)
    assert system.updates() == [], "the last that Ana heard is how it stands"


async def test_one_that_is_triggered_again_pages_and_what_was_still_to_be_said_is_not(system: System) -> None:
    _, id = await paged(system)
    system.email.outcomes = [BUSY]
    ben = await responder(system, "Ben")
    await ben.does(id, "acknowledge")
    system.updates()
    await ben.does(id, "unacknowledge")
    await system.advance(minutes=1)
    assert (system.pages(), system.updates()) == (["Ana"], [])


async def test_an_ack_timeout_pages_and_says_nothing_else_and_then_the_same_is_news(system: System) -> None:
    _, id = await paged(system, ack_timeout="PT10M")
    ben = await responder(system, "Ben")
    await ben.does(id, "acknowledge")
    assert system.updates() == [("Ana", "acknowledged by Ben")]
    await system.advance(minutes=10)
    assert (sorted(system.pages()), system.updates()) == (["Ana", "Ben"], [])
    await ben.does(id, "acknowledge")
    assert system.updates() == [("Ana", "acknowledged by Ben")]


async def test_after_a_quarter_of_an_hour_it_is_not_sent_any_more(system: System) -> None:
    _, id = await paged(system)
    await acknowledge(system, id)
    system.clock.advance(15 * MINUTE)
    await system.run_due()
    assert system.updates() == []
    assert await rows(system, STATUSES) == [("failed", 1)]


# --- no page, and after all pages -----------------------------------------------------------------------------------------------


async def test_nothing_waits_for_it_and_nobody_counts_it(system: System) -> None:
    _, id = await paged(system)
    system.email.always = BUSY
    await acknowledge(system, id)
    await system.advance(minutes=5)
    before = await system.reasons(id)
    assert await rows(system, STATUSES) == [("failed", 1)]
    assert not any("update" in line or "unreachable" in line for line in before)
    shown = (await system.api.get(f"/api/v1/incidents/{id}/notifications")).json()["items"]
    assert len(shown) == 1, "the page"
    assert (await system.api.get("/healthz")).json()["status"] == "ok"


async def test_pages_go_first_and_updates_on_the_wire_keep_none_waiting(system: System) -> None:
    monitor, id = await paged(system, urgency="low")
    ids = [id]
    for n in range(5):
        [decided] = await monitor.says(monitor.event(f"e{n}"))
        ids.append(f"{decided.incident_id}")
    await system.advance(minutes=1)
    system.pages()
    for one in ids:
        await acknowledge(system, one)
    hanging = SlowChannel("email")
    stuck = sender(system, hanging)
    assert (await stuck.run()).handled == 4, "so many are on the wire to one address"
    await monitor.says(monitor.event("new"))
    await each_by_itself(system)
    assert (await stuck.run()).handled == 1, "and the page is beside them"
    hanging.wire.up.set()
    await stuck.settle()
    assert [type(message) for message in hanging.sent] == [PageMessage]
    other = FakeChannel("email")
    await monitor.says(monitor.event("newest"))
    await each_by_itself(system)
    claimed = sender(system, other)
    await claimed.run()
    await claimed.settle()
    assert (len(other.sent), len(other.updates)) == (1, 2)


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
async def test_a_change_that_changes_nothing_tells_nothing(system: System, verb: str) -> None:
    _, id = await paged(system)
    ben = await responder(system, "Ben")
    await ben.does(id, verb)
    system.updates()
    await ben.does(id, verb)
    assert system.updates() == []
