"""What routing rules look like over REST: what GET shows, but for `id`, can be sent back."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from oncall.contacts.values import Urgency
from oncall.kit.http import Name, ReadOnly, Shown, Strict
from oncall.kit.ids import IntegrationId, RoutingRuleId, ServiceId
from oncall.kit.matchers import BadMatcher, parse_matchers
from oncall.services.schemas.judging import each_once
from oncall.services.values.judging import MOST_NAMES
from oncall.services.values.routing import MOST_POSITION, RoutingRule

MOST_MATCHERS = 50
MOST_LABELS = 50
MOST_RULES = 10_000
"""That one order may name."""


def _readable(text: str) -> str:
    try:
        read = parse_matchers(text)
    except BadMatcher as bad:
        raise ValueError(str(bad)) from bad
    if not read:
        raise ValueError('must hold a condition, as in severity="critical"; for all events leave the list empty')
    return text


MatcherText = Annotated[str, AfterValidator(_readable), Field(examples=['severity="critical"', 'service=~"db-.*"'])]
LabelValue = Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Flag = Annotated[bool, Field(strict=True)]
SeverityName = Literal["critical", "error", "warning", "info", "unknown"]

EXAMPLE: dict[str, Any] = {
    "name": "databases",
    "matchers": ['job=~"postgres|mysql"', 'env="prod"'],
    "service_id": "01990000-0000-7000-8000-000000000001",
    "group_key": ["cluster", "alertname"],
}


class RoutingRuleIn(Strict):
    """Events that match all of `matchers` (Alertmanager's grammar; labels, and where there is none of that name the event's own
    severity, summary, source, component, group, class, dedup_key, integration and action) get what the rule sets; what is null or empty
    stays as it is. The first rule that matches ends it, unless it says `continue`. Without `position` a new rule is asked last.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: Name
    position: Annotated[int, Field(strict=True, ge=0, le=MOST_POSITION)] | None = None
    integration_id: UUID | None = None
    matchers: Annotated[Sequence[MatcherText], Field(max_length=MOST_MATCHERS)] = ()
    matches_everything: Flag = False
    continues: Annotated[Flag, Field(alias="continue")] = False
    enabled: Flag = True
    service_id: UUID | None = None
    severity: SeverityName | None = None
    urgency: Literal["high", "low"] | None = None
    group_key: Annotated[Sequence[Name], Field(max_length=MOST_NAMES), AfterValidator(each_once)] = ()
    add_labels: Annotated[Mapping[Name, LabelValue], Field(max_length=MOST_LABELS)] = {}
    drop_labels: Annotated[Sequence[Name], Field(max_length=MOST_LABELS)] = ()

    def to_rule(self, id: RoutingRuleId) -> RoutingRule:
        return RoutingRule(
            id,
            self.name,
            self.position or 0,
            IntegrationId(self.integration_id) if self.integration_id else None,
            tuple(matcher for text in self.matchers for matcher in parse_matchers(text)),
            self.continues,
            self.enabled,
            ServiceId(self.service_id) if self.service_id else None,
            self.severity,
            Urgency(self.urgency) if self.urgency else None,
            tuple(self.group_key),
            dict(self.add_labels),
            tuple(dict.fromkeys(self.drop_labels)),
        )


class RoutingRuleEdit(RoutingRuleIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None


class RoutingRuleOut(Shown):
    id: UUID
    name: str
    position: int
    integration_id: UUID | None
    matchers: Sequence[str]
    matches_everything: bool
    continues: bool = Field(serialization_alias="continue")
    enabled: bool
    service_id: UUID | None
    severity: SeverityName | None
    urgency: Urgency | None
    group_key: Sequence[str]
    add_labels: Mapping[str, str]
    drop_labels: Sequence[str]

    @classmethod
    def of(cls, rule: RoutingRule) -> Self:
        said: dict[str, Any] = {name: getattr(rule, name) for name in cls.model_fields}
        return cls.model_validate(said | {"matchers": [str(matcher) for matcher in rule.matchers]})


class OrderIn(Strict):
    """Every rule there is, in the order in which they shall be asked."""

    ids: Annotated[Sequence[UUID], Field(max_length=MOST_RULES)]
