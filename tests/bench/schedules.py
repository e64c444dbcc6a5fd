"""Rows about the resolver, measured in process: how long one answer takes, whatever the schedule's age, and against a calendar library."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median

import icalendar
import recurring_ical_events

from oncall.schedules.compiled import CompiledSchedule
from oncall.schedules.rules import on_call_at, render
from oncall.schedules.values import Schedule
from tests.bench.table import Result, Spread
from tests.schedules.building import ana, at, bob, cem, dee, every, layer, override, schedule, window

ROUNDS = 7
ZONE = "Europe/Berlin"


def busy_schedule(anchor: str) -> Schedule:
    """Three layers in a zone with daylight saving (a weekly rotation, nights, weekends), and twenty overrides in a month."""
    layers = (
        layer(ana, bob, cem, rotation=every(1, "week", anchor), zone=ZONE, name="primary"),
        layer(
            cem, dee, rotation=every(1, "day", anchor), zone=ZONE, name="nights", precedence=1, windows=window("daily", "20:00", hours=12)
        ),
        layer(
            ana, bob, rotation=every(1, "week", anchor), zone=ZONE, name="weekends", precedence=2, windows=window("sat", "00:00", hours=48)
        ),
    )
    overrides = tuple(override("cover", f"2026-03-{day:02} 09:00", f"2026-03-{day:02} 15:00", dee, seq=day) for day in range(1, 21))
    return schedule(*layers, overrides=overrides)


YOUNG, OLD = busy_schedule("2026-03-09 09:00"), busy_schedule("2006-03-06 09:00")
NOW = at("2026-03-10 10:00")


def seconds(of: Callable[[], object], *, times: int) -> float:
    """Of one call, of so many in a row."""
    of()
    begun = time.perf_counter()
    for _ in range(times):
        of()
    return (time.perf_counter() - begun) / times


def rows() -> list[Result]:
    """Both sides of each ratio in turn, round by round."""
    return [Result("P9", skipped="LinkedIn's oncall wants MySQL, which is not here"), *_answers(), _year(), _library()]


def _answers() -> list[Result]:
    compiled = CompiledSchedule(YOUNG)
    plain, aged, found = [], [], []
    for _ in range(ROUNDS):
        young = seconds(lambda: on_call_at(YOUNG, at=NOW), times=3_000)
        plain.append(young * 1e6)
        aged.append(seconds(lambda: on_call_at(OLD, at=NOW), times=3_000) / young)
        found.append(seconds(lambda: compiled.at(NOW), times=20_000) * 1e6)
    return [
        Result("S1", (Spread(tuple(plain)), Spread(tuple(found)))),
        Result("S2", (Spread(tuple(aged)),), ("the same layers begun 20 years ago against yesterday",)),
    ]


def _year() -> Result:
    since, until = at("2026-01-01"), at("2027-01-01")
    times = [seconds(lambda: render(YOUNG, since, until), times=1) * 1e3 for _ in range(ROUNDS)]
    return Result("S3", (Spread(tuple(times)),), (f"{len(render(YOUNG, since, until))} tiles",))


def _calendar() -> recurring_ical_events.CalendarQuery:
    """The same schedule as a calendar: each person's turns as one repeating event, each override as an event; parsed beforehand."""
    weekly = [("P7D", f"202603{9 + 7 * n:02}T090000", "FREQ=WEEKLY;INTERVAL=3") for n in range(3)]
    nights = [("PT12H", f"202603{9 + n:02}T200000", "FREQ=DAILY;INTERVAL=2") for n in range(2)]
    weekends = [("P2D", f"202603{14 + 7 * n:02}T000000", "FREQ=WEEKLY;INTERVAL=2") for n in range(2)]
    single = [("PT6H", f"202603{day:02}T090000", "") for day in range(1, 21)]
    events = "".join(
        f"BEGIN:VEVENT\r\nUID:{n}\r\nSUMMARY:{n}\r\nDTSTART;TZID={ZONE}:{start}\r\nDURATION:{length}\r\n"
        + (f"RRULE:{rule}\r\n" if rule else "")
        + "END:VEVENT\r\n"
        for n, (length, start, rule) in enumerate([*weekly, *nights, *weekends, *single])
    )
    return recurring_ical_events.of(icalendar.Calendar.from_ical(f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n"))


def _library() -> Result:
    later = NOW + timedelta(days=3653)
    theirs = _calendar()

    def ask(instant: datetime) -> object:
        return theirs.between(instant, instant + timedelta(seconds=1))

    compiled = CompiledSchedule(YOUNG)
    faster, uncompiled, ageing, theirs_ageing = [], [], [], []
    for _ in range(ROUNDS):
        here = seconds(lambda: on_call_at(YOUNG, at=NOW), times=2_000)
        far = seconds(lambda: on_call_at(YOUNG, at=later), times=2_000)
        known = seconds(lambda: compiled.at(NOW), times=20_000)
        their_here, their_far = seconds(lambda: ask(NOW), times=5), seconds(lambda: ask(later), times=2)
        faster.append(their_here / known)
        uncompiled.append(their_here / here)
        ageing.append(far / here)
        theirs_ageing.append(their_far / their_here)
    today, ageing_of_theirs = median(uncompiled), median(theirs_ageing)
    note = (
        f"compiled, as look-ups are; uncompiled {today:.0f} times as fast today and {today * ageing_of_theirs:.0f} times ten years out, "
        f"where the library takes {ageing_of_theirs:.0f} times as long as today"
    )
    return Result("P10", (Spread(tuple(faster)), Spread(tuple(ageing))), (note,))
