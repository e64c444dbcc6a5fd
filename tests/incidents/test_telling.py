"""What a message tells besides its title."""

import pytest

from oncall.incidents.rules.telling import MOST, facts_of
from oncall.incidents.values import Told


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
