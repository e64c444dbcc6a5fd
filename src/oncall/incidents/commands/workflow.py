"""Workflow rules act: in the transaction of what triggered them, each action by itself, and never at the cost of what happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.commands.records import get_records
from oncall.incidents.commands.major import declare_major
from oncall.incidents.commands.responders import ask
from oncall.incidents.commands.roles import give_role, holder_of
from oncall.incidents.commands.tasks import add_tasks, list_tasks
from oncall.incidents.ports import RunAction
from oncall.incidents.rules.returning import OPEN
from oncall.incidents.rules.workflow import actor_of, applying, triggered
from oncall.incidents.store import incidents as store
from oncall.incidents.store import workflow as rule_store
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.tasks import ToDo
from oncall.incidents.values.workflow import AT_ONCE, Act, ActType, NamesNothing, Rule, Trigger
from oncall.kit.actors import Actor
from oncall.kit.db import beside, savepoint
from oncall.kit.errors import Refusal
from oncall.kit.ids import IncidentId
from oncall.kit.log import get_log
from oncall.kit.trouble import Trouble, trouble

log = get_log("workflow")
WORKFLOW = "workflow"
"""The name by which the timeline knows us; it calls nobody while no rule is enabled."""

_actions: dict[str, RunAction] = {}


def register_action(name: str, run: RunAction) -> None:
    """From now on, and in this whole process, a rule may `run` this."""
    _actions[name] = run


def known_actions() -> list[str]:
    return sorted(_actions)


async def on_entries(tx: AsyncConnection, added: Sequence[tuple[UUID, timeline.Entry]]) -> None:
    """What the timeline calls."""
    happened = triggered(entry for _, entry in added)
    if happened:
        async with beside(tx, log, "workflow rules did nothing about what happened", incidents=len(happened)):
            await _apply(tx, happened, now=max(entry.at for _, entry in added))


async def _apply(tx: AsyncConnection, happened: Mapping[IncidentId, Sequence[Trigger]], *, now: datetime) -> None:
    rules = await rule_store.enabled_rules(tx, sorted({trigger for its in happened.values() for trigger in its}))
    if not rules:
        return
    incidents = {one.id: one for one in await store.get_incidents(tx, happened)}
    asks_category = any(rule.conditions.category_ids for rule in rules)
    records = await get_records(tx, happened) if asks_category else {}
    due = []
    for id, triggers in happened.items():
        record = records.get(id)
        due.append((id, applying(rules, triggers, incidents[id], record.category_id if record else None)))
    due = [(id, its) for id, its in due if its]
    for id, its in due[:AT_ONCE]:
        for rule in its:
            await _act(tx, id, rule, now=now)
    left = [(id, rule, f"it did nothing: more than {AT_ONCE} incidents came at once") for id, its in due[AT_ONCE:] for rule in its]
    await timeline.add(tx, [_failed(id, rule, why, now=now) for id, rule, why in left])


async def _act(tx: AsyncConnection, id: IncidentId, rule: Rule, *, now: datetime) -> None:
    """Each action in a savepoint of its own: what one of them cannot do is said, and undoes nothing else."""
    by = actor_of(rule)
    for act in rule.actions:
        try:
            async with savepoint(tx):
                await _do(tx, id, act, by, now=now)
        except Refusal as refused:
            await timeline.add(tx, [_failed(id, rule, f"{act.type.value}: {refused}", now=now)])
        except Exception as error:
            if trouble(error) in {Trouble.CONFLICT, Trouble.UNREACHABLE}:
                raise  # of the whole transaction, which is done again
            log.exception("a workflow rule could not act", rule=str(rule.id), incident=str(id), action=act.type.value)
            await timeline.add(tx, [_failed(id, rule, f"{act.type.value}: {type(error).__name__}, which is a defect", now=now)])


async def _do(tx: AsyncConnection, id: IncidentId, act: Act, by: Actor, *, now: datetime) -> None:
    """Done again, none of these does anything more."""
    incident = (await store.lock_incidents(tx, [id]))[id]
    match act.type:
        case ActType.ADD_RESPONDERS:
            if incident.status in OPEN:
                await ask(tx, id, by=by, user_ids=act.user_ids, team_ids=act.team_ids, message=act.text, now=now)
        case ActType.ADD_TASKS:
            await _add_tasks(tx, incident, act, by, now=now)
        case ActType.SET_ROLE:
            if act.role is not None and incident.status in OPEN and await holder_of(tx, incident, act.role) is None:
                await give_role(tx, incident, act.role, act.user_ids[0], by=by, reason=None, now=now)
        case ActType.DECLARE_MAJOR:
            if incident.status is not Status.CLOSED:
                await declare_major(tx, incident, by, act.text, now=now)
        case ActType.RUN:
            await _run(tx, incident, act, by, now=now)


async def _add_tasks(tx: AsyncConnection, incident: Incident, act: Act, by: Actor, *, now: datetime) -> None:
    """Those that this rule has not added before."""
    if incident.status is Status.CLOSED:
        return
    mine = {one.title for one in await list_tasks(tx, incident.id) if one.created_by.id == by.id}
    new = [ToDo(one.title, one.description, due_at=now + one.due_in if one.due_in else None) for one in act.tasks if one.title not in mine]
    await add_tasks(tx, incident, new, by=by, now=now)


async def _run(tx: AsyncConnection, incident: Incident, act: Act, by: Actor, *, now: datetime) -> None:
    run = _actions.get(act.name)
    if run is None:
        raise NamesNothing(f"There is no action {act.name!r} any more.")
    said = await run(tx, incident, act.text, by=by, now=now)
    await timeline.add(tx, [timeline.Entry(incident.id, now, timeline.Kind.RULE_ACTED, by, said, {"action": act.name})])


def _failed(id: IncidentId, rule: Rule, why: str, *, now: datetime) -> timeline.Entry:
    said = f"workflow rule {rule.name}: {why}"
    return timeline.Entry(id, now, timeline.Kind.RULE_FAILED, actor_of(rule), said, {"rule_id": f"{rule.id}"})
