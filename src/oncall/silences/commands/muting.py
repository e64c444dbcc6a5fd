"""Everything that mutes, loaded for paging; and what every change of it does."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.compiled import changed
from oncall.kit.ids import ServiceId
from oncall.kit.log import get_log
from oncall.services.commands import get_services
from oncall.silences.adapters.recurring import timetable_of
from oncall.silences.ports import OnMutingChanged
from oncall.silences.rules.muting import AHEAD, Mutings, compile_mutings
from oncall.silences.store import inhibitions, silences, windows
from oncall.silences.values.inhibitions import Inhibition
from oncall.silences.values.muting import UnknownScope
from oncall.silences.values.silences import Silence
from oncall.silences.values.windows import BadWindow, Timetable, Window
from oncall.teams.commands import names_of

log = get_log("silences")

MUTING = "muting"
"""The topic of what is compiled here: whoever writes any of it raises its revision."""


@dataclass(frozen=True, slots=True)
class Muters:
    """Everything that may mute, as it was made."""

    silences: Sequence[Silence]
    windows: Sequence[Window]
    inhibitions: Sequence[Inhibition]


async def list_muters(tx: AsyncConnection, *, since: datetime) -> Muters:
    """What mutes at `since` or may later; three statements."""
    return Muters(await silences.unexpired(tx, now=since), await windows.windows_from(tx, since), await inhibitions.all_inhibitions(tx))


async def load_mutings(tx: AsyncConnection, *, now: datetime) -> Mutings:
    """What mutes at `now` or may later, made ready to be asked."""
    return compiled(await list_muters(tx, since=now), now=now)


def compiled(muters: Muters, *, ahead: timedelta = AHEAD, now: datetime) -> Mutings:
    """Made ready to be asked about `now` and a time after it."""
    return compile_mutings(muters.silences, readable(muters.windows), muters.inhibitions, ahead=ahead, now=now)


def readable(found: Sequence[Window]) -> Iterator[Timetable]:
    """Those windows whose rules this version can read: one that another version took must not keep the others from muting."""
    for window in found:
        try:
            yield timetable_of(window)
        except BadWindow as bad:
            log.warning("a maintenance window cannot be read and mutes nothing", window=str(window.id), why=str(bad))


async def muting_changed(tx: AsyncConnection, on_changed: OnMutingChanged, *, now: datetime) -> None:
    """After every write: what is compiled is out of date, and what is muted, or was, is looked at again."""
    await changed(tx, MUTING)
    await on_changed(tx, now=now)


async def author_of(tx: AsyncConnection, caller: Caller) -> Actor:
    """The person, if the key belongs to one; else the key."""
    if caller.user_id is None:
        return Actor(ActorKind.API_KEY, caller.key_id, caller.name, "api")
    name = (await names_of(tx, [caller.user_id])).get(caller.user_id, caller.name)
    return Actor(ActorKind.USER, caller.user_id, name, "api")


async def check_services(tx: AsyncConnection, ids: Collection[ServiceId], *, field: str) -> None:
    """Raises UnknownScope unless all of them exist."""
    known = await get_services(tx, list(ids))
    missing = [id for id in ids if id not in known]
    if missing:
        raise UnknownScope(f"There is no service with the id {missing[0]}.", field=field)
