"""Planted holes are found, and nothing else; and the answer is that of asking again in every minute."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.examples import examples
from tests.reports.covering import (
    DAYTIME,
    HIGH,
    LOW,
    NIGHT,
    NOBODY,
    OFFICE,
    OUR_TEAM,
    QUIET,
    ROOM,
    facts,
    found,
    on,
    policy,
    reach,
    step,
    to,
)
from tests.schedules.building import ana, at, away, bob, cem, dee, every, layer, override, schedule, user, window
from tests.schedules.strategies import schedules

from oncall.contacts.rules import ways_of
from oncall.contacts.values import Reach, Urgency
from oncall.escalation.values import ALL_SEVERITIES, DAYS, Hours, Policy, Snapshot, Step, TargetType
from oncall.kit.ids import UserId
from oncall.kit.zones import mono, to_instant, to_seconds, to_wall
from oncall.reports.commands.coverage import holes_of
from oncall.reports.rules.coverage import alike, outlook_of, stretches, watch
from oncall.reports.values.coverage import Facts, HoleKind, Support
from oncall.schedules.rules import on_call_at
from oncall.schedules.values import Schedule
from oncall.services.rules.support import urgency_of
from oncall.services.values import UrgencyMode
from oncall.teams.values import QuietHours

SINCE, UNTIL = at("2026-03-27 00:00"), at("2026-03-31 00:00")
ALL = ("03-27 00:00", "03-31 00:00")
BERLIN = "Europe/Berlin"
ALWAYS = schedule(layer(ana))
GAP = schedule(layer(ana), overrides=(override("clear", "2026-03-28 03:00", "2026-03-28 04:00"),))
# In winter the day shift of Berlin and the night shift in UTC meet; once the clocks are put forward, an hour lies between them.
CLOCKS = schedule(
    layer(ana, zone=BERLIN, name="day", windows=window("daily", "06:00", hours=16)),
    layer(bob, zone="UTC", name="night", windows=window("daily", "21:00", hours=8)),
)
ON_HOLIDAY = schedule(
    layer(ana, bob, rotation=every(1, "day", "2026-03-27 00:00")), away=(away(bob, "2026-03-28 12:00", "2026-03-30 00:00"),)
)
TWICE = [(urgency, "03-28 03:00", "03-28 04:00", NOBODY) for urgency in (HIGH, LOW)]
NIGHTS = [
    ("03-27 00:00", "03-27 08:00"),
    ("03-27 22:00", "03-28 08:00"),
    ("03-28 22:00", "03-29 07:00"),
    ("03-29 21:00", "03-30 07:00"),
    ("03-30 21:00", "03-31 00:00"),
]
PEACE = [
    ("03-27 00:00", "03-27 07:00"),
    ("03-27 22:00", "03-28 07:00"),
    ("03-28 22:00", "03-29 07:00"),
    ("03-29 22:00", "03-30 07:00"),
    ("03-30 22:00", "03-31 00:00"),
]
CLOSED = [("03-27 00:00", "03-27 09:00"), ("03-27 17:00", "03-30 08:00"), ("03-30 16:00", "03-31 00:00")]
UNVERIFIED = {ana: reach(ana, verified=False)}
LISBON = {ana: reach(ana, zone="Europe/Lisbon")}
RESTING = {ana: reach(ana, quiet=NIGHT)}
PHONE = {ana: reach(ana, channel="sms")}


def both(start: str, end: str) -> list[tuple[str, str, str, str]]:
    return [(urgency, start, end, NOBODY) for urgency in (HIGH, LOW)]


CASES: list[tuple[str, tuple[Step, ...], Sequence[Schedule], dict[str, object], list[tuple[str, str, str, str]]]] = [
    ("somebody always is: no hole", (step(on(ALWAYS)),), [ALWAYS], {}, []),
    ("a gap in a schedule is one, at both urgencies", (step(on(GAP)),), [GAP], {}, TWICE),
    ("a later step fills it", (step(on(GAP)), step(to(bob))), [GAP], {}, []),
    ("the team's schedule counts as a schedule does", (step(OUR_TEAM),), [GAP], {"team_schedule": GAP}, TWICE),
    ("a team without a schedule reaches nobody", (step(OUR_TEAM),), [], {}, both(*ALL)),
    (
        "an address that nobody has proven: at low urgency the account e-mail is the way",
        (step(to(ana)),),
        [],
        {"people": UNVERIFIED},
        [(HIGH, *ALL, NOBODY)],
    ),
    ("somebody who was removed", (step(to(user("eve"))),), [], {}, both(*ALL)),
    ("a change of clocks", (step(on(CLOCKS)),), [CLOCKS], {}, both("03-29 20:00", "03-29 21:00") + both("03-30 20:00", "03-30 21:00")),
    ("unavailability without a cover", (step(on(ON_HOLIDAY)),), [ON_HOLIDAY], {}, both("03-28 12:00", "03-29 00:00")),
    (
        "no step at three in the morning, and spring comes to Lisbon too",
        (step(to(ana), hours=DAYTIME),),
        [],
        {"people": LISBON, "mode": UrgencyMode.HIGH},
        [(HIGH, *night, NOBODY) for night in NIGHTS],
    ),
    ("a step for some severities", (step(to(ana), severities=("critical",)),), [], {"mode": UrgencyMode.HIGH}, [(HIGH, *ALL, NOBODY)]),
    ("a channel is no person", (step(ROOM),), [], {}, both(*ALL)),
    ("after a channel comes a person, but at low urgency no later step", (step(ROOM), step(to(ana))), [], {}, [(LOW, *ALL, NOBODY)]),
    ("a channel that is not verified is skipped", (step(ROOM), step(to(ana))), [], {"room": False}, []),
    ("at low urgency quiet hours make it wait", (step(to(ana)),), [], {"people": RESTING}, [(LOW, *night, QUIET) for night in PEACE]),
    ("but not if another one is awake", (step(to(ana), to(bob)),), [], {"people": RESTING}, []),
    (
        "a channel that is not set up here: at low urgency there is the account e-mail",
        (step(to(ana)),),
        [],
        {"people": PHONE, "lacking": {"sms": "no Twilio"}},
        [(HIGH, *ALL, NOBODY)],
    ),
    (
        "unless no e-mail can be sent either",
        (step(to(ana)),),
        [],
        {"people": PHONE, "lacking": {"sms": "no Twilio", "email": "no SMTP"}},
        both(*ALL),
    ),
    ("another one is", (step(to(ana)), step(to(bob))), [], {"people": PHONE, "lacking": {"sms": "no Twilio"}}, []),
    (
        "whose turn it is does not matter as long as one is reached",
        (step(to(ana), to(bob), strategy="round_robin"),),
        [],
        {"people": UNVERIFIED},
        [],
    ),
    (
        "a step for support hours leaves evenings and weekends, and summer time comes to them too",
        (step(to(ana), supported=True),),
        [],
        {"mode": UrgencyMode.HIGH, "hours": OFFICE},
        [(HIGH, *closed, NOBODY) for closed in CLOSED],
    ),
    ("and one for outside of them fills that", (step(to(ana), supported=True), step(to(bob), supported=False)), [], {"hours": OFFICE}, []),
    ("without any hours it is always supported", (step(to(ana), supported=True),), [], {}, []),
    (
        "by support hours it is of high urgency while they run, and of low else: then the account e-mail reaches her",
        (step(to(ana)),),
        [],
        {"people": UNVERIFIED, "mode": UrgencyMode.BY_SUPPORT_HOURS, "hours": OFFICE},
        [(HIGH, "03-27 09:00", "03-27 17:00", NOBODY), (HIGH, "03-30 08:00", "03-30 16:00", NOBODY)],
    ),
    ("a policy without steps", (), [], {}, both(*ALL)),
]


@pytest.mark.parametrize(("what", "steps", "schedules", "more", "expected"), CASES, ids=[case[0] for case in CASES])
async def test_what_is_planted_is_found_and_nothing_else(
    what: str, steps: tuple[Step, ...], schedules: Sequence[Schedule], more: dict[str, object], expected: list[tuple[str, str, str, str]]
) -> None:
    lacking = more.get("lacking")
    its = facts(Snapshot(policy(*steps)), **{name: value for name, value in more.items() if name != "lacking"})  # type: ignore[arg-type]
    assert await found(its, schedules, SINCE, UNTIL, lacking=lacking) == expected  # type: ignore[arg-type]


async def test_the_fallback_of_the_team_fills_a_hole_and_may_have_one() -> None:
    covered = Snapshot(policy(step(on(GAP))), policy(step(to(bob)), name="fallback"))
    assert await found(facts(covered), [GAP], SINCE, UNTIL) == []
    other = replace(GAP, id=schedule(id="other").id, overrides=(override("clear", "2026-03-28 03:30", "2026-03-28 05:00"),))
    half = Snapshot(policy(step(on(GAP))), policy(step(on(other)), name="fallback"))
    assert await found(facts(half, mode=UrgencyMode.LOW), [GAP, other], SINCE, UNTIL) == [(LOW, "03-28 03:30", "03-28 04:00", NOBODY)]


async def test_a_hole_says_of_each_step_why() -> None:
    steps = step(on(GAP)), step(to(cem)), step(to(dee), hours=DAYTIME), step(to(bob), severities=("critical",)), step(ROOM)
    people = {cem: reach(cem, verified=False), dee: reach(dee, zone="America/New_York"), bob: reach(bob, channel="sms")}
    its = facts(Snapshot(policy(*steps), policy(step(to(user("eve"))), name="F")), mode=UrgencyMode.HIGH, people=people)
    coverage = await holes_of(its, {GAP.id: GAP}, {"sms": "Twilio is not configured"}, since=SINCE, until=UNTIL)
    assert [(hole.start, hole.end) for hole in coverage.holes] == [(at("2026-03-28 03:00"), at("2026-03-28 04:00"))] * 2
    others, critical = sorted(coverage.holes, key=lambda hole: len(hole.severities), reverse=True)
    assert (others.severities, critical.severities) == (("error", "warning", "info", "unknown"), ("critical",))
    assert critical.why == (
        "step 1 of policy P reached nobody: nobody is on call in schedule Payments",
        "step 2 of policy P reached nobody: Cem has no verified contact method; a message to the account e-mail is the last resort",
        "step 3 of policy P reached nobody: Dee's clock says Friday 23:00, and this step is for 08:00 to 22:00 there",
        "step 4 of policy P reached nobody: Bob gets no message: Twilio is not configured",
        "step 5 of policy P writes to a channel, which is no person",
        "goes to the team's fallback policy F",
        "step 1 of policy F reached nobody: this user no longer exists",
    )
    assert others.why[3] == "step 4 of policy P reached nobody: it is only for what is critical, and this is error"


async def test_a_step_for_some_severities_leaves_the_others() -> None:
    its = facts(Snapshot(policy(step(to(ana), severities=("critical", "warning")))))
    coverage = await holes_of(its, {}, {}, since=SINCE, until=UNTIL)
    assert [(hole.urgency, hole.severities, hole.why) for hole in coverage.holes] == [
        (
            Urgency.HIGH,
            ("error", "unknown"),
            ("step 1 of policy P reached nobody: it is only for what is critical or warning, and this is error",),
        ),
        (Urgency.LOW, ("info",), ("step 1 of policy P reached nobody: it is only for what is critical or warning, and this is info",)),
    ]


async def test_the_clock_that_is_told_is_that_of_the_hole_and_not_of_one_like_it() -> None:
    its = facts(Snapshot(policy(step(to(ana), hours=DAYTIME))), mode=UrgencyMode.HIGH, people=LISBON)
    coverage = await holes_of(its, {}, {}, since=SINCE, until=UNTIL)
    said = [hole.why[0].partition("clock says ")[2].partition(",")[0] for hole in coverage.holes]
    assert said == ["Friday 00:00", "Friday 22:00", "Saturday 22:00", "Sunday 22:00", "Monday 22:00"]


# --- the slow way -----------------------------------------------------------------------------------------------------------

LENGTH = timedelta(days=2)
MINUTE = timedelta(minutes=1)
times = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
zones = st.sampled_from(("Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"))
days = st.sampled_from((DAYS, DAYS, DAYS[:5], DAYS[5:]))


@st.composite
def hours(draw: st.DrawFn) -> Hours | None:
    return Hours(draw(times), draw(times), draw(days)) if draw(st.booleans()) else None


@st.composite
def someone(draw: st.DrawFn, who: UserId) -> Reach:
    start, end = draw(st.lists(times, min_size=2, max_size=2, unique=True))
    quiet = QuietHours(start, end, draw(days)) if draw(st.booleans()) else None
    return reach(
        who,
        verified=draw(st.sampled_from((True, True, False))),
        channel=draw(st.sampled_from(("email", "sms"))),
        zone=draw(zones),
        quiet=quiet,
    )


def is_in(start: time, end: time, on_days: tuple[str, ...], local: datetime) -> bool:
    """Tried out: one of the last two days' spans holds this local time."""
    for back in (0, 1):
        day = local.date() - timedelta(days=back)
        begins = datetime.combine(day, start)
        ends = datetime.combine(day if start < end else day + timedelta(days=1), end)
        if DAYS[day.weekday()] in on_days and begins <= local < ends:
            return True
    return False


def obviously(
    policies: Sequence[Policy], its: Facts, schedule: Schedule, urgency: Urgency, severity: str, now: datetime
) -> HoleKind | None:
    """Step by step, person by person: does anybody get a message now?"""
    waits = False
    for one in policies:
        for at_step in one.steps:
            if at_step.severities and severity not in at_step.severities:
                continue
            persons: list[Reach] = []
            channel = False
            for target in at_step.targets:
                users = [UserId(target.id)] if target.type is TargetType.USER else on_call_at(schedule, at=now).users
                if target.type is TargetType.CHANNEL:
                    channel, users = True, []
                persons += [its.reach[user] for user in users if user in its.reach]
            clocks = {one.user_id: now.astimezone(ZoneInfo(one.time_zone)).replace(tzinfo=None) for one in persons}
            if (of := at_step.hours) is not None:
                persons = [one for one in persons if is_in(of.start_time, of.end_time, of.days, clocks[one.user_id])]
            persons = [one for one in persons if ways_to(one, urgency)]
            if urgency is Urgency.HIGH:
                if persons:
                    return None
                continue
            shown = {one.user_id: to_wall(mono(to_seconds(now), one.time_zone)) for one in persons}  # quiet hours never begin twice
            awake = [
                one for one in persons if (q := one.quiet_hours) is None or not is_in(q.start_time, q.end_time, q.days, shown[one.user_id])
            ]
            if awake:
                return None
            waits = waits or bool(persons)
            if persons or channel:
                return HoleKind.QUIET_HOURS if waits else HoleKind.NOBODY
    return HoleKind.NOBODY


def ways_to(one: Reach, urgency: Urgency) -> bool:
    """Text messages cannot be sent here. At low urgency somebody without an e-mail of theirs has that of the account."""
    if urgency is Urgency.LOW:
        return True
    return one.methods[0].verified and one.methods[0].channel == "email"


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Facts, Schedule, int]:
    of, t = draw(schedules())
    people = {who: draw(someone(who)) for who in (ana, bob, cem, dee)}
    target = st.sampled_from((on(of), to(ana), to(bob), ROOM, to(user("eve"))))
    some = st.lists(st.sampled_from(ALL_SEVERITIES), max_size=3, unique=True).map(tuple)

    def steps() -> tuple[Step, ...]:
        count = draw(st.integers(1, 3))
        return tuple(
            step(*draw(st.lists(target, min_size=1, max_size=3, unique=True)), severities=draw(some), hours=draw(hours()))
            for _ in range(count)
        )

    snapshot = Snapshot(policy(*steps()), policy(*steps(), name="fallback") if draw(st.booleans()) else None)
    return facts(snapshot, people=people), of, t // 60 * 60


LACKING = {"sms": "no Twilio"}


@examples(15)
@given(world=worlds(), severity=st.sampled_from(ALL_SEVERITIES))
def test_it_says_what_asking_again_in_every_minute_says(world: tuple[Facts, Schedule, int], severity: str) -> None:
    its, of, t = world
    since, until = to_instant(t), to_instant(t) + LENGTH
    snapshot = next(iter(its.snapshots.values()))
    urgency = urgency_of(its.services[0], severity, now=since)
    ways = {(id, urgency): ways_of(one, urgency, LACKING) for id, one in its.reach.items()}
    ready = replace(its, watches={of.id: watch(of, t, to_seconds(until))}, ways=ways)
    found = stretches(outlook_of(snapshot, urgency, Support(), ready, t, to_seconds(until)), severity)
    assert [one.end for one in found[:-1]] == [one.start for one in found[1:]], "no instant is left out, and none is there twice"
    assert (found[0].start, found[-1].end) == (t, to_seconds(until))
    policies = [one for one in (snapshot.policy, snapshot.fallback) if one is not None]
    waiting = list(found)
    now = since
    while now < until:
        if waiting[0].end <= to_seconds(now):
            waiting.pop(0)
            continue
        assert waiting[0].seen.kind == obviously(policies, its, of, urgency, severity, now), now
        now += MINUTE


@examples(35)
@given(world=worlds())
def test_no_step_tells_severities_of_one_group_apart(world: tuple[Facts, Schedule, int]) -> None:
    its, _, _ = world
    snapshot = next(iter(its.snapshots.values()))
    groups = alike(snapshot, ALL_SEVERITIES)
    assert sorted(severity for group in groups for severity in group) == sorted(ALL_SEVERITIES)
    policies = [one for one in (snapshot.policy, snapshot.fallback) if one is not None]
    for wanted in (set(its_step.severities) for one in policies for its_step in one.steps if its_step.severities):
        assert all(wanted.isdisjoint(group) or wanted.issuperset(group) for group in groups)
