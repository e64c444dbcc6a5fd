"""Which priority an incident has, and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.desk.rules.grading import PRIORITIES, USUAL, prioritise
from oncall.desk.values import BusinessUrgency, Grading, Impact, Priority, Risk

IMPACTS, URGENCIES = st.sampled_from(Impact), st.sampled_from(BusinessUrgency)


@pytest.mark.parametrize(
    ("what", "grading", "expected"),
    [
        (
            "the gravest of both",
            Grading(Impact.WIDESPREAD, BusinessUrgency.CRITICAL),
            (Priority.P1, "impact widespread and business urgency critical make P1"),
        ),
        ("the least of both", Grading(Impact.MINOR, BusinessUrgency.LOW), (Priority.P5, "impact minor and business urgency low make P5")),
        ("nobody said the impact", Grading(None, BusinessUrgency.HIGH), (None, "nobody has said its impact")),
        ("nobody said anything", Grading(), (None, "nobody has said its impact and business urgency")),
        (
            "a risk lifts it by one",
            Grading(Impact.LIMITED, BusinessUrgency.MEDIUM, risks=(Risk.SECURITY,)),
            (Priority.P3, "impact limited and business urgency medium make P4; risk (security) lifts it to P3"),
        ),
        (
            "several risks lift it by no more",
            Grading(Impact.LIMITED, BusinessUrgency.MEDIUM, risks=(Risk.SECURITY, Risk.FINANCIAL)),
            (Priority.P3, "impact limited and business urgency medium make P4; risks (security, financial) lift it to P3"),
        ),
        (
            "nothing is graver than P1",
            Grading(Impact.WIDESPREAD, BusinessUrgency.CRITICAL, risks=(Risk.SLA,)),
            (Priority.P1, "impact widespread and business urgency critical make P1; risk: sla"),
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_prioritise(what: str, grading: Grading, expected: tuple[Priority | None, str]) -> None:
    assert prioritise(grading, USUAL) == expected


@given(IMPACTS, URGENCIES, st.sets(st.sampled_from(Risk)))
def test_a_risk_never_makes_it_less_and_never_lifts_it_by_more_than_one(impact: Impact, urgency: BusinessUrgency, risks: set[Risk]) -> None:
    plain, _ = prioritise(Grading(impact, urgency), USUAL)
    risky, _ = prioritise(Grading(impact, urgency, risks=tuple(risks)), USUAL)
    assert plain is not None
    assert risky is not None
    lifted = PRIORITIES.index(plain) - PRIORITIES.index(risky)
    assert lifted == (1 if risks and plain is not Priority.P1 else 0)


@given(URGENCIES)
def test_in_the_usual_matrix_a_greater_impact_is_never_worth_less(urgency: BusinessUrgency) -> None:
    worth = [PRIORITIES.index(USUAL[impact, urgency]) for impact in Impact]
    assert worth == sorted(worth)
