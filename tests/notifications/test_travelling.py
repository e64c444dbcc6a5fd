"""Pages that may wait travel as one message: each with a lease and a fence of its own, under one link that acknowledges what is printed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from tests.incidents.building import rows
from tests.notifications.test_due import SlowChannel, acknowledge, sender
from tests.system import FakeChannel, System, to

from oncall.channels.values import BundleMessage, FailedPermanently, FailedTemporarily, PageMessage, Unknown
from oncall.kit.clock import ManualClock

LEASE, SECOND, MINUTE = timedelta(seconds=30), timedelta(seconds=1), timedelta(minutes=1)
STATUSES = "SELECT status FROM notifications WHERE urgency <> 'update' ORDER BY id"
TRIES = "SELECT a.number, a.outcome FROM attempts a JOIN notifications n ON n.id = a.notification_id ORDER BY n.id, a.number"


async def opened(system: System, key: str, *numbers: int, severity: str = "error") -> list[str]:
    """The ids of as many new incidents, in one body."""
    body = [{"summary": f"e{n}", "dedup_key": f"e{n}", "severity": severity} for n in numbers]
    answer = await system.api.post(f"/intake/{key}", json=body)
    assert answer.status_code == 202, answer.text
    return [event["incident_id"] for event in answer.json()["events"]]


async def paging(system: System, *more: str) -> str:
    """The key of a service that pages Ana, and after half an hour Ben."""
    made = await system.service([to(await system.user("Ana"))], [to(await system.user("Ben"))], step_delay="PT30M", type="generic")
    key: str = made["key"]
    return key


def sent(channel: FakeChannel) -> list[list[str]]:
    """The titles in each message since the last call, in the order they were made."""
    found = [
        [one.title for one in m.listed] if isinstance(m, BundleMessage) else [m.title]
        for m in sorted(channel.sent, key=lambda m: m.notification_id.bytes)
        if isinstance(m, BundleMessage | PageMessage)
    ]
    channel.sent = []
    return found


async def waiting(system: System, *numbers: int) -> tuple[str, list[str]]:
    """Three that went at once, and these, which wait a minute to travel together; the key, and the ids of those that wait."""
    key = await paging(system)
    await opened(system, key, 1, 2, 3)
    await system.run_due()
    assert sent(system.email) == [["e1"], ["e2"], ["e3"]]
    return key, await opened(system, key, *numbers)


async def notifications(system: System, id: str) -> list[dict[str, Any]]:
    answer = await system.api.get(f"/api/v1/incidents/{id}/notifications")
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


# --- one message ------------------------------------------------------------------------------------------------------------


async def test_what_may_wait_travels_as_one_message_within_a_minute(system: System) -> None:
    _, ids = await waiting(system, 4, 5, 6)
    await system.run_due()
    await system.advance(seconds=59, step=SECOND)
    assert sent(system.email) == []
    await system.advance(seconds=1)
    [message] = system.email.sent
    assert isinstance(message, BundleMessage)
    assert (message.headline, message.recipient, message.late_by) == ("3 incidents on payments-api", "Ana", None)
    assert [(one.title, str(one.incident_id)) for one in message.listed] == list(zip(["e4", "e5", "e6"], ids, strict=True))
    carrier, carried = (await notifications(system, ids[0]))[0], (await notifications(system, ids[1]))[0]
    assert (carrier["status"], carried["status"], carried["carrier_id"]) == ("sent", "bundled", carrier["id"])
    assert carried["because"].startswith("waits 60 s, to travel with others")
    assert [one["outcome"] for one in carried["attempts"]] == ["sent"]
    [line] = [line for line in await system.reasons(ids[1]) if line.startswith("sent:")]
    assert line == "sent: sent to Ana by email (a…@example.com): in one message about 3 incidents: accepted by the fake"


async def test_explain_tells_of_the_wait_and_of_the_message(system: System) -> None:
    _, ids = await waiting(system, 4, 5)

    async def told() -> str:
        answer = await system.api.get(f"/api/v1/incidents/{ids[1]}/explain", headers={"Accept": "text/plain"})
        return " ".join(answer.text.split())

    await system.run_due()
    assert "waits 60 s, to travel with others: there were 3 pages within a minute before it" in await told()
    await system.advance(minutes=1)
    assert "in one message with others" in await told()


async def test_of_one_that_waited_alone_an_ordinary_page_goes(system: System) -> None:
    await waiting(system, 4)
    await system.advance(minutes=1)
    assert isinstance(system.email.sent[0], PageMessage)
    assert sent(system.email) == [["e4"]]


@pytest.mark.parametrize("verb", ["acknowledge", "resolve"])
async def test_what_is_acknowledged_or_resolved_before_is_taken_out(system: System, verb: str) -> None:
    """Also the one that would have carried the others."""
    _, ids = await waiting(system, 4, 5, 6)
    await system.run_due()
    assert (await system.api.post(f"/api/v1/incidents/{ids[0]}/{verb}")).status_code == 200
    await system.advance(minutes=1)
    assert sent(system.email) == [["e5", "e6"]]


async def test_what_is_escalated_meanwhile_goes_at_once(system: System) -> None:
    _, ids = await waiting(system, 4, 5)
    await system.run_due()
    assert (await system.api.post(f"/api/v1/incidents/{ids[0]}/escalate", json={})).status_code == 200
    await system.run_due()
    assert [m.recipient for m in system.email.sent if isinstance(m, PageMessage)] == ["Ben"]


# --- the fence, for all of them ---------------------------------------------------------------------------------------------


async def test_acknowledged_on_the_wire_one_is_fenced_and_the_others_are_told(system: System) -> None:
    _, ids = await waiting(system, 4, 5, 6)
    system.clock.advance(MINUTE)
    channel = SlowChannel("email")
    one = sender(system, channel)
    await one.run()
    await channel.wire.is_reached()
    for id in ids[:2]:
        await acknowledge(system, id)
    channel.wire.up.set()
    await one.settle()
    assert (await rows(system, STATUSES))[3:] == [("cancelled",), ("cancelled",), ("bundled",)]
    assert (await rows(system, TRIES))[3:] == [(1, "sent")] * 3, "the ledger says what arrived"
    assert (await system.api.get(f"/api/v1/incidents/{ids[2]}")).json()["status"] == "triggered"


async def test_a_sender_that_dies_leaves_all_of_them_to_the_next_one(system: System) -> None:
    await waiting(system, 4, 5, 6)
    system.clock.advance(MINUTE)
    channel = SlowChannel("email")
    dying = sender(system, channel)
    await dying.run()
    await channel.wire.is_reached()
    await dying.drain(timeout=0)
    system.clock.advance(LEASE)
    alive = FakeChannel("email")
    other = sender(system, alive)
    await other.run()
    await other.settle()
    [message] = alive.sent
    assert isinstance(message, BundleMessage)
    assert (len(message.listed), message.attempt, message.repeated) == (3, 2, True)
    assert (await rows(system, STATUSES))[3:] == [("sent",), ("bundled",), ("bundled",)]
    assert (await rows(system, TRIES))[3:] == [(1, "unknown"), (2, "sent")] * 3


async def test_what_may_work_later_is_tried_again_together(system: System) -> None:
    await waiting(system, 4, 5, 6)
    system.email.outcomes = [FailedTemporarily("busy"), Unknown("cut off")]
    await system.advance(minutes=2)
    bundles = [m for m in system.email.sent if isinstance(m, BundleMessage)]
    assert [(len(m.listed), m.attempt, m.repeated) for m in bundles] == [(3, 1, False), (3, 2, False), (3, 3, True)]
    assert len({m.notification_id for m in bundles}) == 1, "the idempotency key is the same"


async def test_when_it_can_never_arrive_each_of_them_goes_on(system: System) -> None:
    """No page is lost: the next step of every incident is due at once, as of one that goes alone."""
    _, ids = await waiting(system, 4, 5, 6)
    system.email.outcomes = [FailedPermanently("no such mailbox", "bad_address")]
    await system.advance(minutes=1)
    told = {m.title for m in system.email.sent if isinstance(m, PageMessage) and m.recipient == "Ben"}
    told |= {one.title for m in system.email.sent if isinstance(m, BundleMessage) and m.recipient == "Ben" for one in m.listed}
    assert told == {"e4", "e5", "e6"}
    for id in ids:
        assert next(one["status"] for one in await notifications(system, id)) == "failed"


async def test_the_next_contact_method_has_all_of_them_too(system: System) -> None:
    key = await paging(system)
    [ana] = [one for one in (await system.api.get("/api/v1/users")).json()["items"] if one["name"] == "Ana"]
    hook = await system.make(f"users/{ana['id']}/contact-methods", channel="webhook", address="https://hooks.example.com/a", verified=True)
    [mail] = [
        one for one in (await system.api.get(f"/api/v1/users/{ana['id']}/contact-methods")).json()["items"] if one["channel"] == "email"
    ]
    for method, delay in ((mail, "PT0S"), (hook, "PT2M")):
        await system.make(f"users/{ana['id']}/notification-rules", urgency="high", delay=delay, contact_method_id=method["id"])
    await opened(system, key, 1, 2, 3)
    await system.run_due()
    await opened(system, key, 4, 5, 6)
    system.email.sent, system.email.always = [], FailedPermanently("no such mailbox", "bad_address")
    await system.advance(minutes=4)
    assert sorted(sent(system.webhook)) == [["e1"], ["e2"], ["e3"], ["e4", "e5", "e6"]]


# --- the link ---------------------------------------------------------------------------------------------------------------


def path_of(message: BundleMessage) -> str:
    assert message.acknowledge_url
    return message.acknowledge_url.removeprefix("http://oncall.test")


async def test_its_link_acknowledges_what_is_printed_and_nothing_that_joined_later(system: System) -> None:
    key, ids = await waiting(system, 4, 5, 6)
    await system.advance(minutes=1)
    [message] = system.email.sent
    assert isinstance(message, BundleMessage)
    [later] = await opened(system, key, 7)
    await system.run_due()
    person = system.client()
    shown = await person.get(path_of(message))
    assert shown.status_code == 200
    assert re.findall(r"</span> (e\d) <span", shown.text) == ["e4", "e5", "e6"]
    assert "Acknowledge 3 as Ana" in shown.text
    assert {(await system.incident(id))["status"] for id in ids} == {"triggered"}, "to look changes nothing"
    pressed = await person.post(path_of(message))
    assert "Ana, you have acknowledged 3 of them now." in pressed.text
    assert {(await system.incident(id))["acknowledged_by"]["name"] for id in ids} == {"Ana"}
    assert (await system.incident(later))["status"] == "triggered"
    assert "There was nothing left to acknowledge." in (await person.post(path_of(message))).text
    for id in ids:
        await system.api.post(f"/api/v1/incidents/{id}/resolve")
    assert (await person.get(path_of(message))).status_code == 410
    await person.aclose()


async def test_its_link_takes_only_what_is_left(system: System) -> None:
    _, ids = await waiting(system, 4, 5, 6)
    await system.advance(minutes=1)
    [message] = system.email.sent
    assert isinstance(message, BundleMessage)
    await acknowledge(system, ids[0])
    await system.api.post(f"/api/v1/incidents/{ids[1]}/resolve")
    pressed = await system.client().post(path_of(message))
    assert "Ana, you have acknowledged 1 of them now." in pressed.text
    assert [(await system.incident(id))["status"] for id in ids] == ["acknowledged", "resolved", "acknowledged"]


async def test_a_forged_list_is_none_of_ours(system: System) -> None:
    await waiting(system, 4, 5)
    await system.advance(minutes=1)
    [message] = system.email.sent
    assert isinstance(message, BundleMessage)
    path = path_of(message)
    forged = path[:-1] + ("A" if path[-1] != "A" else "Q")
    assert (await system.client().post(forged)).status_code == 404


# --- a storm ----------------------------------------------------------------------------------------------------------------


async def test_in_a_storm_there_is_the_list_now_and_a_digest_each_five_minutes(system: System) -> None:
    key = await paging(system)
    ids = await opened(system, key, *range(1, 15))
    await system.run_due()
    told = sent(system.email)
    assert told[:3] == [["e1"], ["e2"], ["e3"]]
    assert sorted(told[3], key=lambda t: int(t[1:])) == [f"e{n}" for n in range(4, 15)], "with those that waited"
    assert len(told) == 4
    assert (await notifications(system, ids[13]))[0]["because"] == "storm: 14 incidents in 5 minutes; the list of them goes now"
    await system.advance(minutes=1)
    await opened(system, key, *range(15, 20))
    await system.run_due()
    [critical] = await opened(system, key, 20, severity="critical")
    await system.run_due()
    assert sent(system.email) == [["e20"]], "a new critical at once"
    assert "at once, since it is a new critical one" in (await notifications(system, critical))[0]["because"]
    await system.advance(minutes=3)
    assert sent(system.email) == []
    await system.advance(minutes=1)
    assert sent(system.email) == [[f"e{n}" for n in range(15, 20)]]


async def test_in_a_storm_the_escalation_waits_for_nobody(system: System) -> None:
    key = await paging(system)
    ids = await opened(system, key, *range(1, 15))
    await system.advance(minutes=30)
    shown = [(await system.incident(id))["escalation"]["state"] for id in ids]
    assert set(shown) == {"running"}
    told = [m for m in system.email.sent if m.recipient == "Ben"]
    assert sum(len(m.listed) if isinstance(m, BundleMessage) else 1 for m in told) == 14


async def test_in_a_storm_a_phone_rings_once_in_five_minutes_but_for_a_new_critical(system: System, clock: ManualClock) -> None:
    system.email.rings = True
    key = await paging(system)
    await opened(system, key, *range(1, 15))
    await system.run_due()
    assert sent(system.email) == [["e1"], ["e2"], ["e3"]], "the list is not read out so soon after a call"
    await opened(system, key, 15, severity="critical")
    await system.run_due()
    assert [titles for titles in sent(system.email) if "e15" in titles], "but a new critical rings"
    await system.advance(minutes=4)
    assert sent(system.email) == []
    await system.advance(minutes=2)
    assert len(sent(system.email)) <= 1


FIRST = "SELECT id FROM notifications ORDER BY id LIMIT 3"


async def test_of_one_instant_what_was_made_first_is_sent_first_wherever_it_lies(system: System) -> None:
    """Else the list of a storm would ring before the calls that were made before it, which leave no list so soon after them."""
    system.email.rings = True
    await opened(system, await paging(system), *range(1, 15))
    async with system.node.database.transaction() as tx:
        for moved in ("+", "-"):  # behind the others in the index that finds them
            await tx.exec_driver_sql(f"UPDATE notifications SET next_at = next_at {moved} interval '1 microsecond' WHERE id IN ({FIRST})")
    await system.run_due()
    assert sent(system.email) == [["e1"], ["e2"], ["e3"]]


async def test_a_phone_that_rings_for_one_critical_after_the_other_reads_out_the_list_all_the_same(system: System) -> None:
    system.email.rings = True
    key = await paging(system)
    await opened(system, key, *range(1, 15))
    await system.run_due()
    for n in (15, 16, 17):
        await opened(system, key, n, severity="critical")
        await system.run_due()
        await system.advance(minutes=2)
    rang = {title for titles in sent(system.email) for title in titles}
    assert rang == {f"e{n}" for n in range(1, 18)}


async def test_what_is_urgent_waits_for_no_storm_of_what_is_not(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], urgency="low", type="generic")
    other = await system.make("services", name="search", escalation_policy_id=made["policy"]["id"])
    urgent = await system.make(f"services/{other['id']}/integrations", name="any", type="generic")
    await opened(system, made["key"], *range(1, 12))
    await system.run_due()
    await system.advance(seconds=30)
    sent(system.email)
    await opened(system, urgent["key"], 12)
    await system.run_due()
    assert sent(system.email) == [["e12"]]


async def test_what_waits_to_travel_could_be_delivered(system: System) -> None:
    """Its policy has been gone through before the list goes: nobody acknowledged, but not for want of a way to reach them."""
    made = await system.service([to(await system.user("Ana"))], step_delay="PT1M", repeat=0, type="generic")
    await opened(system, made["key"], *range(1, 12))
    await system.run_due()
    sent(system.email)
    await system.advance(seconds=10)
    [waits] = await opened(system, made["key"], 12)
    await system.advance(minutes=2)
    assert [one["status"] for one in await notifications(system, waits)] == ["pending"]
    assert (await system.incident(waits))["escalation"]["state"] == "exhausted"
