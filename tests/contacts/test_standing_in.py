"""A way that is used only when the one before it failed: which message stands in for which, and when it is sent after all."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.incidents.building import rows
from tests.system import System, to

from oncall.channels.values import FailedPermanently, FailedTemporarily, Unknown
from oncall.contacts.rules import plan_ways
from oncall.contacts.values import ContactMethod, NotificationRule, Reach, Repeat, Urgency, Way
from oncall.kit.ids import ContactMethodId, UserId

ANA = UserId(UUID(int=1))
THEN = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE, FIVE = timedelta(minutes=1), timedelta(minutes=5)
LOST = FailedPermanently("no such mailbox", code="bad_mailbox")
HOOK = "https://hooks.example.com/ana"


def method(n: int, channel: str, *, verified: bool = True) -> ContactMethod:
    return ContactMethod(ContactMethodId(UUID(int=n)), ANA, channel, f"{channel}-{n}", THEN if verified else None, THEN)


PUSH, SMS, CALL, MAIL = method(11, "ntfy"), method(12, "sms"), method(13, "voice"), method(14, "email")
ONE_OF_TWO = "by 2 notification rules of Ana for high urgency, 1 of them only after the one before it failed"
NO_PUSH = method(15, "telegram", verified=False)


def rule(
    n: int, to: ContactMethod, delay: timedelta = timedelta(0), *, spare: bool = False, repeat: Repeat | None = None
) -> NotificationRule:
    return NotificationRule(UUID(int=n), ANA, Urgency.HIGH, delay, to.id, THEN + timedelta(seconds=n), repeat, spare)


def ana(*rules: NotificationRule) -> Reach:
    return Reach(ANA, "Ana", "ana@example.com", (PUSH, SMS, CALL, MAIL, NO_PUSH), rules)


def told(ways: tuple[Way, ...]) -> list[str]:
    """As one would say it: "sms at 5, if ntfy 1 fails"."""
    names = {m.id: m.channel for m in (PUSH, SMS, CALL, MAIL)}
    return [
        f"{way.channel} at {way.delay // MINUTE}"
        + (f", if {names[ContactMethodId(way.stands_in_for[0])]} {way.stands_in_for[1]} fails" if way.stands_in_for else "")
        for way in ways
    ]


@pytest.mark.parametrize(
    ("what", "rules", "expected", "because"),
    [
        (
            "it stands in for the one before it",
            [rule(1, PUSH), rule(2, SMS, spare=True), rule(3, CALL, FIVE)],
            ["ntfy at 0", "sms at 0, if ntfy 1 fails", "voice at 5"],
            "by 3 notification rules of Ana for high urgency, 1 of them only after the one before it failed",
        ),
        (
            "the one before it alone, whatever else is sent at that instant",
            [rule(1, MAIL), rule(2, PUSH), rule(3, SMS, spare=True)],
            ["email at 0", "ntfy at 0", "sms at 0, if ntfy 1 fails"],
            "by 3 notification rules of Ana for high urgency, 1 of them only after the one before it failed",
        ),
        (
            "its delay says after which it stands, and no more",
            [rule(1, PUSH), rule(2, CALL, FIVE), rule(3, SMS, MINUTE, spare=True)],
            ["ntfy at 0", "sms at 0, if ntfy 1 fails", "voice at 5"],
            "by 3 notification rules of Ana for high urgency, 1 of them only after the one before it failed",
        ),
        (
            "one stands in for another in a row",
            [rule(1, PUSH), rule(2, SMS, spare=True), rule(3, CALL, spare=True)],
            ["ntfy at 0", "sms at 0, if ntfy 1 fails", "voice at 0, if sms 1 fails"],
            "by 3 notification rules of Ana for high urgency, 2 of them only after the one before it failed",
        ),
        (
            "it repeats as the one before it does: for each that fails",
            [rule(1, PUSH, repeat=Repeat(FIVE, 1)), rule(2, SMS, spare=True)],
            ["ntfy at 0", "sms at 0, if ntfy 1 fails", "ntfy at 5", "sms at 5, if ntfy 2 fails"],
            "by 2 notification rules of Ana for high urgency, 1 of them only after the one before it failed",
        ),
        (
            "what can never send has failed already: it takes its place",
            [rule(1, NO_PUSH, MINUTE), rule(2, SMS, FIVE, spare=True), rule(3, CALL, FIVE, spare=True)],
            ["sms at 1", "voice at 1, if sms 1 fails"],
            f"{ONE_OF_TWO}; 1 notification rule left out: not verified",
        ),
        (
            "a link of the chain that can never send is left out",
            [rule(1, PUSH), rule(2, NO_PUSH, spare=True), rule(3, CALL, spare=True)],
            ["ntfy at 0", "voice at 0, if ntfy 1 fails"],
            f"{ONE_OF_TWO}; 1 notification rule left out: not verified",
        ),
        (
            "with nothing before it, it is a rule like any: never silence",
            [rule(1, SMS, FIVE, spare=True)],
            ["sms at 5"],
            "by 1 notification rule of Ana for high urgency",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x and "rule of" not in x else "",
)
def test_which_stands_in_for_which(what: str, rules: list[NotificationRule], expected: list[str], because: str) -> None:
    ways = plan_ways(ana(*rules), Urgency.HIGH)
    assert (told(ways.ways), ways.reason, ways.reachable) == (expected, because, True)


RULES = st.lists(
    st.builds(
        lambda to, delay, spare, at_most: (to, delay * MINUTE, spare, Repeat(MINUTE, at_most) if at_most and not spare else None),
        st.sampled_from([PUSH, SMS, CALL, MAIL, NO_PUSH]),
        st.integers(0, 3),
        st.booleans(),
        st.integers(0, 2),
    ),
    max_size=6,
)


@given(RULES)
def test_whoever_is_reached_has_a_message_that_waits_for_no_failure(
    made: list[tuple[ContactMethod, timedelta, bool, Repeat | None]],
) -> None:
    rules = [rule(n, to, delay, spare=spare, repeat=repeat) for n, (to, delay, spare, repeat) in enumerate(made, 1)]
    ways = plan_ways(ana(*rules), Urgency.HIGH)
    assert any(way.stands_in_for is None for way in ways.ways)
    seen: set[tuple[UUID, int]] = set()
    for way in ways.ways:
        assert way.stands_in_for is None or way.stands_in_for in seen, "it comes after what it stands in for"
        seen.add((way.contact_method_id, way.nth))
    assert len(seen) == len(ways.ways)


async def reached(system: System, *ways: tuple[str, str, bool], urgency: str = "high") -> dict[str, Any]:
    """Ana, who is paged by these (channel, delay, only after failure); after half an hour Ben."""
    person, ben = await system.user("Ana", channel=None), await system.user("Ben")
    addresses = {"email": "ana@example.org", "webhook": HOOK}
    methods = {
        channel: await system.make(f"users/{person['id']}/contact-methods", channel=channel, address=addresses[channel], verified=True)
        for channel in {channel for channel, _, _ in ways}
    }
    for channel, delay, spare in ways:
        made = {"urgency": urgency, "delay": delay, "contact_method_id": methods[channel]["id"], "only_after_failure": spare}
        assert (await system.make(f"users/{person['id']}/notification-rules", **made))["only_after_failure"] is spare
    return await system.service([to(person)], [to(ben)], step_delay="PT30M", urgency=urgency) | {"ana": person, "methods": methods}


def sent(system: System) -> tuple[int, int]:
    return len(system.email.sent), len(system.webhook.sent)


SPARE = ("email", "PT0S", False), ("webhook", "PT0S", True)


async def test_while_the_one_before_it_gets_through_it_is_never_sent(system: System) -> None:
    event = await system.event((await reached(system, *SPARE))["key"])
    await system.advance(minutes=29)
    assert sent(system) == (1, 0)
    shown = (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/notifications")).json()["items"]
    first, spare = sorted(shown, key=lambda one: one["channel"])
    assert (spare["status"], spare["due_at"], spare["stands_in_for"]) == ("pending", None, first["id"])
    assert first["stands_in_for"] is None
    explained = (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/explain")).text
    assert "by webhook (https://hooks.example.com/…) only if the one before it fails" in explained
    assert "is sent only if the one before it fails" in explained
    assert (await system.api.post(f"/api/v1/incidents/{event['incident_id']}/acknowledge")).status_code == 200
    assert await rows(system, "SELECT status FROM notifications WHERE channel = 'webhook' AND urgency = 'high'") == [("cancelled",)]


@pytest.mark.parametrize("urgency", ["high", "low"])
async def test_when_it_fails_for_good_the_spare_goes_at_once_and_nobody_else_is_paged(system: System, urgency: str) -> None:
    made = await reached(system, *SPARE, urgency=urgency)
    system.email.outcomes = [LOST]
    event = await system.event(made["key"])
    assert sent(system) == (1, 1)
    assert system.webhook.sent[0].late_by is None
    lines = [line for line in await system.reasons(event["incident_id"]) if line.startswith("send_failed")]
    assert [line.rpartition(": ")[2] for line in lines] == ["no such mailbox; webhook, which stands in for it, is due now"]
    await system.advance(minutes=29)
    assert sent(system) == (1, 1), "once, and the step is not lost"


async def test_when_it_was_not_accepted_in_its_time_the_spare_goes(system: System) -> None:
    """Five repetitions within two minutes are the time that every message has."""
    made = await reached(system, *SPARE)
    system.email.always = FailedTemporarily("busy")
    await system.event(made["key"])
    assert sent(system) == (1, 0)
    await system.advance(minutes=6)
    assert sent(system) == (6, 1)


async def test_what_may_have_arrived_has_not_failed(system: System) -> None:
    made = await reached(system, *SPARE)
    system.email.always = Unknown("no answer")
    await system.event(made["key"])
    await system.advance(minutes=5)
    assert sent(system) == (2, 0)


async def test_the_spare_goes_although_another_way_got_through(system: System) -> None:
    """An e-mail that arrived wakes nobody: the spare is for the call."""
    made = await reached(system, ("email", "PT0S", False), ("webhook", "PT0S", False), ("email", "PT0S", True))
    system.webhook.outcomes = [LOST]
    await system.event(made["key"])
    assert sent(system) == (2, 1)


async def test_when_the_spare_fails_too_the_step_is_lost(system: System) -> None:
    made = await reached(system, *SPARE)
    system.email.outcomes, system.webhook.outcomes = [LOST], [LOST]
    await system.event(made["key"])
    assert [m.recipient for m in system.email.sent] == ["Ana", "Ben"]


async def test_an_address_that_is_removed_while_its_message_waits_lets_the_spare_go(system: System) -> None:
    made = await reached(system, *SPARE)
    system.email.outcomes = [FailedTemporarily("busy")]
    await system.event(made["key"])
    assert sent(system) == (1, 0)
    gone = await system.api.delete(f"/api/v1/users/{made['ana']['id']}/contact-methods/{made['methods']['email']['id']}")
    assert gone.status_code == 204
    await system.run_due()
    assert sent(system) == (1, 1)


async def test_a_spare_that_is_removed_lets_nobody_go(system: System) -> None:
    made = await reached(system, *SPARE)
    await system.event(made["key"])
    gone = await system.api.delete(f"/api/v1/users/{made['ana']['id']}/contact-methods/{made['methods']['webhook']['id']}")
    assert gone.status_code == 204
    await system.advance(minutes=29)
    assert sent(system) == (1, 0), "its step is not lost either"


async def test_what_comes_back_leaves_the_spare_where_it_was(system: System) -> None:
    made = await reached(system, *SPARE)
    await system.event(made["key"])
    await system.event(made["key"], action="resolve")
    await system.event(made["key"])
    await system.advance(minutes=29)
    assert len(system.webhook.sent) == 0


async def test_a_rule_that_stands_in_has_no_repetitions_of_its_own(system: System) -> None:
    made = await reached(system, *SPARE)
    wanted = {
        "urgency": "high",
        "delay": "PT0S",
        "contact_method_id": made["methods"]["email"]["id"],
        "only_after_failure": True,
        "repeat": {"every": "PT5M", "at_most": 2},
    }
    refused = await system.api.post(f"/api/v1/users/{made['ana']['id']}/notification-rules", json=wanted)
    assert refused.status_code == 422
    assert "leave repeat out" in refused.json()["detail"]


async def test_a_simulation_says_which_message_only_stands_in(system: System) -> None:
    made = await reached(system, *SPARE)
    answer = await system.api.post("/api/v1/simulate", json={"service_id": made["service"]["id"]})
    assert answer.status_code == 200, answer.text
    steps = answer.json()["steps"]
    messages = next(step["pages"][0]["messages"] for step in steps if step["pages"])
    assert [(one["channel"], one["only_after_failure"]) for one in messages] == [("email", False), ("webhook", True)]


@pytest.mark.parametrize("account", [True, False], ids=["the account e-mail", "a verified e-mail"])
async def test_without_a_rule_for_low_urgency_what_works_stands_in_for_an_e_mail_that_cannot_be_sent(system: System, account: bool) -> None:
    ana = await system.user("Ana", channel="webhook")
    if not account:
        await system.make(f"users/{ana['id']}/contact-methods", channel="email", address="ana@example.com")
    made = await system.service([to(ana)], urgency="low")
    system.email.always = FailedPermanently("e-mail is not configured", code="not_configured")
    told = await system.event(made["key"])
    await system.run_due()
    assert (len(system.email.sent), len(system.webhook.sent)) == (1, 1)
    timeline = (await system.api.get(f"/api/v1/incidents/{told['incident_id']}/timeline")).json()["items"]
    assert [entry["reason"] for entry in timeline if "stands in" in entry["reason"]] == [
        "cannot be sent to Ana by email (a…@example.com): e-mail is not configured; webhook, which stands in for it, is due now"
    ]
