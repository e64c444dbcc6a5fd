"""What the outage of a service does to others, over REST."""

from typing import Self
from uuid import UUID

from oncall.contacts.values import Urgency
from oncall.incidents.values import Severity, Status
from oncall.incidents.values.impact import Impact
from oncall.kit.http import Shown
from oncall.kit.ids import ServiceId
from oncall.services.schemas.catalogue import ServiceKnown, ServiceNamed
from oncall.services.values.dependencies import Reached, Surroundings


class OpenIncidentShown(Shown):
    id: UUID
    number: int
    title: str
    status: Status
    severity: Severity
    urgency: Urgency


class ServiceReached(ServiceKnown):
    """`path` is the shortest chain of dependencies, from the service that was asked about to this one; `depth` is how long it is."""

    depth: int
    path: list[ServiceNamed]


class DependencyReached(ServiceReached):
    """`open_incidents`: the newest ten."""

    open_incidents: list[OpenIncidentShown]


class ImpactShown(Shown):
    """`dependents` are affected by an outage of the service; what is open on its `dependencies` may be what ails it. Nearest first;
    `…_truncated`: more lies behind that is not told.
    """

    service: ServiceKnown
    open_incidents: list[OpenIncidentShown]
    dependents: list[ServiceReached]
    dependents_truncated: bool
    dependencies: list[DependencyReached]
    dependencies_truncated: bool

    @classmethod
    def of(cls, impact: Impact) -> Self:
        around = impact.around

        def opened(id: ServiceId) -> list[OpenIncidentShown]:
            return [OpenIncidentShown.model_validate(one) for one in impact.open.get(id, ())]

        return cls(
            service=ServiceKnown.of(around.service),
            open_incidents=opened(around.service.id),
            dependents=[ServiceReached(**_way_to(one, around)) for one in around.dependents.reached],
            dependents_truncated=around.dependents.truncated,
            dependencies=[DependencyReached(**_way_to(one, around), open_incidents=opened(one.id)) for one in around.dependencies.reached],
            dependencies_truncated=around.dependencies.truncated,
        )


def _way_to(one: Reached, around: Surroundings) -> dict[str, object]:
    path = [ServiceNamed(id=id, name=around.known[id].name) for id in one.path]
    return ServiceKnown.of(around.known[one.id]).model_dump() | {"depth": one.depth, "path": path}
