"""Which entry is told to whom, and what becomes of a try."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import IncidentId, ServiceId, TeamId, UserId
from oncall.timeline.values import Entry, Kind
from oncall.webhooks import rules
from oncall.webhooks.values import (
    TRIED_FOR,
    Delivered,
    Described,
    EventType,
    Filter,
    GiveUp,
    Secrets,
    Settings,
    Subscription,
    Tried,
    TryAgain,
    TryOutcome,
    Webhook,
    WebhookId,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
A, B = TeamId(UUID(int=1)), TeamId(UUID(int=2))
PAYMENTS, SEARCH = ServiceId(UUID(int=3)), ServiceId(UUID(int=4))
# A last byte of 128 is as good as no jitter.
ID = UUID(int=0x0196_0000_0000_7000_8000_0000_0000_0080)
WEBHOOK = Webhook(WebhookId(UUID(int=5)), Settings("board", "https://hooks.example.com", (EventType.TRIGGERED,)), NOW)


def entry(kind: Kind, **detail: object) -> Entry:
    return Entry(IncidentId(UUID(int=9)), NOW, kind, Actor(ActorKind.USER, UserId(UUID(int=8)), "Ana", "api"), "because", detail)


@pytest.mark.parametrize(
    ("what", "given", "expected"),
    [
        ("it opens", entry(Kind.OPENED), EventType.TRIGGERED),
        ("its first step fires, which says nothing new", entry(Kind.STEP_FIRED, cycle=1, round=1, step=0), None),
        ("its second step fires", entry(Kind.STEP_FIRED, cycle=1, round=1, step=1), EventType.ESCALATED),
        ("its first step fires in the second round", entry(Kind.STEP_FIRED, cycle=1, round=2, step=0), EventType.ESCALATED),
        ("it begins anew with the first step", entry(Kind.STEP_FIRED, cycle=2, round=1, step=0), None),
        ("it goes to the fallback policy", entry(Kind.FALLBACK), EventType.ESCALATED),
        ("a step is skipped", entry(Kind.STEP_SKIPPED, cycle=1, round=1, step=1), None),
        ("the acknowledgement times out", entry(Kind.ACK_TIMEOUT), EventType.UNACKNOWLEDGED),
        ("a snooze ends", entry(Kind.SNOOZE_ENDED), EventType.UNACKNOWLEDGED),
        ("a message was sent", entry(Kind.SENT), None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_an_entry_is_for_programs(what: str, given: Entry, expected: EventType | None) -> None:
    assert rules.type_of(given) is expected


def test_every_type_is_somebodys() -> None:
    assert {*rules.TYPES.values(), EventType.ESCALATED} == set(EventType)


CRITICAL = Described(A, PAYMENTS, "high", "critical", {})


@pytest.mark.parametrize(
    ("what", "filter", "incident", "passes"),
    [
        ("nothing said leaves nothing out", Filter(), CRITICAL, True),
        ("its team's", Filter(team_id=A), CRITICAL, True),
        ("another team's", Filter(team_id=B), CRITICAL, False),
        ("nobody's", Filter(team_id=A), replace(CRITICAL, team_id=None), False),
        ("one of its services", Filter(service_ids=(SEARCH, PAYMENTS)), CRITICAL, True),
        ("another service", Filter(service_ids=(SEARCH,)), CRITICAL, False),
        ("its urgency", Filter(urgencies=("high",)), CRITICAL, True),
        ("another urgency", Filter(urgencies=("low",)), CRITICAL, False),
        ("one of its severities", Filter(severities=("error", "critical")), CRITICAL, True),
        ("all of it must hold", Filter(team_id=A, severities=("info",)), CRITICAL, False),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_filters(what: str, filter: Filter, incident: Described, passes: bool) -> None:
    wanting = Subscription(WEBHOOK.id, frozenset({"incident.triggered"}), filter)
    assert rules.wants(wanting, EventType.TRIGGERED, incident) is passes
    assert not rules.wants(wanting, EventType.RESOLVED, incident), "which it did not ask for"


def refused(code: int, retry_after: timedelta | None = None) -> Tried:
    return Tried(TryOutcome.REFUSED, f"answered {code}", code, retry_after)


SOON = timedelta(seconds=5.0039)


@pytest.mark.parametrize(
    ("what", "tried", "tries", "left", "expected"),
    [
        ("a 2xx is the only success", Tried(TryOutcome.DELIVERED, "answered 204", 204), 1, TRIED_FOR, Delivered("answered 204")),
        ("a 500 is tried again in 5 s", refused(500), 1, TRIED_FOR, TryAgain(NOW + SOON, "answered 500")),
        ("so is a 400, which may be put right", refused(400), 1, TRIED_FOR, TryAgain(NOW + SOON, "answered 400")),
        ("and what may have arrived", Tried(TryOutcome.UNKNOWN, "sent"), 1, TRIED_FOR, TryAgain(NOW + SOON, "sent")),
        ("Retry-After makes it later", refused(429, 2 * HOUR), 1, TRIED_FOR, TryAgain(NOW + 2 * HOUR, "answered 429")),
        ("never earlier", refused(429, timedelta(0)), 1, TRIED_FOR, TryAgain(NOW + SOON, "answered 429")),
        ("and by four hours at most", refused(503, 90 * HOUR), 1, TRIED_FOR, TryAgain(NOW + 4 * HOUR, "answered 503")),
        ("after 48 hours it is given up", refused(500), 17, HOUR, GiveUp("given up after 17 tries, last: answered 500")),
        ("a 410 is final", refused(410), 1, TRIED_FOR, GiveUp("answered 410: the receiver wants nothing more")),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_becomes_of_a_try(what: str, tried: Tried, tries: int, left: timedelta, expected: object) -> None:
    fate = rules.decide_fate(tried, id=ID, tries=tries, give_up_at=NOW + left, now=NOW)
    if isinstance(fate, TryAgain) and isinstance(expected, TryAgain):
        assert abs(fate.next_at - expected.next_at) < timedelta(milliseconds=50)
        assert fate.reason == expected.reason
    else:
        assert fate == expected


@given(id=st.uuids(), gone=st.timedeltas(timedelta(0), TRIED_FOR))
def test_whatever_fails_always_is_given_up_within_48_hours_and_some_twenty_tries(id: UUID, gone: timedelta) -> None:
    now, tries = NOW + gone, 1
    while isinstance(fate := rules.decide_fate(refused(500), id=id, tries=tries, give_up_at=NOW + TRIED_FOR, now=now), TryAgain):
        assert now < fate.next_at <= NOW + TRIED_FOR
        now, tries = fate.next_at, tries + 1
    assert tries <= 25


FAILING = replace(WEBHOOK, failing_since=NOW - 47 * HOUR)


@pytest.mark.parametrize(
    ("what", "webhook", "tried", "expected"),
    [
        ("one failure is nothing", WEBHOOK, refused(500), None),
        ("nor are 47 hours", FAILING, refused(500), None),
        (
            "48 hours are",
            replace(FAILING, failing_since=NOW - 48 * HOUR),
            refused(500),
            "nothing was delivered for 48 hours, last: answered 500",
        ),
        ("410 Gone is at once", WEBHOOK, refused(410), "its receiver answered 410 Gone"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_when_a_webhook_is_disabled(what: str, webhook: Webhook, tried: Tried, expected: str | None) -> None:
    assert rules.why_disable(webhook, tried, now=NOW) == expected


def test_an_edit_switches_on_what_was_disabled_and_forgets_its_failures() -> None:
    off = rules.disabled(replace(FAILING, version=3), "its receiver answered 410 Gone", now=NOW)
    assert (off.settings.enabled, off.off_because, off.disabled_at, off.version) == (False, "its receiver answered 410 Gone", NOW, 4)
    on = rules.edited(off, WEBHOOK.settings, now=NOW + HOUR)
    assert (on.settings.enabled, on.off_because, on.disabled_at, on.failing_since, on.version) == (True, None, None, None, 5)
    still_off = rules.edited(off, replace(WEBHOOK.settings, name="wall", enabled=False), now=NOW + HOUR)
    assert (still_off.off_because, still_off.disabled_at) == (off.off_because, NOW), "an edit of its name is no other reason"
    by_hand = rules.edited(FAILING, replace(WEBHOOK.settings, enabled=False), now=NOW)
    assert (by_hand.off_because, by_hand.failing_since) == ("switched off", None)


@pytest.mark.parametrize(
    ("secrets", "expected"),
    [
        (Secrets(b"new"), [b"new"]),
        (Secrets(b"new", b"old", NOW + HOUR), [b"new", b"old"]),
        (Secrets(b"new", b"old", NOW), [b"new"]),
    ],
)
def test_the_secret_before_signs_until_its_time_is_over(secrets: Secrets, expected: list[bytes]) -> None:
    assert rules.signing(secrets, now=NOW) == expected
