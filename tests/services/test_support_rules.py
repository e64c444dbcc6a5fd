"""`semantics.md` §2: the urgency of what opens on a service, by severity and by its support hours."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.building import at, calendar

from oncall.contacts.values import Urgency
from oncall.desk.values.calendars import Calendar
from oncall.escalation.values import Support
from oncall.kit.ids import PolicyId, ServiceId
from oncall.services.rules.support import rises_at, support_of, urgency_of
from oncall.services.values import Service, UrgencyMode

OFFICE = calendar(closed="2026-01-06")
ALL_SEVERITIES = ("critical", "error", "unknown", "warning", "info")
MONDAY_MORNING, MONDAY_NOON, MONDAY_NIGHT = at("2026-01-05 09:00"), at("2026-01-05 12:00"), at("2026-01-05 20:00")
WEDNESDAY_MORNING = at("2026-01-07 09:00")


def service(urgency: UrgencyMode = UrgencyMode.BY_SUPPORT_HOURS, hours: Calendar | None = OFFICE) -> Service:
    id = hours.id if hours else None
    no_time = timedelta(0)
    return Service(ServiceId(UUID(int=1)), "shop", None, PolicyId(UUID(int=2)), None, urgency, no_time, support_hours_id=id, hours=hours)


@pytest.mark.parametrize(
    ("mode", "high"),
    [
        (UrgencyMode.HIGH, set(ALL_SEVERITIES)),
        (UrgencyMode.LOW, set()),
        (UrgencyMode.BY_SEVERITY, {"critical", "error", "unknown"}),
    ],
)
def test_urgency_by_severity(mode: UrgencyMode, high: set[str]) -> None:
    for now in (MONDAY_NOON, MONDAY_NIGHT):
        assert {severity for severity in ALL_SEVERITIES if urgency_of(service(mode), severity, now=now) is Urgency.HIGH} == high
        assert rises_at(service(mode), now=now) is None, "only what goes by support hours rises when they begin"


@pytest.mark.parametrize(
    ("what", "now", "urgency", "rises"),
    [
        ("while they run", MONDAY_NOON, Urgency.HIGH, None),
        ("at the very instant at which they begin", MONDAY_MORNING, Urgency.HIGH, None),
        ("just before", MONDAY_MORNING - timedelta(seconds=1), Urgency.LOW, MONDAY_MORNING),
        ("at the very instant at which they end", at("2026-01-05 17:00"), Urgency.LOW, WEDNESDAY_MORNING),
        ("in the night before a holiday", MONDAY_NIGHT, Urgency.LOW, WEDNESDAY_MORNING),
        ("on the holiday", at("2026-01-06 12:00"), Urgency.LOW, WEDNESDAY_MORNING),
        ("at the weekend", at("2026-01-10 12:00"), Urgency.LOW, at("2026-01-12 09:00")),
    ],
)
def test_by_support_hours_it_is_high_while_they_run_and_rises_when_they_begin(
    what: str, now: object, urgency: Urgency, rises: object
) -> None:
    for severity in ALL_SEVERITIES:
        assert urgency_of(service(), severity, now=now) is urgency, what  # type: ignore[arg-type]
    assert rises_at(service(), now=now) == rises, what  # type: ignore[arg-type]


def test_a_service_without_support_hours_is_supported_round_the_clock() -> None:
    assert support_of(service(UrgencyMode.HIGH, None), now=MONDAY_NIGHT) is None
    assert support_of(service(UrgencyMode.HIGH), now=MONDAY_NOON) == Support(runs=True)
    assert support_of(service(UrgencyMode.HIGH), now=MONDAY_NIGHT) == Support(runs=False, begins_at=WEDNESDAY_MORNING)
    assert urgency_of(service(hours=None), "info", now=MONDAY_NIGHT) is Urgency.HIGH, "hours that were not read never make it quiet"


@given(st.datetimes(min_value=at("2026-01-01 00:00").replace(tzinfo=None), max_value=at("2026-12-31 00:00").replace(tzinfo=None)))
def test_what_is_low_is_high_from_the_instant_on_at_which_it_is_said_to_rise(when: object) -> None:
    now = when.replace(tzinfo=MONDAY_NOON.tzinfo)  # type: ignore[attr-defined]
    low = urgency_of(service(), "error", now=now) is Urgency.LOW
    rises = rises_at(service(), now=now)
    assert low == (rises is not None)
    if rises is not None:
        assert rises > now
        assert urgency_of(service(), "error", now=rises) is Urgency.HIGH
        assert urgency_of(service(), "error", now=rises - timedelta(microseconds=1)) is Urgency.LOW
