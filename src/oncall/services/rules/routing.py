"""Where routing rules send an event, and as what: ordered conditions, the first match, or more while rules continue. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from oncall.contacts.values import Urgency
from oncall.kit.ids import IntegrationId, ServiceId
from oncall.kit.matchers import Index, Matcher, match
from oncall.services.values.routing import BadRule, Routable, Routed, RoutingRule, RuleTried

NOTHING_SET = (
    "This rule sets nothing: say service_id, severity, urgency, group_key, add_labels or drop_labels. "
    "What shall stay as it is gets a rule with the service_id of its own service."
)
ALL_MATCHED = (
    "This rule matches every event it is asked about, and rules behind it may never be asked: add a matcher, or say "
    '"matches_everything": true if it is meant, as for the last one.'
)
NOT_ALL_MATCHED = 'These matchers leave something out: leave "matches_everything" out as well, or say no matchers.'


@dataclass(frozen=True, slots=True)
class Routing:
    """All rules in their order, made ready. Those that are on are found by what they need of an event, not one by one."""

    rules: tuple[RoutingRule, ...]
    sentences: tuple[str, ...]
    """What each rule does, in words."""
    of_all: Index[int]
    of_one: Mapping[IntegrationId, Index[int]]
    asked: frozenset[IntegrationId | None]
    """The integrations that a rule which is on is about, None being all of them."""

    def concerns(self, id: IntegrationId) -> bool:
        """Whether any rule that is on is asked about events of this integration."""
        return None in self.asked or id in self.asked


def check_rule(rule: RoutingRule, *, is_everything_meant: bool) -> None:
    """Refuse a rule that does nothing, or takes everything without saying so. Raises BadRule."""
    if not rule.sets_something:
        raise BadRule(NOTHING_SET)
    if rule.matches_everything is not is_everything_meant:
        raise BadRule(ALL_MATCHED if rule.matches_everything else NOT_ALL_MATCHED, field="matches_everything")


def compile_routing(rules: Sequence[RoutingRule], services: Mapping[ServiceId, str]) -> Routing:
    """From all rules, in any order, and the names of services."""
    ordered = tuple(sorted(rules, key=lambda rule: (rule.position, rule.id)))
    on = [(n, rule) for n, rule in enumerate(ordered) if rule.enabled]
    of: dict[IntegrationId | None, list[tuple[int, RoutingRule]]] = {}
    for n, rule in on:
        of.setdefault(rule.integration_id, []).append((n, rule))
    indices = {id: Index([(rule.matchers, n) for n, rule in its]) for id, its in of.items()}
    return Routing(
        ordered,
        tuple(_what_it_does(rule, services) for rule in ordered),
        indices.get(None) or Index([]),
        {id: index for id, index in indices.items() if id is not None},
        frozenset(of),
    )


def route(routing: Routing, asked: Routable, *, in_full: bool = False) -> Routed:
    """The way of one event. With `in_full` also the rules that do not match are in it, up to the one that ends it, with why not.

    Each rule sees labels and severity as those before it left them; of what several rules set the last word stands.
    """
    way = _Way(asked)
    own = routing.of_one.get(asked.integration_id)
    indices = (routing.of_all,) if own is None else (routing.of_all, own)
    waiting = [n for index in indices for n in index.needing_none() + index.needing(way.seen)]
    if in_full:
        waiting = [n for n, rule in enumerate(routing.rules) if rule.integration_id in {None, asked.integration_id}]
    heapify(waiting)
    last = -1
    while waiting:
        n = heappop(waiting)
        if n <= last:
            continue  # a label it needs was there, and came again
        last, rule = n, routing.rules[n]
        if not rule.enabled or not match(rule.matchers, way.seen):
            if in_full:
                way.tried.append(RuleTried(rule, False, _why_not(rule, way)))
            continue
        way.tried.append(RuleTried(rule, True, routing.sentences[n]))
        changed = way.follow(rule)
        if not rule.continues:
            break
        if changed and not in_full:
            for m in (m for index in indices for m in index.needing(changed) if m > n):
                heappush(waiting, m)
    return way.routed()


class _Way:
    """An event on its way through the rules."""

    def __init__(self, asked: Routable) -> None:
        self.fields, self.labels = asked.fields, asked.labels
        self.service_id, self.severity = asked.service_id, asked.severity
        self.urgency: Urgency | None = None
        self.group_labels: tuple[str, ...] = ()
        self.seen = {**asked.fields, "severity": asked.severity, **asked.labels}
        self.tried: list[RuleTried] = []

    def follow(self, rule: RoutingRule) -> Mapping[str, str]:
        """Do what a rule says; returns what is seen otherwise now. Labels are dropped first, so that one may be put in another's place."""
        self.service_id, self.severity = rule.service_id or self.service_id, rule.severity or self.severity
        self.urgency, self.group_labels = rule.urgency or self.urgency, rule.group_key or self.group_labels
        touched = {*rule.drop_labels, *rule.add_labels}
        if touched:
            kept = {name: value for name, value in self.labels.items() if name not in rule.drop_labels}
            self.labels = {**kept, **rule.add_labels}
        if rule.severity:
            touched.add("severity")
        changed = {name: value for name in touched if (value := self._see(name)) != self.seen.get(name, "")}
        self.seen.update(changed)
        return changed

    def _see(self, name: str) -> str:
        if name in self.labels:
            return self.labels[name]
        return self.severity if name == "severity" else self.fields.get(name, "")

    def routed(self) -> Routed:
        return Routed(self.service_id, self.severity, self.urgency, self.group_labels, self.labels, tuple(self.tried))


def _what_it_does(rule: RoutingRule, services: Mapping[ServiceId, str]) -> str:
    does = [
        *([f"sent it to service {services.get(rule.service_id, 'unknown')}"] if rule.service_id else []),
        *([f"made its severity {rule.severity}"] if rule.severity else []),
        *([f"made its urgency {rule.urgency}"] if rule.urgency else []),
        *([f"grouped it by {', '.join(rule.group_key)}"] if rule.group_key else []),
        *([f"dropped {', '.join(rule.drop_labels)}"] if rule.drop_labels else []),
        *([f"added {', '.join(f'{name}={value}' for name, value in rule.add_labels.items())}"] if rule.add_labels else []),
    ]
    return f'routing rule "{rule.name}" {", ".join(does)}'


def _why_not(rule: RoutingRule, way: _Way) -> str:
    if not rule.enabled:
        return f'routing rule "{rule.name}" is switched off'
    failed = next(matcher for matcher in rule.matchers if not matcher.matches(way.seen))
    return f'routing rule "{rule.name}" does not match: {_found_instead(failed, way)}'


def _found_instead(failed: Matcher, way: _Way) -> str:
    if failed.name in way.labels:
        return f"it asks for {failed}, and the label {failed.name} is {way.labels[failed.name]!r}"
    if way.seen.get(failed.name):
        return f"it asks for {failed}, and the {failed.name} is {way.seen[failed.name]!r}"
    return f"it asks for {failed}, and there is no label and no field {failed.name}"
