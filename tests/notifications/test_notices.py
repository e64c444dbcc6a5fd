"""Notices: once per topic, by each person's own rules, and through the same sender as pages; but no incident is behind them."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.conftest import START
from tests.incidents.building import rows
from tests.notifications.test_due import ATTEMPTS, LEASE, LOST, ROW, SlowChannel, acknowledge, due, sender
from tests.system import FakeChannel, System, to

from oncall.channels.values import FailedPermanently, FailedTemporarily, NoticeMessage, Unknown
from oncall.contacts.commands import load_reach
from oncall.kit.db import Pool
from oncall.kit.ids import IncidentId, UserId
from oncall.notifications import NewNotice, commands, send_notices
from oncall.notifications.rules import decide_expiry
from oncall.notifications.values import Notice, Page, Step, Subject

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
BUSY, GONE = FailedTemporarily("busy"), FailedPermanently("no such mailbox", code="refused")
COUNT = "SELECT (SELECT count(*) FROM notices), (SELECT count(*) FROM notifications WHERE notice_id IS NOT NULL)"
OF_NOTICES = "SELECT user_name, n.status, n.reason FROM notifications n JOIN notices o ON o.id = n.notice_id ORDER BY o.topic, n.id"


def id_of(user: dict[str, Any]) -> UserId:
    return UserId(UUID(user["id"]))


def shift(user: dict[str, Any] | UserId, topic: str | None = None, **more: Any) -> NewNotice:
    """To a user: their shift has begun."""
    id = id_of(user) if isinstance(user, dict) else user
    said = {"urgency": "low", "subject": "You are on call in Primary now", "paragraphs": ("Until Monday.",)} | more
    return NewNotice(user_id=id, kind="handoff", topic=topic or f"handoff/{id}", **said)


async def tell(system: System, *notices: NewNotice) -> set[UserId]:
    """As a room does whose notices these are: one transaction; nothing is sent yet. Returns who was skipped."""
    async with system.node.database.transaction(Pool.ENGINE) as tx:
        reach = await load_reach(tx, [notice.user_id for notice in notices])
        return await send_notices(tx, notices, reach, now=system.clock.at)


def sent(*channels: FakeChannel) -> list[tuple[str, str]]:
    """(who, subject) since the last call, in order."""
    messages = [message for channel in channels for message in channel.sent]
    for channel in channels:
        channel.sent = []
    return [(m.recipient, m.subject) for m in messages if isinstance(m, NoticeMessage)]


# --- once, by the right ways ------------------------------------------------------------------------------------------------


async def test_a_notice_arrives_with_all_it_says(system: System) -> None:
    ana = await system.user("Ana")
    links = (("https://oncall.example.com/s/1", "the schedule"),)
    assert await tell(system, shift(ana, links=links, paragraphs=("Until Monday.", "Beside you: Ben."))) == set()
    made_at = system.clock.at
    await system.advance(minutes=1)
    [message] = system.email.sent
    assert message == NoticeMessage(
        notification_id=message.notification_id,
        address="ana@example.com",
        recipient="Ana",
        kind="handoff",
        urgency="low",
        subject="You are on call in Primary now",
        paragraphs=("Until Monday.", "Beside you: Ben."),
        links=links,
        created_at=made_at,
        attempt=1,
        repeated=False,
        late_by=None,
    )
    assert await rows(system, ROW) == [("sent", 1, None, False)]
    assert await rows(system, ATTEMPTS) == [(1, "sent", "accepted by the fake")]
    assert await rows(system, OF_NOTICES) == [("Ana", "sent", "handoff: You are on call in Primary now")]


@pytest.mark.parametrize(
    ("what", "urgency", "rules", "expected"),
    [
        ("low without rules: e-mail, though Ana also has a webhook", "low", {}, [("email", 0)]),
        ("low by the rules for low", "low", {"webhook": [("low", "PT0S"), ("low", "PT10M")]}, [("webhook", 0), ("webhook", 10)]),
        ("rules for high say nothing about low", "low", {"webhook": [("high", "PT0S")]}, [("email", 0)]),
        ("high without rules: everything verified", "high", {}, [("email", 0), ("webhook", 0)]),
        ("high by the rules for high", "high", {"webhook": [("high", "PT2M")], "email": [("low", "PT0S")]}, [("webhook", 2)]),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)
async def test_by_which_ways(
    system: System, what: str, urgency: str, rules: dict[str, list[tuple[str, str]]], expected: list[tuple[str, int]]
) -> None:
    ana = await system.user("Ana", channel=None)
    for channel, address in (("email", "ana@example.com"), ("webhook", "https://hooks.example.com/ana")):
        path = f"users/{ana['id']}"
        method = await system.make(f"{path}/contact-methods", channel=channel, address=address, verified=True)
        for wanted, delay in rules.get(channel, ()):
            await system.make(f"{path}/notification-rules", urgency=wanted, delay=delay, contact_method_id=method["id"])
    await tell(system, shift(ana, urgency=urgency))
    arrived = []
    for minute in range(15):
        await system.run_due()
        arrived += [(channel.name, minute) for channel in (system.email, system.webhook) for _ in sent(channel)]
        system.clock.advance(MINUTE)
    assert arrived == expected


async def test_somebody_without_any_contact_method_is_written_to_at_the_account(system: System) -> None:
    await tell(system, shift(await system.user("Ana", channel=None)))
    await system.run_due()
    assert [message.address for message in system.email.sent] == ["ana@example.com"]


async def test_whom_nobody_knows_is_skipped_and_named_and_the_others_are_told(system: System) -> None:
    ana, nobody = await system.user("Ana"), UserId(UUID(int=7))
    assert await tell(system, shift(nobody), shift(ana)) == {nobody}
    await system.run_due()
    assert sent(system.email) == [("Ana", "You are on call in Primary now")]
    assert await rows(system, COUNT) == [(1, 1)]


async def test_a_repeat_of_the_same_topic_makes_nothing_whatever_it_says(system: System) -> None:
    ana = await system.user("Ana")
    await tell(system, shift(ana, "t"), shift(ana, "t", subject="twice in one call"))
    await system.run_due()
    await tell(system, shift(ana, "t", subject="once more"))
    await system.advance(minutes=5)
    assert sent(system.email) == [("Ana", "You are on call in Primary now")]
    await tell(system, shift(ana, "t"), shift(ana, "u", subject="another topic"))
    await system.run_due()
    assert sent(system.email) == [("Ana", "another topic")]
    assert await rows(system, COUNT) == [(2, 2)]


async def test_two_nodes_that_make_the_same_notices_at_once_make_each_once_in_whatever_order(system: System) -> None:
    ana = await system.user("Ana")
    notices = [shift(ana, f"t{n}") for n in range(50)]
    async with asyncio.timeout(5):
        await asyncio.gather(tell(system, *notices), tell(system, *reversed(notices)), tell(system, *notices))
    assert await rows(system, COUNT) == [(50, 50)]


async def test_nothing_to_tell_is_no_work(system: System) -> None:
    assert await tell(system) == set()
    assert await rows(system, COUNT) == [(0, 0)]


async def test_a_page_does_not_stand_in_line_behind_notices(system: System) -> None:
    await tell(system, *[shift(await system.user(name)) for name in ("Gil", "Hal", "Ian")])
    system.clock.advance(MINUTE)
    await due(system)
    async with system.node.database.transaction(Pool.ENGINE) as tx:
        [(first,)], _ = await commands.claim(tx, channel="email", in_flight=Counter(), now=system.clock.at, lease=LEASE, limit=1)
    assert (first.user_name, type(first.about)) == ("Ana", Page)


# --- retried, fenced, expired -----------------------------------------------------------------------------------------------


async def test_a_temporary_failure_is_tried_again(system: System) -> None:
    ana = await system.user("Ana")
    system.email.outcomes = [BUSY, BUSY]
    await tell(system, shift(ana))
    await system.advance(minutes=2)
    assert [m.attempt for m in system.email.sent] == [1, 2, 3]
    assert len({m.notification_id for m in system.email.sent}) == 1, "the idempotency key is the same"
    assert await rows(system, ATTEMPTS) == [(1, "failed_temp", "busy"), (2, "failed_temp", "busy"), (3, "sent", "accepted by the fake")]


async def test_what_may_have_arrived_is_repeated_once_and_says_so(system: System) -> None:
    ana = await system.user("Ana")
    system.email.always = Unknown("cut off")
    await tell(system, shift(ana))
    await system.advance(minutes=5)
    assert [(m.attempt, m.repeated) for m in system.email.sent] == [(1, False), (2, True)]


async def test_one_that_can_never_be_delivered_is_recorded_and_that_is_all(system: System) -> None:
    """No escalation goes on early for it, and no incident's timeline speaks of it."""
    [incident_id] = await due(system)
    await system.run_due()
    before = await system.incident(incident_id), await system.reasons(incident_id)
    system.email.always = GONE
    await tell(system, shift(await system.user("Gil")))
    await system.run_due()
    assert await rows(system, OF_NOTICES) == [("Gil", "failed", "handoff: You are on call in Primary now")]
    assert (await system.incident(incident_id), await system.reasons(incident_id)) == before
    [tried] = await rows(system, "SELECT outcome, detail FROM attempts JOIN notifications ON id = notification_id WHERE status = 'failed'")
    assert tried == ("failed_perm", "no such mailbox")


async def test_late_by_more_than_a_minute_it_says_so(system: System) -> None:
    await tell(system, shift(await system.user("Ana")))
    system.clock.advance(5 * MINUTE)
    await system.run_due()
    assert [m.late_by for m in system.email.sent] == [5 * MINUTE]


async def test_a_lease_that_ran_out_is_claimed_again_and_the_first_sender_changes_nothing_any_more(system: System) -> None:
    await tell(system, shift(await system.user("Ana")))
    slow, other = SlowChannel("email", always=GONE), FakeChannel("email")
    first, second = sender(system, slow), sender(system, other)
    await first.run()
    await slow.wire.is_reached()
    system.clock.advance(LEASE)
    assert (await second.run()).handled == 1
    await second.settle()
    assert [(m.attempt, m.repeated) for m in other.sent] == [(2, True)]
    slow.wire.up.set()
    await first.settle()
    assert await rows(system, ROW) == [("sent", 2, None, True)]
    assert await rows(system, ATTEMPTS) == [(1, "unknown", LOST), (2, "sent", "accepted by the fake")]


async def test_a_claim_that_came_to_nothing_is_given_back_and_uses_up_no_try(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    await tell(system, shift(await system.user("Ana")))
    channel = FakeChannel("email")
    one = sender(system, channel)

    async def broken(*_: object) -> None:
        raise OSError("no database just now")

    monkeypatch.setattr(one, "_look_again", broken)
    await one.run()
    await one.settle()
    assert await rows(system, ROW) == [("pending", 0, system.clock.at + SECOND, False)]
    monkeypatch.undo()
    system.clock.advance(SECOND)
    await one.run()
    await one.settle()
    assert [(m.attempt, m.repeated) for m in channel.sent] == [(1, False)]


PAGE = Page(Step(IncidentId(UUID(int=1)), 1, 1, 0), "step 1", Subject(1, "Disk full", "db", "critical", "high", START))


def notice(expires_at: datetime | None) -> Notice:
    return Notice("swap", "low", "Ana offers you her shift", (), (), START, expires_at)


@pytest.mark.parametrize(
    ("what", "about", "is_sent"),
    [
        ("a page never expires", PAGE, True),
        ("nor does a notice that names no end", notice(None), True),
        ("before its end it is sent", notice(START + SECOND), True),
        ("at its end it is not: intervals are half-open", notice(START), False),
        ("nor after it", notice(START - MINUTE), False),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_has_expired(what: str, about: Page | Notice, is_sent: bool) -> None:
    assert (decide_expiry(about, now=START) is None) == is_sent


async def test_a_notice_that_has_expired_is_not_sent_and_says_why(system: System) -> None:
    ana = await system.user("Ana")
    await tell(system, shift(ana, expires_at=system.clock.at + MINUTE))
    system.clock.advance(MINUTE)
    await system.run_due()
    assert system.email.sent == []
    assert await rows(system, ROW) == [("failed", 1, None, False)]
    assert await rows(system, ATTEMPTS) == [(1, "failed_perm", "not sent: it was of use until 2026-03-02T12:01:00+00:00")]


async def test_one_that_expires_between_two_tries_is_not_tried_again(system: System) -> None:
    ana = await system.user("Ana")
    system.email.always = BUSY
    await tell(system, shift(ana, expires_at=system.clock.at + 10 * SECOND))
    await system.advance(minutes=5, step=SECOND)
    assert [m.attempt for m in system.email.sent] == [1, 2, 3]
    assert (await rows(system, ATTEMPTS))[-1] == (4, "failed_perm", "not sent: it was of use until 2026-03-02T12:00:10+00:00")


# --- what incidents and removals do to them ---------------------------------------------------------------------------------

PENDING = "handoff: You are on call in Primary now"


async def test_what_ends_and_revives_an_incidents_messages_leaves_the_notices_of_the_same_people_alone(system: System) -> None:
    made = await system.service([to(ana := await system.user("Ana", rules=(("high", "PT1M"), ("low", "PT1H"))))])
    await tell(system, shift(ana))
    pending = [("Ana", "pending", PENDING)]
    opened = await system.event(made["key"])
    await system.event(made["key"], action="resolve")
    assert await rows(system, OF_NOTICES) == pending, "resolved by the monitor"
    await system.event(made["key"])
    assert await rows(system, OF_NOTICES) == pending, "reopened"
    assert (await acknowledge(system, opened["incident_id"]))["cancelled_pages"] == 1
    assert await rows(system, OF_NOTICES) == pending, "acknowledged"
    await system.advance(hours=1, step=MINUTE)
    assert ("Ana", "You are on call in Primary now") in sent(system.email)


async def test_an_incident_whose_people_are_told_of_something_else_is_unreachable_all_the_same(system: System) -> None:
    """A notice that is still to come to the same address is no message of the step."""
    made = await system.service([to(ana := await system.user("Ana", rules=(("low", "PT1H"),)))], [to(await system.user("Ben"))])
    await tell(system, shift(ana))
    system.email.always = GONE
    opened = await system.event(made["key"])
    assert await rows(system, OF_NOTICES) == [("Ana", "pending", PENDING)]
    assert any("nobody paged by step 1 can be reached" in line for line in await system.reasons(opened["incident_id"]))


async def test_whoever_is_removed_is_told_nothing_more(system: System) -> None:
    ana, ben = await system.user("Ana", rules=(("low", "PT1M"),)), await system.user("Ben", rules=(("low", "PT1M"),))
    await tell(system, shift(ana, "a"), shift(ben, "b"))
    assert (await system.api.delete(f"/api/v1/users/{ana['id']}")).status_code == 204
    assert await rows(system, OF_NOTICES) == [("Ana", "failed", "their account was removed"), ("Ben", "pending", PENDING)]
    await system.advance(minutes=2)
    assert sent(system.email) == [("Ben", "You are on call in Primary now")]


async def test_a_removed_contact_method_is_told_nothing_more_and_the_others_of_the_same_person_are(system: System) -> None:
    ana = await system.user("Ana", rules=(("low", "PT1M"),))
    hook = {"channel": "webhook", "address": "https://hooks.example.com/ana", "verified": True}
    method = await system.make(f"users/{ana['id']}/contact-methods", **hook)
    await system.make(f"users/{ana['id']}/notification-rules", urgency="low", delay="PT1M", contact_method_id=method["id"])
    await tell(system, shift(ana))
    assert (await system.api.delete(f"/api/v1/users/{ana['id']}/contact-methods/{method['id']}")).status_code == 204
    assert sorted(await rows(system, OF_NOTICES)) == [("Ana", "failed", "the contact method was removed"), ("Ana", "pending", PENDING)]
    await system.advance(minutes=2)
    assert (sent(system.webhook), sent(system.email)) == ([], [("Ana", "You are on call in Primary now")])


async def test_removed_on_the_wire_it_is_recorded_as_an_attempt_and_stays_failed(system: System) -> None:
    ana = await system.user("Ana")
    await tell(system, shift(ana))
    channel = SlowChannel("email")
    first = sender(system, channel)
    await first.run()
    await channel.wire.is_reached()
    assert (await system.api.delete(f"/api/v1/users/{ana['id']}")).status_code == 204
    channel.wire.up.set()
    await first.settle()
    assert await rows(system, ROW) == [("failed", 1, None, False)]
    assert await rows(system, ATTEMPTS) == [(1, "sent", "cancelled or taken over while on the wire; accepted by the fake")]


COPY = """
    INSERT INTO notifications SELECT (jsonb_populate_record(n, jsonb_build_object('id', gen_random_uuid()))).*
    FROM notifications n WHERE notice_id IS NOT NULL
"""


@pytest.mark.parametrize(
    ("what", "statement", "why"),
    [
        ("a message of nothing", "UPDATE notifications SET notice_id = NULL WHERE notice_id IS NOT NULL", "one_page_or_one_notice"),
        ("one of a page and a notice", "UPDATE notifications SET notice_id = (SELECT id FROM notices)", "one_page_or_one_notice"),
        ("a notice at a step", "UPDATE notifications SET step = 0 WHERE notice_id IS NOT NULL", "a_notice_none"),
        ("a page without a round", "UPDATE notifications SET round = NULL WHERE page_id IS NOT NULL", "a_page_has_a_whole_position"),
        ("the same message twice", COPY, "once_per_notice_and_contact_method"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_the_database_itself_refuses_what_must_not_be(system: System, what: str, statement: str, why: str) -> None:
    await due(system)
    await tell(system, shift(await system.user("Gil")))
    with pytest.raises(DBAPIError, match=why):
        async with system.node.database.transaction() as tx:
            await tx.execute(text(statement))
