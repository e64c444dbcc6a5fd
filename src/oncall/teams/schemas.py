"""What the routes about users and teams take and show."""

from typing import Annotated, Self, cast

from pydantic import AfterValidator, Field, StringConstraints

from oncall.kit.http import Instant, Name, Shown, Strict
from oncall.kit.ids import PolicyId, ScheduleId, TeamId, UserId
from oncall.kit.mail import check_mail_address
from oncall.kit.zones import check_zone
from oncall.teams.values import Member, OrgRole, Reachability, TeamChanges, TeamRole, User, UserChanges


def _each_once(roles: tuple[OrgRole, ...]) -> tuple[OrgRole, ...]:
    return tuple(sorted(set(roles)))


Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(check_mail_address)]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(check_zone)]
OrgRoles = Annotated[tuple[OrgRole, ...], Field(max_length=20), AfterValidator(_each_once)]


class UserIn(Strict):
    """A person, and the account e-mail that is written to when nothing else reaches them."""

    name: Name
    email: Email
    time_zone: Zone = "UTC"
    org_roles: OrgRoles = ()


class UserEdit(Strict):
    """Only the fields that are sent change; none of them may be null."""

    # The defaults are never read: they make a field one that may be left out.
    name: Name = Field(default_factory=str)
    email: Email = Field(default_factory=str)
    time_zone: Zone = Field(default_factory=str)
    org_roles: OrgRoles = Field(default_factory=tuple)

    def changes(self) -> UserChanges:
        return cast("UserChanges", self.model_dump(exclude_unset=True))


class ReachableShown(Shown):
    """`why` is by which ways, or why there is none that is known to work."""

    reachable: bool
    why: str


class ReachabilityShown(Shown):
    """For each urgency."""

    high: ReachableShown
    low: ReachableShown
    hint: str | None = Field(description="What a careful colleague would say all the same: that nothing has shown yet that it rings.")


class UserShown(Shown):
    id: UserId
    name: str
    email: str
    time_zone: str
    org_roles: tuple[OrgRole, ...]
    created_at: Instant
    reachable: ReachabilityShown

    @classmethod
    def of(cls, user: User, reachable: Reachability) -> Self:
        return cls(
            id=user.id,
            name=user.name,
            email=user.email,
            time_zone=user.time_zone,
            org_roles=user.org_roles,
            created_at=user.created_at,
            reachable=ReachabilityShown.model_validate(reachable),
        )


class TeamIn(Strict):
    """A team; `schedule_id` says whom a page to it reaches, `fallback_policy_id` what follows when a policy is exhausted."""

    name: Name
    schedule_id: ScheduleId | None = None
    fallback_policy_id: PolicyId | None = None


class TeamEdit(Strict):
    """Only the fields that are sent change; null takes a schedule or policy away."""

    name: Name = Field(default_factory=str)
    schedule_id: ScheduleId | None = None
    fallback_policy_id: PolicyId | None = None

    def changes(self) -> TeamChanges:
        return cast("TeamChanges", self.model_dump(exclude_unset=True))


class TeamShown(Shown):
    id: TeamId
    name: str
    schedule_id: ScheduleId | None
    fallback_policy_id: PolicyId | None
    created_at: Instant


class RoleIn(Strict):
    role: TeamRole = TeamRole.RESPONDER


class MemberIn(RoleIn):
    user_id: UserId


class Person(Shown):
    """A user as others refer to them."""

    id: UserId
    name: str


class MemberShown(Shown):
    user: Person
    role: TeamRole

    @classmethod
    def of(cls, member: Member) -> "MemberShown":
        return cls(user=Person.model_validate(member), role=member.role)
