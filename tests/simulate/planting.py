"""One change of each kind to the rules, with a small history that it would have changed, and in what."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

START = "2026-03-02T{}:00Z"

Said = tuple[float, str, str, str, dict[str, str]]
"""After so many minutes: a key, an action, a severity, labels."""


def says(minute: float, key: str, action: str = "trigger", severity: str = "error", **labels: str) -> Said:
    return minute, key, action, severity, labels


@dataclass(frozen=True)
class Plant:
    """`events` come through service `web`; `proposed(web, other)` names both by their ids; `plants` labels tell its events from others'."""

    name: str
    events: tuple[Said, ...]
    proposed: Callable[[str, str, str], dict[str, Any]]
    kind: str
    saved: int
    missed: int
    because: tuple[str, str, str | None]
    """Type, name or setting, and change of the rule that makes the difference."""
    incidents: tuple[int, int] = (1, 1)


def _rule(plant: str, **sets: Any) -> dict[str, Any]:
    return {"routing_rules": [{"name": f"rule of {plant}", "matchers": [f'plant="{plant}"'], **sets}]}


def _service(**settings: Any) -> Callable[[str, str, str], dict[str, Any]]:
    return lambda plant, web, other: {"services": {web: settings}}


SPAN = {"starts_at": "2026-03-02T00:00:00Z", "ends_at": "2026-03-31T00:00:00Z"}
ONE = (says(0, "disk"), says(20, "disk", "resolve"))

PLANTS = (
    Plant(
        "another service",
        ONE,
        lambda plant, web, other: _rule(plant, service_id=other),
        "another_service", 1, 1, ("routing_rule", "rule of another service", "added"),
    ),
    Plant(
        "another urgency",
        ONE,
        lambda plant, web, other: _rule(plant, urgency="low"),
        "another_urgency", 0, 0, ("routing_rule", "rule of another urgency", "added"),
    ),
    Plant(
        "another severity",
        ONE,
        lambda plant, web, other: _rule(plant, severity="critical"),
        "another_severity", 0, 0, ("routing_rule", "rule of another severity", "added"),
    ),
    Plant(
        "grouped by a rule",
        (says(0, "disk", host="a"), says(1, "load", host="a"), says(2, "net", host="a")),
        lambda plant, web, other: _rule(plant, group_key=["host"]),
        "grouped_otherwise", 2, 0, ("routing_rule", "rule of grouped by a rule", "added"), (3, 1),
    ),
    Plant(
        "grouped by its service",
        (says(0, "disk", host="a"), says(1, "load", host="a"), says(2, "net", host="b")),
        _service(grouping={"type": "labels", "labels": ["host"]}),
        "grouped_otherwise", 1, 0, ("service", "grouping", "edited"), (2, 1),
    ),
    Plant(
        "a threshold",
        (says(0, "disk"), says(1, "disk"), says(20, "disk", "resolve")),
        _service(threshold={"count": 3, "within": "PT10M"}),
        "not_paged", 1, 0, ("service", "threshold", "edited"),
    ),
    Plant(
        "a delay that it does not outlast",
        (says(0, "disk"), says(2, "disk", "resolve")),
        _service(delay={"for": "PT3M"}),
        "not_paged", 1, 0, ("service", "delay", "edited"),
    ),
    Plant(
        "a delay that it outlasts",
        (says(0, "disk"), says(4, "disk", "resolve")),
        _service(delay={"for": "PT3M"}),
        "paged_later", 0, 0, ("service", "delay", "edited"),
    ),
    Plant(
        "a silence",
        ONE,
        lambda plant, web, other: {"silences": [{"matchers": [f'plant="{plant}"'], "comment": f"silence of {plant}", **SPAN}]},
        "not_paged", 1, 0, ("silence", "silence of a silence", "added"),
    ),
    Plant(
        "a window",
        ONE,
        lambda plant, web, other: {
            "maintenance_windows": [{"name": f"works on {plant}", "service_ids": [web], "matchers": [f'plant="{plant}"'], **SPAN}]
        },
        "not_paged", 1, 0, ("maintenance_window", "works on a window", "added"),
    ),
    Plant(
        "an inhibition",
        (says(0, "host", severity="critical", role="source"), says(1, "disk", role="target"), says(9, "disk", "resolve")),
        lambda plant, web, other: {
            "inhibitions": [
                {
                    "name": f"inhibition of {plant}",
                    "source_matchers": [f'plant="{plant}"', 'role="source"'],
                    "target_matchers": [f'plant="{plant}"', 'role="target"'],
                }
            ]
        },
        "not_paged", 1, 0, ("inhibition", "inhibition of an inhibition", "added"),
    ),
    Plant(
        "flapping",
        tuple(says(n / 2, "disk", "resolve" if n % 2 else "trigger") for n in range(9)),
        _service(flapping={"changes": 2, "within": "PT20M", "settle": "PT10M"}),
        "paged_more", 0, 1, ("service", "flapping", "edited"),
    ),
)  # fmt: skip
assert len({plant.name for plant in PLANTS}) == 12


def together(proposals: list[dict[str, Any]]) -> dict[str, Any]:
    """All of them as one."""
    made: dict[str, Any] = {}
    for proposal in proposals:
        for part, value in proposal.items():
            if isinstance(value, list):
                made.setdefault(part, []).extend(value)
            else:
                made.setdefault(part, {}).update(value)
    return made
