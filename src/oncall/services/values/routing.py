"""What a routing rule is, what it is asked about, and what comes of that."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oncall.contacts.values import Urgency
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import IntegrationId, RoutingRuleId, ServiceId
from oncall.kit.matchers import Matchers, Operator

ANYTHING = ("", "\N{SNOWMAN} whatever anybody may call anything")
"""No label, and one that nobody's expression is about: what takes both takes everything."""


MOST_POSITION = 1_000_000


class UnknownRule(NotFound):
    """There is no routing rule with this id."""


class BadRule(Invalid):
    """A routing rule that would do nothing, or more than was meant, or that names what does not exist."""


class NotAllRules(Conflict):
    """The order of rules names too few, too many, or one twice."""

    code = "not_all_rules"
    title = "Not all rules"


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """For events that match: another service, severity, urgency or grouping key, labels added and dropped. What is None or empty stays.

    Rules are asked in order of `position`, then of their ids; one without `integration_id` is asked about the events of all.
    """

    id: RoutingRuleId
    name: str
    position: int
    integration_id: IntegrationId | None
    matchers: Matchers
    continues: bool = False
    enabled: bool = True
    service_id: ServiceId | None = None
    severity: str | None = None
    urgency: Urgency | None = None
    group_key: tuple[str, ...] = ()
    add_labels: Mapping[str, str] = field(default_factory=dict)
    drop_labels: tuple[str, ...] = ()
    version: int = 1

    @property
    def sets_something(self) -> bool:
        return bool(self.service_id or self.severity or self.urgency or self.group_key or self.add_labels or self.drop_labels)

    @property
    def matches_everything(self) -> bool:
        """Without matchers, or with such as `team=~".*"`. One that leaves out a single value (`env!="dev"`) is a condition."""
        return all(
            matcher.operator is Operator.MATCHES and all(matcher.matches({matcher.name: text}) for text in ANYTHING)
            for matcher in self.matchers
        )


@dataclass(frozen=True, slots=True)
class Routable:
    """What rules are asked about: an event's labels and, where it has no label of that name, its fields."""

    integration_id: IntegrationId
    service_id: ServiceId
    severity: str
    labels: Mapping[str, str]
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RuleTried:
    """One rule that was asked: whether it matched, and what it did or why not, in words."""

    rule: RoutingRule
    matched: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Routed:
    """Where an event goes and as what; `urgency` None and no `group_labels` leave these to the service. `way` is rule by rule."""

    service_id: ServiceId
    severity: str
    urgency: Urgency | None
    group_labels: tuple[str, ...]
    labels: Mapping[str, str]
    way: tuple[RuleTried, ...]
