"""People who are paged directly: for whom, about what, and what was decided for that."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from oncall.contacts.values import Urgency
from oncall.incidents.values import Incident
from oncall.kit.errors import Conflict, Invalid
from oncall.kit.ids import ServiceId, TeamId, UserId
from oncall.services.values import Service


class CannotPage(Invalid):
    """Whom or what for is not clear; the text says what to name."""


class NobodyReached(Conflict):
    """No page would reach anybody, now or later."""

    code = "nobody_reached"
    title = "Nobody would be reached"


@dataclass(frozen=True, slots=True)
class Whom:
    """A person, or a team, which means whoever is on call for it."""

    user_id: UserId | None
    team_id: TeamId | None
    name: str

    @property
    def called(self) -> str:
        return self.name if self.team_id is None else f"team {self.name}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page says, how urgent it is, and where it belongs: to a service, or to an incident that is open; None leaves it to us."""

    title: str
    urgency: Urgency | None
    service_id: ServiceId | None
    incident_id: UUID | None


@dataclass(frozen=True, slots=True)
class Home:
    """The service an incident made by hand belongs to, and how that was found out where nobody named it."""

    service: Service
    says: str | None = None


@dataclass(frozen=True, slots=True)
class Paged:
    """Somebody who is paged."""

    id: UserId
    name: str


@dataclass(frozen=True, slots=True)
class PagedDirectly:
    """The incident, who is paged now, and what whoever asked should know."""

    incident: Incident
    people: Sequence[Paged]
    says: Sequence[str]
