"""A sender's lease and its fence: whatever happens between the claim and the record, nobody is paged for nothing, nor in vain."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.incidents.building import rows
from tests.system import FakeChannel, System, to

from oncall.app.leaving import on_undeliverable
from oncall.channels.values import FailedPermanently, Message, Outcome
from oncall.kit.clock import ManualClock
from oncall.kit.db import Pool
from oncall.notifications import commands
from oncall.notifications.due import Sender

LEASE, SECOND = timedelta(seconds=30), timedelta(seconds=1)
ROW = "SELECT status, attempt, next_at, may_have_arrived FROM notifications WHERE urgency <> 'update'"
ATTEMPTS = text("SELECT number, outcome, detail FROM attempts ORDER BY number")
LEFT = "SELECT count(*) FROM notifications WHERE next_at IS NOT NULL"
BY_ITSELF = text(
    "UPDATE notifications SET gathers_from = NULL, next_at = :now, due_at = :now WHERE gathers_from IS NOT NULL AND status = 'pending'"
)
LOST = "its sender did not report before the lease ran out"


@dataclass
class Barrier:
    """Whoever comes waits until `up` is set; `reached` says that somebody has come."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    up: asyncio.Event = field(default_factory=asyncio.Event)

    async def passed(self) -> None:
        self.reached.set()
        await self.up.wait()

    async def is_reached(self) -> None:
        async with asyncio.timeout(5):
            await self.reached.wait()


@dataclass
class SlowChannel(FakeChannel):
    """Its messages stay on the wire until the barrier is up."""

    wire: Barrier = field(default_factory=Barrier)

    async def send(self, message: Message) -> Outcome:
        await self.wire.passed()
        return await super().send(message)


class SlowClock:
    """Says what time it is; but for the first two times, which are the look's and the claim's, only when the barrier is up."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._asked = 0
        self.before_wire = Barrier()

    async def now(self, tx: AsyncConnection) -> datetime:
        self._asked += 1
        if self._asked > 2:
            await self.before_wire.passed()
        return await self._clock.now(tx)

    def about(self) -> datetime:
        return self._clock.about()


def sender(system: System, channel: FakeChannel, clock: ManualClock | SlowClock | None = None) -> Sender:
    """One of the senders of a channel, as another node would run it."""
    return Sender(
        channel,
        database=system.node.database,
        clock=clock or system.clock,
        links=system.node._links,
        open_sealed=system.node.sealing.open,
        on_undeliverable=on_undeliverable,
        lease=LEASE,
        every=SECOND,
    )


async def due(system: System, *, messages: int = 1, people: int = 1) -> list[str]:
    """Incidents, each with an e-mail to so many people that is due and that nobody has claimed; their ids."""
    paged = [to(await system.user(name)) for name in ("Ana", "Cleo", "Dan", "Eve", "Fay")[:people]]
    made = await system.service(paged, [to(await system.user("Ben"))], type="generic")
    body = [{"summary": f"e{n}", "dedup_key": f"e{n}", "severity": "critical"} for n in range(messages)]
    answer = await system.api.post(f"/intake/{made['key']}", json=body)
    assert answer.status_code == 202, answer.text
    await each_by_itself(system)
    return [event["incident_id"] for event in answer.json()["events"]]


async def each_by_itself(system: System) -> None:
    """Whatever waits to travel with others (test_travelling.py) goes now, and alone."""
    async with system.node.database.transaction() as tx:
        await tx.execute(BY_ITSELF, {"now": system.clock.at})


async def acknowledge(system: System, incident_id: str) -> Any:
    answer = await system.api.post(f"/api/v1/incidents/{incident_id}/acknowledge")
    assert answer.status_code == 200, answer.text
    return answer.json()


# --- between the claim and the wire -----------------------------------------------------------------------------------------


async def test_acknowledged_between_the_claim_and_the_wire_it_is_not_sent(system: System) -> None:
    [incident_id] = await due(system)
    channel, clock = FakeChannel("email"), SlowClock(system.clock)
    first = sender(system, channel, clock)
    assert (await first.run()).handled == 1
    await clock.before_wire.is_reached()
    assert (await acknowledge(system, incident_id))["cancelled_pages"] == 1
    clock.before_wire.up.set()
    await first.settle()
    assert channel.sent == []
    assert await rows(system, ROW) == [("cancelled", 1, None, False)]
    assert await rows(system, ATTEMPTS) == []


async def test_a_sender_that_slept_past_its_lease_leaves_the_message_to_the_next_one(system: System) -> None:
    await due(system)
    channel, clock = FakeChannel("email"), SlowClock(system.clock)
    first = sender(system, channel, clock)
    await first.run()
    await clock.before_wire.is_reached()
    system.clock.advance(LEASE)
    clock.before_wire.up.set()
    await first.settle()
    assert channel.sent == []
    second = sender(system, channel)
    await second.run()
    await second.settle()
    assert [(m.attempt, m.repeated) for m in channel.sent] == [(2, True)]


# --- on the wire ------------------------------------------------------------------------------------------------------------


async def test_acknowledged_on_the_wire_it_is_recorded_as_an_attempt_and_stays_cancelled(system: System) -> None:
    [incident_id] = await due(system)
    channel = SlowChannel("email")
    first = sender(system, channel)
    await first.run()
    await channel.wire.is_reached()
    await acknowledge(system, incident_id)
    channel.wire.up.set()
    await first.settle()
    assert len(channel.sent) == 1
    assert await rows(system, ROW) == [("cancelled", 1, None, False)]
    assert await rows(system, ATTEMPTS) == [(1, "sent", "cancelled or taken over while on the wire; accepted by the fake")]
    assert not any(line.startswith("sent:") for line in await system.reasons(incident_id))


async def test_what_was_accepted_while_it_was_cancelled_is_not_sent_again_when_the_problem_goes_on(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    say = partial(system.api.post, f"/intake/{made['key']}")
    disk = {"summary": "Disk full", "dedup_key": "disk", "severity": "critical"}
    await say(json=disk)
    channel = SlowChannel("email")
    first = sender(system, channel)
    await first.run()
    await channel.wire.is_reached()
    await say(json=disk | {"status": "resolved"})
    channel.wire.up.set()
    await first.settle()
    await say(json=disk)
    assert (await rows(system, ROW))[0] == ("sent", 1, None, False)
    await system.run_due()
    assert (len(channel.sent), system.pages(), system.updates()) == (1, [], [("Ana", "reopened by monitor prod")])


async def test_what_is_true_again_is_said_again_after_what_is_on_the_wire(system: System) -> None:
    """What is withdrawn on the wire arrives all the same, and would have the last word."""
    made = await system.service([to(await system.user("Ana"))], type="generic")
    say = partial(system.api.post, f"/intake/{made['key']}")
    disk = {"summary": "Disk full", "dedup_key": "disk", "severity": "critical"}
    for status in ("firing", "resolved", "firing"):
        await say(json=disk | {"status": status})
        await system.run_due()
    assert system.updates() == [("Ana", "resolved by monitor prod"), ("Ana", "reopened by monitor prod")]
    await say(json=disk | {"status": "resolved"})
    channel = SlowChannel("email")
    first = sender(system, channel)
    await first.run()
    await channel.wire.is_reached()
    await say(json=disk)
    channel.wire.up.set()
    await first.settle()
    assert [told.update and told.update.said for told in channel.updates] == ["resolved by monitor prod"]
    await system.run_due()
    assert system.updates() == [("Ana", "reopened by monitor prod")]


async def test_a_lease_that_holds_is_nobody_elses(system: System) -> None:
    await due(system)
    slow, other = SlowChannel("email"), FakeChannel("email")
    first = sender(system, slow)
    await first.run()
    await slow.wire.is_reached()
    system.clock.advance(LEASE - timedelta(milliseconds=1))
    looked = await sender(system, other).run()
    assert (looked.handled, looked.next_at) == (0, system.clock.at + timedelta(milliseconds=1))
    slow.wire.up.set()
    await first.settle()
    assert await rows(system, ROW) == [("sent", 1, None, False)]


async def test_a_lease_that_ran_out_is_claimed_again_as_attempt_two_of_the_same_message_and_says_so(system: System) -> None:
    await due(system)
    slow, other = SlowChannel("email"), FakeChannel("email")
    first, second = sender(system, slow), sender(system, other)
    await first.run()
    await slow.wire.is_reached()
    system.clock.advance(LEASE)
    assert (await second.run()).handled == 1
    await second.settle()
    [repeat] = other.sent
    assert (repeat.attempt, repeat.repeated, repeat.recipient) == (2, True, "Ana")
    assert await rows(system, ROW) == [("sent", 2, None, True)]
    assert await rows(system, ATTEMPTS) == [(1, "unknown", LOST), (2, "sent", "accepted by the fake")]
    slow.wire.up.set()
    await first.settle()
    [original] = slow.sent
    assert (original.notification_id, original.repeated) == (repeat.notification_id, False), "the idempotency key is the same"


@pytest.mark.parametrize("late", [None, FailedPermanently("no such mailbox", code="refused")], ids=["sent", "failed"])
async def test_what_the_first_attempt_reports_too_late_changes_nothing_of_the_second(system: System, late: Outcome | None) -> None:
    """Neither that it was sent nor, which would let the escalation go on at once, that it never can be."""
    [incident_id] = await due(system)
    slow, slower = SlowChannel("email", always=late), SlowChannel("email")
    first, second = sender(system, slow), sender(system, slower)
    await first.run()
    await slow.wire.is_reached()
    system.clock.advance(LEASE)
    await second.run()
    await slower.wire.is_reached()
    before = await system.incident(incident_id), await system.reasons(incident_id)
    slow.wire.up.set()
    await first.settle()
    assert len(slow.sent) == 1
    assert await rows(system, ROW) == [("sending", 2, system.clock.at + LEASE, True)], "the second still has it"
    assert (await system.incident(incident_id), await system.reasons(incident_id)) == before
    slower.wire.up.set()
    await second.settle()
    assert await rows(system, ROW) == [("sent", 2, None, True)]
    assert await rows(system, ATTEMPTS) == [(1, "unknown", LOST), (2, "sent", "accepted by the fake")], "each once, as first known"


# --- several senders --------------------------------------------------------------------------------------------------------


async def test_two_claims_at_the_same_time_share_no_row_and_neither_waits(system: System) -> None:
    await due(system, messages=4, people=3)

    async def claim(tx: AsyncConnection, limit: int) -> set[object]:
        claimed, _ = await commands.claim(tx, channel="email", in_flight=Counter(), now=system.clock.at, lease=LEASE, limit=limit)
        return {one.id for bundle in claimed for one in bundle}

    transaction = system.node.database.transaction
    async with transaction(Pool.ENGINE) as one, transaction(Pool.ENGINE) as two, asyncio.timeout(2):
        first, second = await claim(one, 5), await claim(two, 12)
    assert (len(first), len(second), len(first | second)) == (5, 7, 12)


async def test_many_senders_at_once_send_each_message_exactly_once(system: System) -> None:
    await due(system, messages=16, people=5)
    channel = FakeChannel("email")

    async def send_all(one: Sender) -> None:
        while await rows(system, LEFT) != [(0,)]:
            await one.run()
            await one.settle()

    await asyncio.gather(*(send_all(sender(system, channel)) for _ in range(4)))
    assert len(channel.sent) == len({m.notification_id for m in channel.sent}) == 80
    assert {(m.attempt, m.repeated) for m in channel.sent} == {(1, False)}
    assert await rows(system, "SELECT status, attempt, count(*) FROM notifications GROUP BY 1, 2") == [("sent", 1, 80)]
