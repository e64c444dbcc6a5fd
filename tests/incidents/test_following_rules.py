"""What the timeline says of an incident that follows its alerts, in order."""

from typing import Any

import pytest
from tests.incidents.building import NOW, PROMETHEUS, incident

from oncall.contacts.values import Urgency
from oncall.incidents.rules.following import told_of
from oncall.incidents.rules.life import acknowledge, raise_severity, reopen, resolve
from oncall.incidents.values import Incident, Severity
from oncall.timeline.values import Kind

MILD = incident(severity=Severity.WARNING, urgency=Urgency.LOW)
OVER = resolve(MILD, PROMETHEUS, now=NOW)
CAME_BACK = "reopened: the same problem came back inside the reopen window"
ROSE = "severity rose from warning to critical, urgency is high"


def graver(one: Incident) -> Incident:
    return raise_severity(one, Severity.CRITICAL, Urgency.HIGH, now=NOW)


@pytest.mark.parametrize(
    ("what", "before", "after", "expected"),
    [
        ("nothing", MILD, MILD, []),
        ("graver", MILD, graver(MILD), [(Kind.SEVERITY_CHANGED, ROSE)]),
        ("over", MILD, OVER, [(Kind.RESOLVED, "resolved by prometheus")]),
        ("back", OVER, reopen(OVER, now=NOW), [(Kind.REOPENED, CAME_BACK)]),
        (
            "back, and graver",
            OVER,
            graver(reopen(OVER, now=NOW)),
            [(Kind.REOPENED, f"{CAME_BACK}; severity rose to critical"), (Kind.SEVERITY_CHANGED, ROSE)],
        ),
        (
            "graver, and its monitor says that somebody has it",
            MILD,
            acknowledge(graver(MILD), PROMETHEUS, owner=None, now=NOW),
            [(Kind.SEVERITY_CHANGED, ROSE), (Kind.ACKNOWLEDGED, "acknowledged by prometheus")],
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_is_told_of_an_incident_that_follows_its_alerts(what: str, before: Incident, after: Incident, expected: Any) -> None:
    assert [(kind, reason) for kind, reason, _ in told_of(before, after)] == expected
