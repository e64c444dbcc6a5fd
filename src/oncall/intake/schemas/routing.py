"""What is asked and answered when routing rules are tried on a pasted event or body."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from oncall.contacts.values import Urgency
from oncall.incidents.values import Severity
from oncall.intake.schemas.mappings import EventPreview
from oncall.kit.http import Shown, Strict
from oncall.services.schemas.judging import GroupingShape
from oncall.services.schemas.routing import RoutingRuleIn

MOST_PROPOSED = 2_000
Short = Annotated[str, StringConstraints(max_length=1_024)]
Actions = Literal["trigger", "acknowledge", "resolve", "change", "check_in"]
Severities = Literal["critical", "error", "warning", "info", "unknown"]


class EventIn(Strict):
    """An event as it is after its monitor's words were understood; what is left out is empty."""

    action: Actions = "trigger"
    dedup_key: Short = "pasted"
    severity: Severities = "unknown"
    summary: Short = ""
    source: Short = ""
    component: Short = ""
    group: Short = ""
    class_: Annotated[Short, Field(alias="class")] = ""
    labels: Annotated[Mapping[str, Annotated[str, StringConstraints(max_length=4_096)]], Field(max_length=500)] = {}


class RoutingTestIn(Strict):
    """An `event` as it would be understood, or a `body` as the monitor would send it to this integration: JSON as it is, anything else
    as the text that was posted. With `rules` these are asked in the place of those there are.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "integration_id": "01990000-0000-7000-8000-000000000002",
                    "event": {"summary": "Disk full", "severity": "critical", "labels": {"job": "postgres", "env": "prod"}},
                }
            ]
        }
    )

    integration_id: UUID
    event: EventIn | None = None
    body: dict[str, Any] | list[Any] | str | bool | int | float | None = None
    content_type: Annotated[str, StringConstraints(max_length=200)] = "application/json"
    headers: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    rules: Annotated[Sequence[RoutingRuleIn], Field(max_length=MOST_PROPOSED)] | None = None

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if (self.event is None) is (self.body is None):
            raise ValueError("give an event, or a body as the monitor would send it, and not both")
        return self


class NamedOut(Shown):
    id: UUID
    name: str


class RuleNamedOut(Shown):
    """One that is only proposed, and has the name of none there is, has no id."""

    id: UUID | None
    name: str


class RuleTriedOut(Shown):
    """One rule that was asked: whether it matched, and in words what it did, or which of its conditions did not hold. `sets` is what it
    sets where it matches."""

    rule: RuleNamedOut
    matched: bool
    sentence: str
    sets: Mapping[str, Any]


class WayOut(Shown):
    """An event as it was read, the rules that were asked, in their order, and where it ends up. A rule behind the last one shown is not
    asked. `urgency` and `grouping` are those of the rules or, where they say nothing, of the service; `group_key` the values it is
    grouped by.
    """

    event: EventPreview
    rules: Sequence[RuleTriedOut]
    service: NamedOut
    severity: Severity
    urgency: Urgency
    labels: Mapping[str, str]
    grouping: GroupingShape | None
    group_key: Mapping[str, str]
    sentence: str


class RoutingTestOut(Shown):
    """Each event that was read, and its way; `more`: events beyond the first hundred."""

    events: Sequence[WayOut]
    more: int
