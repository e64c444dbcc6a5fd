"""Which way a pasted event, or each event of a pasted body, would go. Nothing is written, and the same rules are asked as for real."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Urgency
from oncall.incidents.rules.routing import routable
from oncall.incidents.values import Event
from oncall.services.commands import get_supported, load_routing
from oncall.services.commands.proposing import RuleProposed, compile_proposed, proposed_rules
from oncall.services.rules.routing import route
from oncall.services.rules.support import urgency_of
from oncall.services.values import Service
from oncall.services.values.judging import Grouping, GroupingType
from oncall.services.values.routing import Routed

MAX_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Way:
    """An event as it was read, what each rule did with it, and where it ends up; `grouping` and `urgency` by rule or by service."""

    event: Event
    routed: Routed
    service: Service
    urgency: Urgency
    grouping: Grouping | None
    group_key: Mapping[str, str]
    """The values of the labels it is grouped by."""

    @property
    def sentence(self) -> str:
        """Where it ends up."""
        matched = [tried.rule.name for tried in self.routed.way if tried.matched]
        by = f"by {', '.join(matched)} it goes to" if matched else "no routing rule matches: it stays with"
        grouped = ", ".join(f"{name}={value!r}" for name, value in self.group_key.items())
        how = f", grouped by {grouped}" if grouped else f", grouped by {self.grouping.type}" if self.grouping else ""
        return f"{by} service {self.service.name}, severity {self.routed.severity}, urgency {self.urgency}{how}"


async def ways(tx: AsyncConnection, events: Sequence[Event], proposed: Sequence[RuleProposed] | None = None, *, now: datetime) -> list[Way]:
    """Rule by rule, through those there are or, where there are any, the proposed ones in their place."""
    if proposed is None:
        routing = await load_routing(tx)
    else:
        routing = await compile_proposed(tx, await proposed_rules(tx, proposed, field="rules"))
    routed = [(event, route(routing, routable(event), in_full=True)) for event in events]
    services = await get_supported(tx, list({made.service_id for _, made in routed}), now=now)
    return [_way(event, made, services[made.service_id], now=now) for event, made in routed]


def _way(event: Event, made: Routed, service: Service, *, now: datetime) -> Way:
    grouping = Grouping(GroupingType.LABELS, made.group_labels) if made.group_labels else service.grouping
    names = grouping.labels if grouping else ()
    seen = {**routable(event).fields, "severity": made.severity, **made.labels}
    urgency = made.urgency or urgency_of(service, made.severity, now=now)
    return Way(event, made, service, urgency, grouping, {name: seen.get(name, "") for name in names})
