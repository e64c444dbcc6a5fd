"""By which ways a person is reached, and why by these (`semantics.md` §5)."""

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.contacts.rules import is_account_email, plan_ways
from oncall.contacts.values import ContactMethod, NotificationRule, Reach, Urgency, Way, Ways
from oncall.kit.ids import ContactMethodId, UserId

ANA = UserId(UUID(int=1))
THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_, FIVE = timedelta(0), timedelta(minutes=5)
HIGH, LOW = Urgency.HIGH, Urgency.LOW


def method(n: int, channel: str, *, verified: bool = True) -> ContactMethod:
    return ContactMethod(ContactMethodId(UUID(int=n)), ANA, channel, f"{channel}-{n}", THEN if verified else None, THEN)


def rule(n: int, urgency: Urgency, delay: timedelta, to: ContactMethod, created_at: datetime = THEN) -> NotificationRule:
    return NotificationRule(UUID(int=n), ANA, urgency, delay, to.id, created_at)


def reach(*known: ContactMethod | NotificationRule) -> Reach:
    methods = tuple(x for x in known if isinstance(x, ContactMethod))
    return Reach(ANA, "Ana", "ana@example.com", methods, tuple(x for x in known if isinstance(x, NotificationRule)))


def way(to: ContactMethod, delay: timedelta = NOW_, nth: int = 1) -> Way:
    return Way(to.id, to.channel, to.address, delay, nth)


MAIL, HOOK, HOOK_2 = method(11, "email"), method(12, "webhook"), method(13, "webhook")
UNVERIFIED = method(14, "sms", verified=False)
ACCOUNT = Way(ANA, "email", "ana@example.com", NOW_, 1)


@pytest.mark.parametrize(
    ("what", "given", "urgency", "expected"),
    [
        (
            "one way per rule, by delay, whatever order they were made in",
            reach(MAIL, HOOK, rule(21, HIGH, FIVE, MAIL), rule(22, HIGH, NOW_, HOOK)),
            HIGH,
            Ways((way(HOOK), way(MAIL, FIVE)), True, "by 2 notification rules of Ana for high urgency"),
        ),
        (
            "same delay: the older rule first",
            reach(MAIL, HOOK, rule(21, HIGH, FIVE, MAIL, THEN + FIVE), rule(22, HIGH, FIVE, HOOK)),
            HIGH,
            Ways((way(HOOK, FIVE), way(MAIL, FIVE)), True, "by 2 notification rules of Ana for high urgency"),
        ),
        (
            "two rules may name one method: two messages, counted",
            reach(HOOK, rule(21, HIGH, FIVE, HOOK), rule(22, HIGH, NOW_, HOOK)),
            HIGH,
            Ways((way(HOOK), way(HOOK, FIVE, 2)), True, "by 2 notification rules of Ana for high urgency"),
        ),
        (
            "rules of the other urgency do not count",
            reach(MAIL, HOOK, rule(21, LOW, FIVE, HOOK), rule(22, HIGH, NOW_, MAIL)),
            LOW,
            Ways((way(HOOK, FIVE),), True, "by 1 notification rule of Ana for low urgency"),
        ),
        (
            "an unverified method is never paged, and the plan says so",
            reach(HOOK, UNVERIFIED, rule(21, HIGH, NOW_, UNVERIFIED), rule(22, HIGH, FIVE, HOOK)),
            HIGH,
            Ways(
                (way(HOOK, FIVE),),
                True,
                "by 1 notification rule of Ana for high urgency; 1 notification rule left out: not verified",
            ),
        ),
        (
            "no rule, high: all verified contact methods at once",
            reach(MAIL, HOOK, HOOK_2, UNVERIFIED),
            HIGH,
            Ways(
                (way(MAIL), way(HOOK), way(HOOK_2)),
                True,
                "Ana has no notification rule for high urgency: all verified contact methods at once",
            ),
        ),
        (
            "no rule, low: verified e-mail",
            reach(MAIL, UNVERIFIED),
            LOW,
            Ways((way(MAIL),), True, "Ana has no notification rule for low urgency: verified e-mail"),
        ),
        (
            "no rule, low: what else is verified stands in for an e-mail that fails, last what may ring",
            reach(MAIL, method(16, "sms"), HOOK),
            LOW,
            Ways(
                (way(MAIL), replace(way(HOOK), stands_in_for=(MAIL.id, 1)), replace(way(method(16, "sms")), stands_in_for=(HOOK.id, 1))),
                True,
                "Ana has no notification rule for low urgency: verified e-mail, and webhook, then sms only after that failed",
            ),
        ),
        (
            "no rule, low: of several verified e-mails the first, and one after the other; nobody is sent it twice",
            reach(MAIL, method(17, "email"), HOOK),
            LOW,
            Ways(
                (
                    way(MAIL),
                    replace(way(method(17, "email")), stands_in_for=(MAIL.id, 1)),
                    replace(way(HOOK), stands_in_for=(method(17, "email").id, 1)),
                ),
                True,
                "Ana has no notification rule for low urgency: verified e-mail, and e-mail 2, then webhook only after that failed",
            ),
        ),
        (
            "no rule, low, no verified e-mail: the account e-mail",
            reach(HOOK, method(15, "email", verified=False)),
            LOW,
            Ways(
                (ACCOUNT, replace(way(HOOK), stands_in_for=(ANA, 1))),
                True,
                "Ana has no notification rule for low urgency: the account e-mail, and webhook only after that failed",
            ),
        ),
        (
            "rules that name nothing verified: as if there were none, and the plan says so",
            reach(HOOK, UNVERIFIED, rule(21, HIGH, FIVE, UNVERIFIED)),
            HIGH,
            Ways(
                (way(HOOK),),
                True,
                "no notification rule of Ana for high urgency names a verified contact method: all verified contact methods at once",
            ),
        ),
        (
            "nothing verified: the account e-mail as a last resort, and the next step at once",
            reach(UNVERIFIED, rule(21, HIGH, FIVE, UNVERIFIED)),
            HIGH,
            Ways((ACCOUNT,), False, "Ana has no verified contact method; a message to the account e-mail is the last resort"),
        ),
        (
            "nothing at all, low: the account e-mail is the way of low urgency anyhow",
            reach(),
            LOW,
            Ways((ACCOUNT,), True, "Ana has no notification rule for low urgency: the account e-mail"),
        ),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)
def test_plan_ways(what: str, given: Reach, urgency: Urgency, expected: Ways) -> None:
    assert plan_ways(given, urgency) == expected


@pytest.mark.parametrize(
    ("channel", "address", "expected"),
    [
        ("email", "ana@example.com", True),
        ("email", "Ana@Example.COM", True),
        ("email", "ben@example.com", False),
        ("webhook", "ana@example.com", False),
    ],
)
def test_only_the_accounts_own_address_by_mail_needs_no_proof(channel: str, address: str, expected: bool) -> None:
    assert is_account_email(channel, address, "ana@example.com") == expected


@st.composite
def reaches(draw: st.DrawFn) -> Reach:
    methods = [
        method(n, draw(st.sampled_from(["email", "webhook", "sms"])), verified=draw(st.booleans()))
        for n in range(2, draw(st.integers(2, 6)))
    ]
    one = st.builds(
        rule,
        st.integers(100, 10_000),
        st.sampled_from(Urgency),
        st.timedeltas(timedelta(0), timedelta(hours=1)),
        st.sampled_from(methods),
        st.timedeltas(timedelta(0), timedelta(hours=1)).map(lambda age: THEN - age),
    )
    return reach(*methods, *draw(st.lists(one, max_size=8, unique_by=lambda r: r.id) if methods else st.just([])))


@given(reaches(), st.sampled_from(Urgency))
def test_every_rule_that_names_a_verified_method_is_one_way(given_: Reach, urgency: Urgency) -> None:
    verified = {m.id for m in given_.methods if m.verified}
    wanted = sorted((r.delay, r.contact_method_id) for r in given_.rules if r.urgency is urgency and r.contact_method_id in verified)
    if wanted:
        assert sorted((w.delay, w.contact_method_id) for w in plan_ways(given_, urgency).ways) == wanted


@given(reaches(), st.sampled_from(Urgency))
def test_delays_never_decrease_and_a_method_is_counted_in_order(given_: Reach, urgency: Urgency) -> None:
    ways = plan_ways(given_, urgency).ways
    assert [w.delay for w in ways] == sorted(w.delay for w in ways)
    counted: defaultdict[UUID, list[int]] = defaultdict(list)
    for planned in ways:
        counted[planned.contact_method_id].append(planned.nth)
    assert all(nths == list(range(1, len(nths) + 1)) for nths in counted.values())


@given(reaches(), st.sampled_from(Urgency))
def test_silence_is_never_the_plan_and_nothing_unverified_is_in_it(given_: Reach, urgency: Urgency) -> None:
    planned = plan_ways(given_, urgency)
    verified = {m.id for m in given_.methods if m.verified}
    assert planned.ways
    assert planned.reason
    assert {w.contact_method_id for w in planned.ways} <= verified | {ANA}
    assert planned.reachable == (bool(verified) or urgency is LOW)


@given(reaches(), st.sampled_from(Urgency), st.randoms())
def test_the_plan_does_not_depend_on_the_order_in_which_rules_were_read(given_: Reach, urgency: Urgency, random: object) -> None:
    shuffled = list(given_.rules)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert plan_ways(replace(given_, rules=tuple(shuffled)), urgency) == plan_ways(given_, urgency)
