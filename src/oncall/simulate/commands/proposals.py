"""What is proposed in the place of what there is: checked as if it were to be kept, and told apart from what stays."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.kit.actors import Actor
from oncall.kit.errors import Invalid
from oncall.kit.ids import ServiceId, new_id
from oncall.services.commands import with_hours
from oncall.services.commands.proposing import RuleProposed, proposed_rules
from oncall.services.commands.services import check_owner
from oncall.services.values import Service
from oncall.services.values.routing import RoutingRule
from oncall.silences.adapters.recurring import canonical, timetable_of
from oncall.silences.commands.muting import Muters, author_of, check_services
from oncall.silences.rules.planning import check_window, plan_of
from oncall.silences.rules.silences import check_silence
from oncall.silences.values.inhibitions import Inhibition, InhibitionId
from oncall.silences.values.silences import Silence, SilenceId, SilenceSettings
from oncall.silences.values.windows import Once, Window, WindowId, WindowSettings
from oncall.simulate.values.replaying import BadReplay, Change, RuleKind, RuleNamed, RuleRef

A_WHILE = timedelta(days=2)
"""More than any zone is away from UTC."""

T = TypeVar("T", RoutingRule, Silence, Window, Inhibition)

SETTINGS = (
    "name",
    "team_id",
    "escalation_policy_id",
    "ack_timeout",
    "urgency",
    "reopen_window",
    "grouping",
    "group_max_age",
    "flapping",
    "threshold",
    "delay",
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Each takes the place of all there are of its kind; None: these stay. Services: how those that are named
    are edited.
    """

    routing_rules: Sequence[RuleProposed] | None = None
    services: Mapping[ServiceId, Callable[[Service], Service]] | None = None
    silences: Sequence[SilenceSettings] | None = None
    windows: Sequence[WindowSettings] | None = None
    inhibitions: Sequence[Inhibition] | None = None

    def __bool__(self) -> bool:
        """Whether anything is proposed at all."""
        return any(part is not None for part in (self.routing_rules, self.services, self.silences, self.windows, self.inhibitions))


@dataclass(frozen=True, slots=True)
class Ruleset:
    """Everything that judges."""

    routing_rules: Sequence[RoutingRule]
    services: Mapping[ServiceId, Service]
    muters: Muters


@dataclass(slots=True)
class Names:
    """How rules are called, and which of them are proposed to be otherwise."""

    names: dict[RuleRef, RuleNamed] = field(default_factory=dict)
    changed: dict[RuleRef, Change] = field(default_factory=dict)

    def name(self, ref: RuleRef) -> RuleNamed:
        change = self.changed.get(ref)
        named = self.names[RuleRef(ref.kind, ref.id)]
        return replace(named, setting=ref.setting, change=change, id=None if change is Change.ADDED else named.id)


async def propose(
    tx: AsyncConnection, there: Ruleset, proposal: Proposal, *, caller: Caller, since: datetime, now: datetime
) -> tuple[Ruleset, Names]:
    """What there would be. Raises what making each of it would raise, but for what would be over already: the past is what is asked."""
    rules = there.routing_rules
    if proposal.routing_rules is not None:
        rules = await proposed_rules(tx, proposal.routing_rules, field="proposed.routing_rules")
        rules = [_kept(one, there.routing_rules, _rule_says) for one in rules]
    author = await author_of(tx, caller)
    muters = there.muters
    if proposal.silences is not None:
        silences = [
            Silence(SilenceId(new_id()), one.matchers, one.service_id, one.starts_at or since, one.ends_at, one.comment, author, now)
            for one in proposal.silences
        ]
        for n, (silence, said) in enumerate(zip(silences, proposal.silences, strict=True)):
            with _within(f"proposed.silences.{n}"):
                check_silence(silence, confirmed=said.confirmed, now=silence.starts_at)
                await check_services(tx, [silence.service_id] if silence.service_id else [], field="service_id")
        muters = replace(muters, silences=[_kept(one, there.muters.silences, _silence_says) for one in silences])
    if proposal.windows is not None:
        windows = [await _window(tx, said, n, author=author, now=now) for n, said in enumerate(proposal.windows)]
        muters = replace(muters, windows=[_kept(one, there.muters.windows, _window_says) for one in windows])
    if proposal.inhibitions is not None:
        inhibitions = [replace(one, id=InhibitionId(new_id()), created_at=now) for one in proposal.inhibitions]
        muters = replace(muters, inhibitions=[_kept(one, there.muters.inhibitions, _inhibition_says) for one in inhibitions])
    services = {**there.services, **{id: await _service(tx, there, id, edit, now=now) for id, edit in (proposal.services or {}).items()}}
    then = Ruleset(rules, services, muters)
    return then, _names(there, then)


@contextmanager
def _within(place: str) -> Iterator[None]:
    """What is wrong inside is wrong there in the body."""
    try:
        yield
    except Invalid as bad:
        bad.field = f"{place}.{bad.field}" if bad.field else place
        bad.faults = [(bad.field, str(bad))]
        raise


async def _service(tx: AsyncConnection, there: Ruleset, id: ServiceId, edit: Callable[[Service], Service], *, now: datetime) -> Service:
    with _within(f"proposed.services.{id}"):
        if id not in there.services:
            raise BadReplay("There is no service with this id.")
        edited = edit(there.services[id])
        await check_owner(tx, edited)
        return (await with_hours(tx, {id: edited}, now=now))[id]


async def _window(tx: AsyncConnection, said: WindowSettings, n: int, *, author: Actor, now: datetime) -> Window:
    with _within(f"proposed.maintenance_windows.{n}"):
        spelled = said if said.rrule is None else replace(said, rrule=canonical(said.rrule))
        window = Window(
            WindowId(new_id()),
            spelled.kind,
            spelled.name,
            spelled.description,
            spelled.service_ids,
            spelled.matchers,
            plan_of(spelled),
            author,
            now,
        )
        starts_at = window.plan.starts_at if isinstance(window.plan, Once) else window.plan.starts_at.replace(tzinfo=UTC) - A_WHILE
        check_window(timetable_of(window), confirmed=said.confirmed, now=starts_at)
        await check_services(tx, window.service_ids, field="service_ids")
    return replace(window, created_at=starts_at)  # as if it had been planned in time


def _by_name(one: RoutingRule | Silence | Window | Inhibition) -> str:
    return one.comment if isinstance(one, Silence) else one.name


def _kept(proposed: T, there: Iterable[T], says: Callable[[T], object]) -> T:
    """The one that is there, if it says the very same; else the proposed one, under the id of the one whose name it has."""
    named = [one for one in there if _by_name(one) == _by_name(proposed)]
    same = next((one for one in named if says(one) == says(proposed)), None)
    if same is not None:
        return same
    return replace(proposed, id=named[0].id) if len(named) == 1 else proposed


def _rule_says(rule: RoutingRule) -> object:
    return replace(rule, position=0, version=1)


def _silence_says(silence: Silence) -> object:
    return silence.matchers, silence.service_id, silence.starts_at, silence.ends_at, silence.comment


def _window_says(window: Window) -> object:
    return window.kind, window.name, window.service_ids, window.matchers, window.plan


def _inhibition_says(one: Inhibition) -> object:
    return one.name, one.source, one.target, one.equal


def _names(there: Ruleset, then: Ruleset) -> Names:
    names = names_of(there)
    names.names |= names_of(then).names
    for kind, before, after, says in (
        (RuleKind.ROUTING_RULE, there.routing_rules, then.routing_rules, _rule_says),
        (RuleKind.SILENCE, there.muters.silences, then.muters.silences, _silence_says),
        (RuleKind.MAINTENANCE_WINDOW, there.muters.windows, then.muters.windows, _window_says),
        (RuleKind.INHIBITION, there.muters.inhibitions, then.muters.inhibitions, _inhibition_says),
    ):
        names.changed |= {RuleRef(kind, id): change for id, change in _changes(before, after, says)}
    for id, service in then.services.items():
        was = there.services.get(id)
        if was is not None and was is not service:
            edited = [name for name in SETTINGS if getattr(was, name) != getattr(service, name)]
            names.changed |= {RuleRef(RuleKind.SERVICE, id, name): Change.EDITED for name in edited}
    return names


def _changes(before: Sequence[Any], after: Sequence[Any], says: Callable[[Any], object]) -> Iterator[tuple[UUID, Change]]:
    """One that was moved among the others is edited as well, if it has another one before it now."""
    was, is_now = {one.id: one for one in before}, {one.id: one for one in after}
    yield from ((id, Change.REMOVED) for id in was.keys() - is_now.keys())
    yield from ((id, Change.ADDED) for id in is_now.keys() - was.keys())
    yield from ((id, Change.EDITED) for id in was.keys() & is_now.keys() if says(was[id]) != says(is_now[id]))


def names_of(rules: Ruleset) -> Names:
    """How these rules are called; none of them is changed."""
    names: dict[RuleRef, RuleNamed] = {}
    for kind, its in (
        (RuleKind.ROUTING_RULE, rules.routing_rules),
        (RuleKind.SILENCE, rules.muters.silences),
        (RuleKind.MAINTENANCE_WINDOW, rules.muters.windows),
        (RuleKind.INHIBITION, rules.muters.inhibitions),
    ):
        names |= {RuleRef(kind, one.id): RuleNamed(kind, one.id, _by_name(one)) for one in its}
    services = rules.services.values()
    names |= {RuleRef(RuleKind.SERVICE, one.id): RuleNamed(RuleKind.SERVICE, one.id, one.name) for one in services}
    return Names(names)
