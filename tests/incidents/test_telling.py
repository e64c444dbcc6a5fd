"""What a message tells besides its title."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from oncall.desk.values import Record, Reporter, ReporterKind, Verdict, Verification
from oncall.incidents.rules.telling import MOST, facts_of, report_of
from oncall.incidents.values import Told
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import IncidentId

KIM = Reporter("Kim", ReporterKind.CUSTOMER, "kim@example.com")
SAID = Verification(Verdict.NOT_SATISFIED, Actor(ActorKind.EXTERNAL, None, "Kim", "link"), datetime(2026, 3, 2, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    ("what", "told", "expected"),
    [
        ("nothing said, nothing told", Told(), {}),
        (
            "details first, then labels",
            Told(labels={"job": "node"}, details={"runbook": "restart it"}),
            {"runbook": "restart it", "job": "node"},
        ),
        ("objects inside count as well", Told(details={"annotations": {"description": "95 % used"}}), {"description": "95 % used"}),
        ("not what the title or the source says already", Told("db-1", {"instance": "db-1"}, {"summary": "Disk full"}), {}),
        (
            "numbers, but no lists and nothing that is empty",
            Told(details={"value": 0.97, "list": [1, 2], "none": None, "yes": True, "text": ""}),
            {"value": "0.97"},
        ),
        (
            "nor what is a link already",
            Told(details={"runbook_url": "https://runbooks.example.com/x"}, links=(("https://runbooks.example.com/x", "runbook"),)),
            {},
        ),
        (
            "what people reported comes first, and hides what a monitor calls the same",
            Told(details={"description": "95 % used", "value": 1}, report=(("reported by", "Kim"), ("description", "it is slow"))),
            {"reported by": "Kim", "description": "it is slow", "value": "1"},
        ),
        ("a report that only repeats the title", Told(report=(("description", "Disk full"),)), {}),
        ("a detail hides a label of its name", Told(labels={"team": "a"}, details={"team": "b"}), {"team": "b"}),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_facts(what: str, told: Told, expected: dict[str, str]) -> None:
    assert dict(facts_of(told, title="Disk full")) == expected
    assert [name for name, _ in facts_of(told, title="Disk full")] == list(expected)


def test_no_more_than_a_phone_can_show() -> None:
    facts = dict(facts_of(Told(labels={f"label {n}": "x" * 10_000 for n in range(100)}), title=""))
    assert len(facts) == MOST
    assert {len(text) for text in facts.values()} == {500}


@pytest.mark.parametrize(
    ("what", "record", "expected"),
    [
        ("nobody said anything", {"description": " \n"}, {}),
        ("who reported it, but not how they are reached", {"reporter": KIM}, {"reported by": "Kim (customer)"}),
        ("their words", {"description": " it is slow\n"}, {"description": "it is slow"}),
        ("of many words the beginning", {"description": "x" * 20_000}, {"description": "x" * 499 + "…"}),
        (
            "why it is not over comes first",
            {"reporter": KIM, "verification": replace(SAID, text="still broken")},
            {"reporter not satisfied": "Kim, 2026-03-02 12:00 UTC: still broken", "reported by": "Kim (customer)"},
        ),
        ("a no without words", {"verification": SAID}, {"reporter not satisfied": "Kim, 2026-03-02 12:00 UTC"}),
        ("no other verdict", {"verification": replace(SAID, verdict=Verdict.SATISFIED, text="well")}, {}),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_report(what: str, record: dict[str, Any], expected: dict[str, str]) -> None:
    report = report_of(Record(IncidentId(UUID(int=1)), **record))
    assert dict(report) == expected
    assert [name for name, _ in report] == list(expected)
