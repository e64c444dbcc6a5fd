"""Quiet hours of a person, by their own clock (`semantics.md` §5), and how they are kept."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.incidents.acting import responder
from tests.system import System

from oncall.contacts.rules import plan_ways, quiet_until
from oncall.contacts.values import ContactMethod, NotificationRule, Reach, Repeat, Urgency
from oncall.kit.ids import ContactMethodId, UserId
from oncall.notifications.rules import plan_page
from oncall.teams.values import DAYS, QuietHours

ANA = UserId(UUID(int=1))
MINUTE = timedelta(minutes=1)
NIGHT, NOON = QuietHours(time(22), time(7)), QuietHours(time(12), time(14))
TO_HALF_TWO, FROM_HALF_TWO = QuietHours(time(22), time(2, 30)), QuietHours(time(2, 30), time(7))
WEEKEND = QuietHours(time(20), time(9), ("friday", "saturday"))


def reach(hours: QuietHours | None, zone: str = "UTC", *rules: NotificationRule) -> Reach:
    return Reach(ANA, "Ana", "ana@example.com", (MAIL,), rules, zone, hours)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


MAIL = ContactMethod(ContactMethodId(UUID(int=2)), ANA, "email", "ana@example.com", utc("2026-01-01"), utc("2026-01-01"))


@pytest.mark.parametrize(
    ("what", "hours", "zone", "at", "until"),
    [
        ("they begin at their first instant", NIGHT, "UTC", "2026-03-02T22:00", "2026-03-03T07:00"),
        ("not before", NIGHT, "UTC", "2026-03-02T21:59:59", None),
        ("after midnight they are those of the evening before", NIGHT, "UTC", "2026-03-03T06:59:59", "2026-03-03T07:00"),
        ("their end is not of them", NIGHT, "UTC", "2026-03-03T07:00", None),
        ("within a day", NOON, "UTC", "2026-03-02T13:00", "2026-03-02T14:00"),
        ("the clock is the person's", NIGHT, "America/New_York", "2026-03-02T04:00", "2026-03-02T12:00"),
        ("only of nights that begin on their days", WEEKEND, "UTC", "2026-03-01T20:00", None),
        ("a night of Saturday goes on into Sunday", WEEKEND, "UTC", "2026-03-01T08:00", "2026-03-01T09:00"),
        ("none", None, "UTC", "2026-03-02T03:00", None),
        # In Berlin clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
        ("a short night ends by the clock", NIGHT, "Europe/Berlin", "2026-03-28T22:00", "2026-03-29T05:00"),
        ("an end that is skipped", TO_HALF_TWO, "Europe/Berlin", "2026-03-29T00:59", "2026-03-29T01:00"),
        ("is over after the gap", TO_HALF_TWO, "Europe/Berlin", "2026-03-29T01:00", None),
        ("an end that comes twice", TO_HALF_TWO, "Europe/Berlin", "2026-10-25T00:29", "2026-10-25T00:30"),
        ("is over the first time", TO_HALF_TWO, "Europe/Berlin", "2026-10-25T01:15", None),
        ("a beginning that comes twice begins once", FROM_HALF_TWO, "Europe/Berlin", "2026-10-25T01:15", "2026-10-25T06:00"),
        ("a beginning that is skipped begins after the gap", FROM_HALF_TWO, "Europe/Berlin", "2026-03-29T01:00", "2026-03-29T05:00"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
def test_quiet_until(what: str, hours: QuietHours | None, zone: str, at: str, until: str | None) -> None:
    given_ = reach(hours, zone)
    assert quiet_until(given_, Urgency.LOW, utc(at)) == (utc(until) if until else None)
    assert quiet_until(given_, Urgency.HIGH, utc(at)) is None, "of high urgency everybody is paged"


@given(
    hours=st.builds(
        QuietHours, st.times().map(lambda t: t.replace(microsecond=0)), st.times().map(lambda t: t.replace(microsecond=0)), st.just(DAYS)
    ).filter(lambda hours: hours.start_time != hours.end_time),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/St_Johns"]),
    at=st.integers(0, 366 * 86_400).map(lambda seconds: utc("2026-01-01") + timedelta(seconds=seconds)),
)
def test_they_always_end_within_a_day_or_so_and_then_they_are_over(hours: QuietHours, zone: str, at: datetime) -> None:
    until = quiet_until(reach(hours, zone), Urgency.LOW, at)
    if until is not None:
        assert at < until <= at + timedelta(hours=25)
        assert quiet_until(reach(hours, zone), Urgency.LOW, until) is None


def rule(n: int, delay: int = 0, repeat: Repeat | None = None) -> NotificationRule:
    return NotificationRule(UUID(int=n), ANA, Urgency.LOW, delay * MINUTE, MAIL.id, utc("2026-01-01"), repeat)


@pytest.mark.parametrize(
    ("what", "rules", "now", "sent"),
    [
        ("none is sent in quiet hours", (), "02T23:00", ["03T07:00"]),
        ("what a rule would send in them waits", (rule(21), rule(22, 5)), "02T21:58", ["02T21:58", "03T07:00"]),
        ("delays count from their end", (rule(21), rule(22, 5)), "02T23:00", ["03T07:00", "03T07:05"]),
        ("repetitions are no pile at their end", (rule(21, 0, Repeat(30 * MINUTE, 3)),), "02T21:45", ["02T21:45", "03T07:00"]),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_plan_page(what: str, rules: tuple[NotificationRule, ...], now: str, sent: list[str]) -> None:
    at = utc(f"2026-03-{now}")
    ana = reach(NIGHT, "UTC", *rules)
    ways = plan_page(ana, plan_ways(ana, Urgency.LOW), Urgency.LOW, due_at=at, now=at)
    planned = [utc(f"2026-03-{one}") for one in sent]
    assert [(way.next_at, way.due_at) for way in ways] == list(zip(planned, planned, strict=True)), "and none says that it is late"
    assert len({way.nth for way in ways}) == len(ways)


HOURS: dict[str, Any] = {"start_time": "22:00:00", "end_time": "07:00:00"}


async def test_a_person_keeps_their_own(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    path = f"/api/v1/users/{ana['id']}/quiet-hours"
    key = (await responder(system, "Ana")).client
    none = await key.get(path)
    assert (none.status_code, none.json()["detail"]) == (404, "This user has no quiet hours: PUT sets them.")
    kept = await key.put(path, json={**HOURS, "days": ["sunday", "friday"]})
    assert (kept.status_code, kept.json()) == (200, {**HOURS, "days": ["friday", "sunday"]})
    assert (await key.put(path, json=kept.json())).json() == (await key.get(path)).json() == kept.json()
    assert (await key.put(path, json=HOURS)).json()["days"] == list(DAYS)
    assert (await key.put(f"/api/v1/users/{ben['id']}/quiet-hours", json=HOURS)).status_code == 403
    assert (await key.delete(path)).status_code == 204
    assert [(await key.get(path)).status_code, (await key.delete(path)).status_code] == [404, 404]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"end_time": "22:00"}, "must differ"),
        ({"days": []}, "at least 1 item"),
        ({"days": ["today"]}, "'monday'"),
        ({"start_time": "22:00+01:00"}, "without an offset"),
        ({"zone": "UTC"}, "no such field"),
    ],
)
async def test_what_cannot_be_quiet_hours_is_refused(system: System, change: dict[str, Any], says: str) -> None:
    ana = await system.user("Ana")
    refused = await system.api.put(f"/api/v1/users/{ana['id']}/quiet-hours", json=HOURS | change)
    assert refused.status_code == 422
    assert says in refused.text
