"""Short words for the tests of coverage: people as they can be reached, policies of steps, and what is found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from tests.schedules.building import NAMES, ana, bob, cem, dee, uuid

from oncall.contacts.values import ContactMethod, Reach, Urgency
from oncall.desk.values import CalendarId
from oncall.desk.values.calendars import Calendar, CalendarSettings, Span
from oncall.escalation.values import Hours, Policy, Snapshot, Step, Strategy, Target, TargetType
from oncall.kit.ids import ContactMethodId, PolicyId, ScheduleId, ServiceId, TeamId, UserId
from oncall.reports.commands.coverage import holes_of
from oncall.reports.values.coverage import Facts, HoleKind
from oncall.schedules.values import Schedule
from oncall.services.values import Service, UrgencyMode
from oncall.teams.values import QuietHours, Team

MADE = datetime(2026, 1, 1, tzinfo=UTC)
DAYTIME = Hours(time(8), time(22))
NIGHT = QuietHours(time(22), time(7))
TEAM = TeamId(uuid("team"))


def to(user: UserId) -> Target:
    return Target(TargetType.USER, user)


def on(schedule: Schedule) -> Target:
    return Target(TargetType.SCHEDULE, schedule.id)


ROOM = Target(TargetType.CHANNEL, uuid("room"))
OUR_TEAM = Target(TargetType.TEAM, TEAM)


def step(
    *targets: Target,
    severities: tuple[str, ...] = (),
    hours: Hours | None = None,
    strategy: str = "everyone",
    supported: bool | None = None,
) -> Step:
    return Step(timedelta(minutes=5), targets, Strategy(strategy), severities=severities, hours=hours, in_support_hours=supported)


def policy(*steps: Step, name: str = "P", **more: bool) -> Policy:
    return Policy(PolicyId(uuid(f"policy {name}")), name, None, 2, steps, **more)  # type: ignore[arg-type]


def reach(
    user: UserId,
    *,
    verified: bool = True,
    channel: str = "email",
    zone: str = "UTC",
    quiet: QuietHours | None = None,
    name: str | None = None,
) -> Reach:
    method = ContactMethod(ContactMethodId(uuid(f"{user} {channel}")), user, channel, "there", MADE if verified else None, MADE)
    return Reach(user, (name or NAMES[user]).capitalize(), "a@example.com", (method,), (), zone, quiet)


EVERYBODY = {user: reach(user) for user in (ana, bob, cem, dee)}


def channel_of_team(*, verified: bool = True) -> Reach:
    return replace(reach(UserId(ROOM.id), verified=verified, channel="slack", name="Team"), team_id=TEAM)


def facts(
    snapshot: Snapshot,
    *,
    mode: UrgencyMode = UrgencyMode.BY_SEVERITY,
    people: Mapping[UserId, Reach] | None = None,
    team_schedule: Schedule | None = None,
    room: bool = True,
    hours: Calendar | None = None,
) -> Facts:
    service = Service(ServiceId(UUID(int=1)), "payments", TEAM, snapshot.policy.id, None, mode, timedelta(minutes=15))
    service = replace(service, hours=hours)
    team = Team(TEAM, "Team", team_schedule.id if team_schedule else None, None, MADE)
    channel = channel_of_team(verified=room)
    everybody = EVERYBODY | dict(people or {})
    return Facts(
        [service], {service.id: snapshot}, {}, {TEAM: team}, everybody | {channel.user_id: channel}, {ContactMethodId(ROOM.id): channel}
    )


async def found(
    its: Facts, schedules: Sequence[Schedule], since: datetime, until: datetime, *, lacking: Mapping[str, str] | None = None
) -> list[tuple[str, str, str, str]]:
    """(urgency, start, end, kind) of each hole, as UTC without its year."""
    ready: dict[ScheduleId, Schedule] = {one.id: one for one in schedules}
    coverage = await holes_of(its, ready, lacking or {}, since=since, until=until)
    return [(hole.urgency.value, f"{hole.start:%m-%d %H:%M}", f"{hole.end:%m-%d %H:%M}", hole.kind.value) for hole in coverage.holes]


NOBODY, QUIET = HoleKind.NOBODY.value, HoleKind.QUIET_HOURS.value
HIGH, LOW = Urgency.HIGH.value, Urgency.LOW.value

OFFICE = Calendar(
    CalendarId(uuid("calendar")),
    CalendarSettings("Office", "Europe/Lisbon", tuple((Span(9 * 3600, 17 * 3600),) if day < 5 else () for day in range(7))),
    MADE,
)
