"""Who leads an incident, who speaks for it, and who writes it down."""

from dataclasses import dataclass
from datetime import datetime

from oncall.desk.values.roles import Role
from oncall.kit.actors import Actor
from oncall.kit.errors import NotFound
from oncall.kit.ids import IncidentId, UserId


class NobodyHasIt(NotFound):
    """Nobody has this role in this incident, so nobody can leave it."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a role, since when, and who said so; without a user it is one that somebody is to take."""

    incident_id: IncidentId
    role: Role
    user_id: UserId | None
    user: str | None
    set_by: Actor
    since: datetime
