"""The how-to's worked examples do what it says, and the reference names everything there is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.system import System, to

from oncall.intake.rules.mapping import parsing, sources, words
from oncall.kit.mapping import MAX_EXPRESSION, evaluation, expressions
from oncall.kit.mapping.functions import ARITIES

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO = (DOCS / "how-to" / "map-your-own-monitor.md").read_text()
REFERENCE = (DOCS / "reference" / "mapping.md").read_text()

BLOCK = re.compile(r"^```json (mapping|body|events)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = {
    section.partition("\n")[0]: [(kind, json.loads(said)) for kind, said in BLOCK.findall(section)]
    for section in re.split(r"^## Example: ", HOW_TO, flags=re.MULTILINE)[1:]
}


def alike(value: Any) -> Any:
    """Keys of named parts end with their integration, which has another number here."""
    return re.sub(r"integration=[0-9a-f]{8}$", "integration=…", value) if isinstance(value, str) else value


def test_there_are_five_examples() -> None:
    assert len(EXAMPLES) == 5
    assert all(len(blocks) >= 3 for blocks in EXAMPLES.values())


@pytest.mark.parametrize("example", EXAMPLES)
async def test_an_example_of_the_how_to_is_what_it_says_it_is(system: System, example: str) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    (_, mapping), *pairs = EXAMPLES[example]
    for (kind, body), (what, expected) in zip(pairs[::2], pairs[1::2], strict=True):
        assert (kind, what) == ("body", "events")
        answer = await system.api.post(f"/api/v1/integrations/{made['integration']['id']}/preview", json={"mapping": mapping, "body": body})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["warnings"] == []
        assert [event["warnings"] for event in told["events"]] == [[] for _ in expected]
        for event, fields in zip(told["events"], expected, strict=True):
            assert {name: alike(event["event"][name]) for name in fields} == {name: alike(value) for name, value in fields.items()}
            assert event["became"] == ("ignored" if fields["action"] == "ignore" else "mapped")


def test_the_reference_names_every_field_and_function() -> None:
    ours = {"body", "header", "query", "path"}
    for name in (*parsing.RULE, *parsing.EVENT, *words.WORDS, "means", "href", "value", "join", "with", "named", "time_zone"):
        assert f"`{name}`" in REFERENCE or f'"{name}"' in REFERENCE, name
    assert ours <= set(ARITIES)
    assert all(f"`{name}(" in REFERENCE for name in ours)


def test_the_reference_says_the_limits() -> None:
    limits = [
        ("rules", f"{parsing.MAX_RULES}"),
        ("expressions in a mapping", f"{sources.MAX_EXPRESSIONS}"),
        ("characters of an expression, levels of it", f"{MAX_EXPRESSION:,}, {expressions.MAX_NESTING}"),
        ("alternatives in a list, parts of a `join` or of a named key", f"{sources.MAX_ALTERNATIVES}"),
        ("levels of lists and joins", f"{sources.MAX_LEVELS}"),
        ("rows of a table, cases, conditions to ignore", f"{words.MAX_ROWS}, {words.MAX_CASES}, {words.MAX_CASES}"),
        ("labels, details, hidden members; links", f"{parsing.MAX_LABELS}; {parsing.MAX_LINKS}"),
        ("characters of a constant, a reason, a name", f"{sources.MAX_CONSTANT:,}, {words.MAX_REASON}, {parsing.MAX_NAME}"),
        ("steps", f"{evaluation.STEPS:,}, and one more for every {evaluation.BYTES_PER_STEP} bytes"),
    ]
    for what, limit in limits:
        assert f"| {what} | {limit}" in REFERENCE, what
