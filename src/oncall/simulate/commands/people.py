"""Whom each step would have reached at any instant of a range: loaded once, then asked without the database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.ports import Channels
from oncall.contacts.commands import all_channels, load_reach
from oncall.contacts.commands.reaching import lacking_of
from oncall.contacts.values import Reach
from oncall.escalation.rules import changes_of, is_reachable, on_duty_in, schedules_in, targets_of
from oncall.escalation.values import People, Snapshot
from oncall.kit.ids import ContactMethodId, ScheduleId, TeamId, UserId
from oncall.schedules.commands import LOOK_AHEAD, load_schedules
from oncall.schedules.compiled import CompiledSchedule
from oncall.schedules.rules import next_handoff
from oncall.schedules.values import ScheduleOnCall
from oncall.teams.commands import all_teams, user_names
from oncall.teams.values import Team

DAY = timedelta(days=1)


@dataclass(slots=True)
class Duty:
    """Schedules with their past as it is recorded, and how people are reached today."""

    schedules: dict[ScheduleId, CompiledSchedule]
    reach: dict[UserId, Reach]
    teams: Mapping[TeamId, Team]
    on_call_of: Mapping[TeamId, ScheduleId | None]
    channels: Mapping[ContactMethodId, Reach]
    lacking: Mapping[str, str]
    _known: dict[int, tuple[Snapshot, datetime, datetime, People]] = field(default_factory=dict)
    """The last answer for each snapshot, and the time in which it holds."""

    def at(self, snapshot: Snapshot, at: datetime) -> People:
        """Whom every target of a policy meant at an instant; people who have gone since are not reached."""
        known = self._known.get(id(snapshot))
        if known is not None and known[1] <= at < known[2]:
            return known[3]
        targets = targets_of(snapshot)
        on_call: dict[ScheduleId, ScheduleOnCall] = {}
        until = at + DAY
        for schedule in [self.schedules[one] for one in schedules_in(targets, self.on_call_of) if one in self.schedules]:
            outlook = schedule.at(at)
            until = min(until, outlook.holds_until or until)
            of = schedule.schedule
            on_call[of.id] = ScheduleOnCall(of.id, of.name, outlook.on_call.users, outlook.on_call.sources)
        lost = [id for id, answer in on_call.items() if not any(u in self.reach and is_reachable(self.reach[u]) for u in answer.users)]
        handoffs = changes_of(targets, self.on_call_of, {one: next_handoff(self.schedules[one].schedule, at=at) for one in lost})
        people = People(on_duty_in(targets, on_call, self.teams, self.channels), self.reach, handoffs, lacking=self.lacking)
        self._known[id(snapshot)] = snapshot, at, until, people
        return people


async def load_duty(
    tx: AsyncConnection, snapshots: Iterable[Snapshot], *, sends_by: Channels | None = None, since: datetime, until: datetime
) -> Duty:
    """For these policies, and everybody there is. Where it counts what can be sent now, `sends_by` are the channels of this node."""
    teams = await all_teams(tx)
    on_call_of = {id: team.schedule_id for id, team in teams.items()}
    wanted = sorted({schedule for snapshot in snapshots for schedule in schedules_in(targets_of(snapshot), on_call_of)})
    found = await load_schedules(tx, wanted, since=since - LOOK_AHEAD, until=until + LOOK_AHEAD) if wanted else {}
    reach = await load_reach(tx, sorted(await user_names(tx)))
    channels = await all_channels(tx)
    everybody = dict(reach) | {channel.user_id: channel for channel in channels.values()}
    lacking = lacking_of(sends_by, everybody.values()) if sends_by is not None else {}
    return Duty({id: CompiledSchedule(schedule) for id, schedule in found.items()}, everybody, teams, on_call_of, channels, lacking)
