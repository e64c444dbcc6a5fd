"""What higher rooms plug into people and teams, and into changes of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.teams.values import Reachability, User


class HowReachable(Protocol):
    """How pages reach each of these people: one statement for any number."""

    async def __call__(self, tx: AsyncConnection, users: Sequence[User]) -> Mapping[UserId, Reachability]: ...


class OnUserRemoved(Protocol):
    """Called in the transaction that removes a user; what was still to be sent to them is not, and nobody waits for it."""

    async def __call__(self, tx: AsyncConnection, user_id: UserId, *, now: datetime) -> None: ...


class OnQuietHoursChanged(Protocol):
    """Called in the transaction that changes when somebody is not paged: what waits for it is looked at again."""

    async def __call__(self, tx: AsyncConnection, *, now: datetime) -> None: ...


class OnTeamsChanging(Protocol):
    """Called before members or the schedule of teams change: what they meant until now is written down."""

    async def __call__(self, tx: AsyncConnection, teams: Sequence[TeamId], *, now: datetime) -> None: ...


class CheckTeamSchedule(Protocol):
    """Raises a refusal unless this schedule may stand for the team (None: a new one)."""

    async def __call__(self, tx: AsyncConnection, team_id: TeamId | None, schedule_id: ScheduleId) -> None: ...
