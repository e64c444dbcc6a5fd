"""Whom a step pages: by what its targets mean, at this severity, at the hour of each person's own clock, and by whose turn it is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.escalation.test_rules import ANA, BEN, EVE, MINUTE, NAMES, NOW, policy, reach, user

from oncall.contacts.values import Urgency
from oncall.desk.values import Priority
from oncall.escalation.rules import advance, on_duty_in, warnings_of
from oncall.escalation.rules.whom import choose, unmet, within
from oncall.escalation.values import About, EscalationState, Hours, OnDuty, People, Position, Snapshot, Step, Strategy, Target, TargetType
from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.schedules.values import ScheduleOnCall
from oncall.teams.values import Team

OFFICE = Hours(time(9), time(17), ("monday", "tuesday", "wednesday", "thursday", "friday"))
NIGHT = Hours(time(22), time(6), ("friday",))
TEAM, PRIMARY = TeamId(UUID(int=7)), ScheduleId(UUID(int=8))


def world(*, unreachable: Sequence[UserId] = (), zones: dict[UserId, str] | None = None) -> People:
    its = {id: replace(reach(id, verified=id not in unreachable), time_zone=(zones or {}).get(id, "UTC")) for id in NAMES}
    return People({user(id): OnDuty((id,), "named in the step") for id in NAMES}, its)


def chosen(
    step: Step,
    *,
    turns: dict[UserId, int] | None = None,
    who: People | None = None,
    severity: str = "critical",
    priority: Priority | None = None,
    is_supported: bool = True,
) -> list[str]:
    about = About(severity, priority, is_supported)
    found = choose(step, who or world(), turns or {}, urgency=Urgency.HIGH, about=about, now=NOW)
    return [NAMES[id] for id in found.whom]


EVERYONE = Step(5 * MINUTE, (user(ANA), user(BEN), user(EVE)))
FOR_GRAVE = replace(EVERYONE, priorities=(Priority.P1, Priority.P2))
IN_TURN = replace(EVERYONE, strategy=Strategy.ROUND_ROBIN)


def conditional(priorities: list[Priority], in_support_hours: bool | None) -> Step:
    return replace(EVERYONE, targets=(user(ANA),), priorities=tuple(priorities), in_support_hours=in_support_hours)


@pytest.mark.parametrize(
    ("what", "names", "expected"),
    [
        ("everyone", chosen(EVERYONE), ["Ana", "Ben", "Eve"]),
        ("only what is critical", chosen(replace(EVERYONE, severities=("critical",))), ["Ana", "Ben", "Eve"]),
        ("and this is not", chosen(replace(EVERYONE, severities=("critical",)), severity="error"), []),
        ("only P1 and P2", chosen(FOR_GRAVE, priority=Priority.P2), ["Ana", "Ben", "Eve"]),
        ("and this is neither", chosen(FOR_GRAVE, priority=Priority.P3), []),
        ("or nobody has said what it is worth", chosen(FOR_GRAVE), []),
        ("within support hours", chosen(replace(EVERYONE, in_support_hours=True)), ["Ana", "Ben", "Eve"]),
        ("within, and they do not run", chosen(replace(EVERYONE, in_support_hours=True), is_supported=False), []),
        ("outside", chosen(replace(EVERYONE, in_support_hours=False), is_supported=False), ["Ana", "Ben", "Eve"]),
        ("outside, and they run", chosen(replace(EVERYONE, in_support_hours=False)), []),
        ("every condition must be met", chosen(replace(FOR_GRAVE, severities=("error",)), priority=Priority.P1), []),
        ("Monday noon is office hours", chosen(replace(EVERYONE, hours=OFFICE)), ["Ana", "Ben", "Eve"]),
        ("but not in Tokyo", chosen(replace(EVERYONE, hours=OFFICE), who=world(zones={BEN: "Asia/Tokyo"})), ["Ana", "Eve"]),
        ("nobody had a turn: the first", chosen(IN_TURN), ["Ana"]),
        ("she had one", chosen(IN_TURN, turns={ANA: 1}), ["Ben"]),
        ("all had one: hers is the longest ago", chosen(IN_TURN, turns={ANA: 4, BEN: 5, EVE: 6}), ["Ana"]),
        ("who is on call again is not due twice", chosen(IN_TURN, turns={ANA: 9, BEN: 5, EVE: 6}), ["Ben"]),
        ("who cannot be reached lets the next one go first", chosen(IN_TURN, who=world(unreachable=[ANA])), ["Ben"]),
        ("nobody can: all of them, for the last resort", chosen(IN_TURN, who=world(unreachable=list(NAMES))), ["Ana", "Ben", "Eve"]),
        (
            "her channel is not set up: it is her turn all the same, since that turns out when it is sent",
            chosen(IN_TURN, who=replace(world(), lacking={"email": "e-mail is not configured"})),
            ["Ana"],
        ),
        ("hours come before turns", chosen(replace(IN_TURN, hours=OFFICE), who=world(zones={ANA: "Asia/Tokyo"})), ["Ben"]),
        ("one alone has every turn", chosen(replace(IN_TURN, targets=(user(EVE),)), turns={EVE: 3}), ["Eve"]),
    ],
)
def test_choose(what: str, names: list[str], expected: list[str]) -> None:
    assert names == expected, what


@pytest.mark.parametrize(
    ("hours", "local", "inside"),
    [
        (OFFICE, "2026-03-02 09:00", True),
        (OFFICE, "2026-03-02 08:59", False),
        (OFFICE, "2026-03-02 17:00", False),
        (OFFICE, "2026-03-01 12:00", False),
        (NIGHT, "2026-03-06 22:00", True),
        (NIGHT, "2026-03-07 05:59", True),
        (NIGHT, "2026-03-06 05:59", False),
        (NIGHT, "2026-03-07 22:00", False),
        (Hours(time(9), time(9)), "2026-03-01 03:00", True),
    ],
)
def test_hours_past_midnight_belong_to_the_day_they_begin_on(hours: Hours, local: str, *, inside: bool) -> None:
    assert within(hours, datetime.fromisoformat(local).replace(tzinfo=UTC)) is inside


@pytest.mark.parametrize(
    ("team", "on_call", "expected"),
    [
        (Team(TEAM, "Payments", PRIMARY, None, NOW), [ANA], ((ANA,), "on call in schedule Primary of team Payments")),
        (Team(TEAM, "Payments", PRIMARY, None, NOW), [], ((), "nobody is on call in schedule Primary of team Payments")),
        (Team(TEAM, "Payments", None, None, NOW), [], ((), "team Payments has no schedule that says who is on call")),
    ],
)
def test_a_team_means_whoever_is_on_call_in_its_schedule(team: Team, on_call: list[UserId], expected: tuple[object, str]) -> None:
    target = Target(TargetType.TEAM, TEAM)
    [duty] = on_duty_in([target], {PRIMARY: ScheduleOnCall(PRIMARY, "Primary", tuple(on_call), ())}, {TEAM: team}).values()
    assert (duty.users, duty.reason) == expected
    assert on_duty_in([target], {}, {}) == {}, "one that no longer exists means nobody"


def test_a_step_for_nobody_of_this_severity_is_skipped_at_once_with_its_reason() -> None:
    of = policy([user(ANA)], [user(BEN)])
    of = replace(of, steps=(replace(of.steps[0], severities=("critical", "error")), of.steps[1]))
    then = advance(Snapshot(of), Position(), urgency=Urgency.HIGH, about=About("warning"), people=world(), now=NOW)
    assert [NAMES[page.user_id] for page in then.pages] == ["Ben"]
    assert then.notes[0].reason == "step 1 of policy P reached nobody: it is only for what is critical or error, and this is warning"


@pytest.mark.parametrize(
    ("what", "step", "about", "why"),
    [
        ("another priority", FOR_GRAVE, About("error", Priority.P4), "it is only for P1 or P2, and this is P4"),
        ("no priority", FOR_GRAVE, About("error"), "it is only for P1 or P2, and this has no priority"),
        (
            "outside",
            replace(EVERYONE, in_support_hours=True),
            About("error", is_supported=False),
            "it is only for the service's support hours, and they do not run now",
        ),
        (
            "within",
            replace(EVERYONE, in_support_hours=False),
            About("error"),
            "it is only for outside the service's support hours, and they run now",
        ),
        ("all met", replace(FOR_GRAVE, in_support_hours=True), About("error", Priority.P1), None),
        ("no condition", EVERYONE, About("info", Priority.P5, is_supported=False), None),
    ],
)
def test_what_a_step_is_not_for_is_said(what: str, step: Step, about: About, why: str | None) -> None:
    assert unmet(step, about) == why, what


@given(
    st.lists(st.builds(conditional, st.lists(st.sampled_from(Priority)), st.sampled_from((None, True, False))), min_size=1, max_size=5),
    st.sampled_from((None, *Priority)),
    st.booleans(),
)
def test_only_steps_that_are_for_it_page_and_if_none_is_it_is_unroutable_with_every_reason(
    steps: list[Step], priority: Priority | None, is_supported: bool
) -> None:
    about = About("error", priority, is_supported)
    of = replace(policy([user(ANA)]), steps=tuple(steps), repeat=0)
    meant = [n for n, step in enumerate(steps) if unmet(step, about) is None]
    then = advance(Snapshot(of), Position(), urgency=Urgency.HIGH, about=about, people=world(), now=NOW)
    assert [page.position.step for page in then.pages] == meant[:1], "the first one that is for it fires, at once"
    skipped = [note.reason for note in then.notes if note.kind == "step_skipped"]
    assert len(skipped) == (meant[0] if meant else len(steps))
    assert all(f"{unmet(step, about)}" in reason for step, reason in zip(steps, skipped, strict=False))
    assert (then.state is EscalationState.UNROUTABLE) == (not meant)
    assert then.step_at is not None


@pytest.mark.parametrize(
    ("what", "steps", "said"),
    [
        ("a step for all", [FOR_GRAVE, EVERYONE], None),
        ("both halves of the day", [replace(EVERYONE, in_support_hours=inside) for inside in (True, False)], None),
        ("one half", [replace(EVERYONE, in_support_hours=True)], "critical, without a priority, outside support hours"),
        ("grave ones only", [FOR_GRAVE], "critical, without a priority, within support hours"),
        ("all that have a priority", [replace(EVERYONE, priorities=tuple(Priority))], "critical, without a priority, within support hours"),
        (
            "holes between two conditions",
            [replace(EVERYONE, severities=("critical", "error", "warning", "unknown")), replace(EVERYONE, in_support_hours=True)],
            "info, without a priority, outside support hours",
        ),
    ],
)
def test_a_careful_colleague_names_an_incident_that_no_step_is_for(what: str, steps: list[Step], said: str | None) -> None:
    found = [one.message for one in warnings_of(replace(policy([user(ANA)]), steps=tuple(steps)), world(), {}) if one.code == "not_for_all"]
    assert found == ([f"No step of policy P is for an incident that is {said}: it would page nobody."] if said else []), what


def test_the_reason_says_what_the_clock_shows_where_the_person_is() -> None:
    step = replace(EVERYONE, targets=(user(BEN),), hours=OFFICE)
    people = world(zones={BEN: "Asia/Tokyo"})
    found = choose(step, people, {}, urgency=Urgency.HIGH, about=About("critical"), now=NOW + timedelta(hours=3))
    [why] = found.left_out
    assert why == (
        "Ben's clock says Tuesday 00:00, and this step is for 09:00 to 17:00 on monday, tuesday, wednesday, thursday, friday there"
    )
