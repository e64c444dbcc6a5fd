"""What a user and a team are."""

from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import TypedDict

from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import PolicyId, ScheduleId, TeamId, UserId


class UnknownUser(NotFound):
    """There is no user with this id."""

    def __init__(self) -> None:
        super().__init__("There is no user with this id.")


class UnknownTeam(NotFound):
    """There is no team with this id."""

    def __init__(self) -> None:
        super().__init__("There is no team with this id.")


class NotAMember(NotFound):
    """This user is not in this team."""

    def __init__(self) -> None:
        super().__init__("This user is not a member of this team.")


class UnknownMember(Invalid):
    """Somebody who does not exist is to join a team."""

    def __init__(self) -> None:
        super().__init__("There is no user with this user_id.")


class UnknownTeamSchedule(Invalid):
    """The schedule a team points at does not exist."""

    def __init__(self) -> None:
        super().__init__("There is no schedule with this schedule_id.")


class UnknownFallbackPolicy(Invalid):
    """The fallback policy a team points at does not exist."""

    def __init__(self) -> None:
        super().__init__("There is no escalation policy with this fallback_policy_id.")


class EmailTaken(Conflict):
    """Upper and lower case make no difference."""

    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("Another user has this e-mail address already.")


class TeamNameTaken(Conflict):
    """Team names are unique."""

    code = "name_taken"

    def __init__(self) -> None:
        super().__init__("Another team has this name already.")


class OrgRole(StrEnum):
    """What someone may do in the whole organisation, beside their teams."""

    OWNER = "owner"
    ADMIN = "admin"
    SERVICE_DESK = "service_desk"
    STAKEHOLDER = "stakeholder"


class TeamRole(StrEnum):
    MANAGER = "manager"
    RESPONDER = "responder"
    OBSERVER = "observer"


DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """When a person is not paged at low urgency, by their own clock: from `start_time` to before `end_time`, past midnight if that is
    earlier. `days` are those on which it begins.
    """

    start_time: time
    end_time: time
    days: tuple[str, ...] = DAYS


@dataclass(frozen=True, slots=True)
class User:
    id: UserId
    name: str
    email: str
    time_zone: str
    org_roles: tuple[OrgRole, ...]
    created_at: datetime
    version: int = 1
    quiet_hours: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Reachable:
    """Whether pages reach somebody by a way that is known to work, and by which, or why not."""

    reachable: bool
    why: str


@dataclass(frozen=True, slots=True)
class Reachability:
    """The same for each urgency."""

    high: Reachable
    low: Reachable
    hint: str | None = None
    """What a careful colleague would say all the same."""


class UserChanges(TypedDict, total=False):
    """What an edit of a user changes; what is left out stays."""

    name: str
    email: str
    time_zone: str
    org_roles: tuple[OrgRole, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """`schedule_id` says whom a page to the team reaches; `fallback_policy_id` what follows when a policy is exhausted."""

    id: TeamId
    name: str
    schedule_id: ScheduleId | None
    fallback_policy_id: PolicyId | None
    created_at: datetime
    version: int = 1


class TeamChanges(TypedDict, total=False):
    """What an edit of a team changes; None takes a schedule or policy away, what is left out stays."""

    name: str
    schedule_id: ScheduleId | None
    fallback_policy_id: PolicyId | None


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a team; `id` and `name` are the user's."""

    id: UserId
    name: str
    role: TeamRole
