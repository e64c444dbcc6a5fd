"""Which incidents may be merged, and what becomes of them: tables."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from tests.incidents.building import ANA, BEN, HOUR, MINUTE, NOW, PROMETHEUS, incident

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, Position
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.merging import absorb, check_goes_on, merged, to_merge, why_took_in
from oncall.incidents.rules.news import told_of_news
from oncall.incidents.rules.timers import next_at
from oncall.incidents.values import Decision, Incident, Severity, Status
from oncall.incidents.values.merging import CannotMerge, End, NotMergeable
from oncall.kit.errors import Refusal
from oncall.kit.ids import IncidentId

TARGET = IncidentId(UUID(int=12))
NINE = End(IncidentId(UUID(int=9)), 9)


def numbered(number: int, **changes: Any) -> Incident:
    return incident(id=IncidentId(UUID(int=number)), number=number, **changes)


def over(number: int, into: int | None = None, status: Status = Status.RESOLVED) -> Incident:
    into_id = IncidentId(UUID(int=into)) if into else None
    return numbered(number, status=status, resolved_at=NOW, resolved_by=ANA, merged_into_id=into_id)


def acked(number: int, **changes: Any) -> Incident:
    return numbered(
        number,
        **{"status": Status.ACKNOWLEDGED, "acknowledged_at": NOW, "acknowledged_by": ANA, "ack_timeout": None}
        | {"escalation_state": EscalationState.STOPPED}
        | changes,
    )


OPEN_TARGET = numbered(12)


@pytest.mark.parametrize(
    ("what", "target", "named", "ends", "refused", "sentence"),
    [
        ("itself", OPEN_TARGET, [numbered(3), OPEN_TARGET], {}, CannotMerge, "#12 cannot be merged into itself: leave it out"),
        ("into a resolved one", over(12), [numbered(3)], {}, NotMergeable, "#12 is resolved: merge into one that is open."),
        ("into a closed one", over(12, status=Status.CLOSED), [numbered(3)], {}, NotMergeable, "#12 is closed: merge into one"),
        (
            "into a merged one",
            over(12, into=9),
            [numbered(3)],
            {TARGET: NINE},
            NotMergeable,
            "#12 was merged into #9, and nothing is merged into it any more: merge into #9.",
        ),
        ("a resolved one", OPEN_TARGET, [over(3)], {}, NotMergeable, "#3 is resolved, and only what is open is merged: leave it out."),
        ("a closed one", OPEN_TARGET, [over(3, status=Status.CLOSED)], {}, NotMergeable, "#3 is closed, and only"),
        (
            "one that was merged into another",
            OPEN_TARGET,
            [over(3, into=9)],
            {IncidentId(UUID(int=3)): NINE},
            NotMergeable,
            "#3 was merged into #9 already: name #9 in its place, or leave it out.",
        ),
        (
            "all that is wrong is said",
            OPEN_TARGET,
            [over(3), numbered(4), over(5)],
            {},
            NotMergeable,
            "#3 is resolved, and only what is open",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_refused(
    what: str, target: Incident, named: list[Incident], ends: dict[IncidentId, End], refused: type[Refusal], sentence: str
) -> None:
    with pytest.raises(refused) as told:
        to_merge(target, named, ends)
    assert sentence in str(told.value), what
    assert all(f"#{one.number} " in str(told.value) for one in named if one.status is Status.RESOLVED), what


@pytest.mark.parametrize(
    ("what", "target", "named", "ends", "numbers"),
    [
        ("open ones", OPEN_TARGET, [numbered(4), acked(3)], {}, [4, 3]),
        ("one that was merged into it is left out", OPEN_TARGET, [over(3, into=12), numbered(4)], {}, [4]),
        ("also by way of another", OPEN_TARGET, [over(3, into=9)], {IncidentId(UUID(int=3)): End(TARGET, 12)}, []),
        ("the same again, though the target is over by now", over(12), [over(3, into=12)], {}, []),
        ("the same again, though the target was merged itself", over(12, into=9), [over(3, into=12)], {TARGET: NINE}, []),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_merged(what: str, target: Incident, named: list[Incident], ends: dict[IncidentId, End], numbers: list[int]) -> None:
    assert [one.number for one in to_merge(target, named, ends)] == numbers, what


LATER, SOONER = NOW + 5 * MINUTE, NOW + 2 * MINUTE
LOW: dict[str, Any] = {"urgency": Urgency.LOW, "severity": Severity.WARNING}
HELD: dict[str, Any] = {"escalation_state": EscalationState.HELD, "held_until": NOW + HOUR, "next_at": NOW + HOUR}
EXHAUSTED: dict[str, Any] = {"escalation_state": EscalationState.EXHAUSTED}


@pytest.mark.parametrize(
    ("what", "target", "source", "changed"),
    [
        ("goes on from where it is, looked at at once", {}, {}, {"next_at": NOW}),
        ("no later than the other would have", {}, {"step_at": SOONER}, {"step_at": SOONER, "next_at": NOW}),
        ("nor than it would have itself", {"step_at": SOONER}, {}, {"next_at": NOW}),
        ("a held one hurries nobody", {}, {**HELD, "step_at": NOW}, {"next_at": NOW}),
        ("nor does one of low urgency", {}, {**LOW, "step_at": NOW}, {"next_at": NOW}),
        ("nor one that somebody has", {}, {"status": Status.ACKNOWLEDGED, "acknowledged_at": NOW, "step_at": NOW}, {"next_at": NOW}),
        ("one that is exhausted goes on with the other", {**EXHAUSTED, "step_at": NOW + HOUR}, {}, {"step_at": LATER, "next_at": NOW}),
        ("also one that never tried again", {**EXHAUSTED, "step_at": None}, {}, {"step_at": LATER, "next_at": NOW}),
        ("held: what holds it is looked at at once", HELD, {}, {"held_until": NOW, "next_at": NOW}),
        ("as grave as the gravest", {"severity": Severity.ERROR}, {}, {"severity": Severity.CRITICAL, "next_at": NOW}),
        ("never less grave", {}, {"severity": Severity.ERROR}, {"next_at": NOW}),
        (
            "of high urgency by the other: paged at once, as a cycle of its own",
            LOW,
            {},
            {
                "severity": Severity.CRITICAL,
                "urgency": Urgency.HIGH,
                "position": Position(2),
                "step_at": NOW,
                "next_at": NOW,
                "escalation_reason": "severity rose to critical",
            },
        ),
        (
            "of high urgency by the other, though it is no graver",
            {"urgency": Urgency.LOW},
            {},
            {
                "urgency": Urgency.HIGH,
                "position": Position(2),
                "step_at": NOW,
                "next_at": NOW,
                "escalation_reason": "an incident of high urgency was merged into it",
            },
        ),
        (
            "flapping as long as the other",
            {},
            {"flapping_since": NOW, "settle_at": NOW + HOUR},
            {"flapping_since": NOW, "settle_at": NOW + HOUR, "next_at": NOW},
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_becomes_of_a_triggered_one(what: str, target: dict[str, Any], source: dict[str, Any], changed: dict[str, Any]) -> None:
    before, other = numbered(12, **target), numbered(3, **source)
    assert absorb(before, [other], open_alerts={other.id: 1}, now=NOW) == replace(before, **changed), what


@pytest.mark.parametrize(
    ("what", "target", "sources", "news"),
    [
        ("what nobody has is news", {}, [numbered(3), numbered(4)], "4 more alerts since Ana acknowledged it"),
        ("what somebody has is none", {}, [acked(3), acked(4)], None),
        ("only what nobody has counts", {}, [acked(3), numbered(4)], "2 more alerts since Ana acknowledged it"),
        ("news that nobody has confirmed stay news", {}, [acked(3, news=7, confirm_by=LATER)], "2 more alerts since Ana acknowledged it"),
        ("news to be told as well", {}, [acked(3, news=7, tell_at=LATER)], "2 more alerts since Ana acknowledged it"),
        (
            "a graver one is news, whoever has it",
            {"severity": Severity.ERROR},
            [acked(3)],
            "severity rose to critical since Ana acknowledged it",
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_breaks_through_an_acknowledgement(what: str, target: dict[str, Any], sources: list[Incident], news: str | None) -> None:
    before = acked(12, **target)
    after = absorb(before, sources, open_alerts={one.id: 2 for one in sources}, now=NOW + MINUTE)
    assert (after.status, after.acknowledged_at) == (Status.ACKNOWLEDGED, NOW), "it stays acknowledged"
    assert (after.tell_at, after.next_at) == ((NOW + MINUTE,) * 2 if news else (None, None)), what
    assert not news or told_of_news(after) == news, what


def test_news_of_a_merge_are_told_at_most_once_in_ten_minutes_like_any_other() -> None:
    before = acked(12, told_at=NOW)
    assert absorb(before, [numbered(3)], open_alerts={}, now=NOW + MINUTE).tell_at == NOW + 10 * MINUTE


def test_what_is_merged_is_over_and_nothing_joins_it() -> None:
    source = numbered(3, group_key="all", flapping_since=NOW, settle_at=LATER)
    after = merged(source, OPEN_TARGET, BEN, now=NOW)
    assert (after.status, after.resolved_by, after.merged_into_id, after.group_key) == (Status.RESOLVED, BEN, TARGET, None)
    assert (after.escalation_state, after.escalation_reason) == (EscalationState.STOPPED, "merged into #12 by Ben through api")
    assert after.next_at == next_at(after) == NOW + source.reopen_window


HOLD = Hold(Decision.HELD_DELAY, "it pages only if it is still open after 5 min", LATER)


@pytest.mark.parametrize(
    ("what", "source", "hold", "refused"),
    [
        ("what pages must not go quiet", numbered(3), HOLD, True),
        ("news neither", acked(3, tell_at=NOW), HOLD, True),
        ("what is held itself may wait", numbered(3, **HELD), HOLD, False),
        ("what somebody has may wait", acked(3), HOLD, False),
        ("nothing to wait for", numbered(3), None, False),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_nothing_goes_quiet_by_a_merge(what: str, source: Incident, hold: Hold | None, refused: bool) -> None:
    sentences = []
    try:
        check_goes_on(OPEN_TARGET, [source], hold)
    except NotMergeable as told:
        sentences.append(str(told))
    why = "it pages only if it is still open after 5 min"
    expected = f"#12 is held, since {why}, while #3 pages, and would not any more: merge #12 into #3 instead."
    assert sentences == ([expected] if refused else []), what


def test_what_is_held_by_something_is_not_said_to_be_held_twice() -> None:
    with pytest.raises(NotMergeable, match=r"^#12 is held by the maintenance window “move” of Ana, while #3 pages"):
        check_goes_on(OPEN_TARGET, [numbered(3)], Hold(Decision.HELD_MAINTENANCE, "held by the maintenance window “move” of Ana", LATER))


def test_how_it_is_told() -> None:
    said = why_took_in([numbered(3), numbered(4), numbered(5)], PROMETHEUS, alerts=4, still_open=2)
    assert said == "#3, #4 and #5 were merged into it by prometheus through intake, with 4 alerts, 2 open"
    assert why_took_in([numbered(3)], ANA, alerts=1, still_open=1) == "#3 was merged into it by Ana through api, with 1 alert, 1 open"
