"""Templates: their placeholders, and putting words in their place. Pure."""

import re
from collections.abc import Mapping

from oncall.postmortems.values import TO_FILL_IN, InvalidPostmortem

DRAFTED = ("incidents", "summary", "impact", "durations", "timeline", "paged", "date")
"""What a draft puts in their place, once."""

LIVE = ("title", "contributing_factors", "action_items")
"""What changes afterwards: it stays in the body, and is put in its place whenever the postmortem is read as a document."""

PLACEHOLDER = re.compile(r"(?<!\\)\{\{\s*([^{}\s]*)\s*\}\}")
MOST_PLACEHOLDERS = 50
HEADING = re.compile(r"#{1,6}[ \t]")

USUAL = f"""# {{{{title}}}}

{{{{incidents}}}}

## Summary

{{{{summary}}}}

{TO_FILL_IN} What happened and why, in three sentences that somebody from another team understands.

## Impact

{{{{impact}}}}

{TO_FILL_IN} Who could not do what, and for how long.

## How long it took

{{{{durations}}}}

## Timeline

{{{{timeline}}}}

## Who was paged

{{{{paged}}}}

## Contributing factors

{{{{contributing_factors}}}}

## What went well

{TO_FILL_IN}

## What went badly

{TO_FILL_IN}

## Action items

{{{{action_items}}}}
"""


def check(template: str) -> None:
    """Every placeholder is one of ours; all that are not are named at once."""
    found = PLACEHOLDER.findall(template)
    if unknown := sorted({name for name in found if name not in {*DRAFTED, *LIVE}}):
        known = ", ".join(f"{{{{{name}}}}}" for name in (*DRAFTED, *LIVE))
        raise InvalidPostmortem(
            f"A template knows {known}; it says something else.",
            faults=[("body", f"There is no placeholder {{{{{name[:50]}}}}}.") for name in unknown[:20]],
        )
    if len(found) > MOST_PLACEHOLDERS:
        raise InvalidPostmortem(f"A template has {MOST_PLACEHOLDERS} placeholders at most.", field="body")


def fill(template: str, words: Mapping[str, str]) -> str:
    """Each of these placeholders replaced by its words, in one pass: what is put in is not looked at again. Others stay."""
    return PLACEHOLDER.sub(lambda found: words.get(found.group(1), found.group(0)), template)


def left_to_fill_in(body: str) -> list[str]:
    """Under which headings something is still marked."""
    found: list[str] = []
    heading = "the beginning"
    for line in body.splitlines():
        if HEADING.match(line):  # "#7 was opened" begins with an incident
            heading = line.lstrip("#").strip()
        if TO_FILL_IN in line and heading not in found:
            found.append(heading)
    return found
