"""What a replay is asked and answers over REST. What is proposed has the form that each resource has."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from oncall.contacts.values import Urgency
from oncall.incidents.values import Severity
from oncall.kit.http import Instant, Name, Shown, Strict
from oncall.kit.ids import IncidentId, PolicyId, ServiceId, UserId
from oncall.services.schemas.routing import RoutingRuleIn
from oncall.services.schemas.services import ServiceIn, ServiceOut
from oncall.services.values import Service
from oncall.services.values.profile import Profile
from oncall.silences.schemas.inhibitions import InhibitionIn
from oncall.silences.schemas.silences import SilenceIn
from oncall.silences.schemas.windows import WindowIn
from oncall.simulate.values.replaying import Change, Kind, Outcome, Replayed, RuleKind, RuleNamed, Told

MOST = 2_000
"""Of each kind that may be proposed."""


class ServiceProposed(ServiceIn):
    """What is said of a service; what is left out stays as it is."""

    name: Name | None = None  # type: ignore[assignment]  # it stays
    escalation_policy_id: PolicyId | None = None  # type: ignore[assignment]  # it stays

    def to_edited(self, service: Service) -> Service:
        """The service as it would be."""
        said = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        there = ServiceOut.of(service, Profile()).model_dump(mode="json", by_alias=True, exclude={"id"})
        return ServiceIn.model_validate(there | {name: value for name, value in said.items() if name not in STAYS or value}).to_service(
            service.id
        )


STAYS = {"name", "escalation_policy_id"}
"""There is no service without."""


class ProposedIn(Strict):
    """Each list takes the place of all there are of its kind; what is left out, or null, stays as it is. Of `services` only what is said
    of each.
    """

    routing_rules: Annotated[Sequence[RoutingRuleIn], Field(max_length=MOST)] | None = None
    services: Annotated[Mapping[ServiceId, ServiceProposed], Field(max_length=MOST)] | None = None
    silences: Annotated[Sequence[SilenceIn], Field(max_length=MOST)] | None = None
    maintenance_windows: Annotated[Sequence[WindowIn], Field(max_length=MOST)] | None = None
    inhibitions: Annotated[Sequence[InhibitionIn], Field(max_length=MOST)] | None = None


EXAMPLE: dict[str, Any] = {
    "since": "2026-03-01T00:00:00Z",
    "until": "2026-03-08T00:00:00Z",
    "proposed": {"services": {"01990000-0000-7000-8000-000000000001": {"delay": {"for": "PT5M"}}}},
}


class ReplayIn(Strict):
    """Stored events of `[since, until)`, 31 days and 200,000 events at most; `until` is now unless it is said. With a `service_id` only
    what concerns that one is told. Without anything `proposed`, what was recorded is compared with today's rules; else today's rules
    with those.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    since: Instant
    until: Instant | None = None
    service_id: ServiceId | None = None
    proposed: ProposedIn | None = None


class PersonNamed(Shown):
    id: UserId
    name: str


class ServiceNamed(Shown):
    id: ServiceId
    name: str


class IncidentNamed(Shown):
    """As it was recorded."""

    id: IncidentId
    number: int
    title: str


class PagedShown(Shown):
    at: Instant
    users: Sequence[PersonNamed]


class IncidentShown(Shown):
    """One incident as it was, or would have been: its id is that of its first event. `pages`: its first steps, and those that began anew.
    `held`: what held it, if anything ever did. `urgency` and `severity` are null where it is not known what they were at the end.
    """

    id: IncidentId
    number: int | None
    service: ServiceNamed
    urgency: Urgency | None
    severity: Severity | None
    opened_at: Instant
    pages: Sequence[PagedShown]
    held: str | None


class RuleShown(Shown):
    """A rule that made the difference; one that is only proposed has no id. Of a service `setting` says which."""

    type: RuleKind
    id: Any
    name: str
    setting: str | None
    change: Change | None

    @classmethod
    def of(cls, rule: RuleNamed) -> Self:
        return cls(type=rule.kind, id=rule.id, name=rule.name, setting=rule.setting or None, change=rule.change)


class DifferenceShown(Shown):
    """Incidents that share events and differ: `incident` names the first, if it was recorded. `saved`: pages made before only; `missed`:
    pages made after only.
    """

    kind: Kind
    incident: IncidentNamed | None
    title: str
    because: Sequence[RuleShown]
    sentence: str
    events: int
    saved: int
    missed: int
    before: Sequence[IncidentShown]
    after: Sequence[IncidentShown]


class SumShown(Shown):
    before: int
    after: int


class PagesShown(Shown):
    """Pages of people: `saved` were made before and not after, `missed` after and not before."""

    before: int
    after: int
    saved: int
    missed: int


class ReplayOut(Shown):
    """`differences`: the largest thousand of `difference_count`. `bodies_gone`: events known from the record alone, whose labels are those
    of their alert; `read_otherwise`: events whose bodies would be read otherwise today, so that the record was taken for them as well.
    `decided_otherwise`: events whose decision is another, but for those that are held by another thing.
    """

    since: Instant
    until: Instant
    events: int
    bodies_gone: int
    read_otherwise: int
    decided_otherwise: int
    incidents: SumShown
    pages: PagesShown
    difference_count: int
    differences: Sequence[DifferenceShown]

    @classmethod
    def of(cls, made: Replayed) -> Self:
        compared = made.compared
        return cls(
            since=made.since,
            until=made.until,
            events=made.looked.events,
            bodies_gone=made.looked.bodies_gone,
            read_otherwise=made.looked.read_otherwise,
            decided_otherwise=made.decided_otherwise,
            incidents=SumShown(before=compared.incidents_before, after=compared.incidents_after),
            pages=PagesShown(before=compared.pages_before, after=compared.pages_after, saved=compared.saved, missed=compared.missed),
            difference_count=len(compared.differences),
            differences=[_difference(one, made) for one in made.told],
        )


def _difference(told: Told, made: Replayed) -> DifferenceShown:
    of = told.difference
    return DifferenceShown(
        kind=of.kind,
        incident=IncidentNamed.model_validate(told.incident) if told.incident else None,
        title=told.incident.title if told.incident else told.title,
        because=[RuleShown.of(rule) for rule in told.because],
        sentence=told.sentence,
        events=of.events,
        saved=of.saved,
        missed=of.missed,
        before=[_incident(one, made) for one in of.before],
        after=[_incident(one, made) for one in of.after],
    )


def _incident(one: Outcome, made: Replayed) -> IncidentShown:
    service = made.services.get(one.service_id)
    return IncidentShown(
        id=one.id,
        number=made.numbers.get(one.id),
        service=ServiceNamed(id=one.service_id, name=service.name if service else "deleted"),
        urgency=one.urgency,
        severity=one.severity,
        opened_at=one.opened_at,
        pages=[
            PagedShown(at=paged.at, users=[PersonNamed(id=id, name=made.people.get(id, "removed")) for id in paged.user_ids])
            for paged in one.pages
        ],
        held=one.held or None,
    )
