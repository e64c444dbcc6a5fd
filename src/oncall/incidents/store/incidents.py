"""SQL about incidents."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Text, bindparam, cast, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Urgency
from oncall.desk.values import Closure, Priority, Process
from oncall.desk.values.slas import Mark
from oncall.escalation.values import EscalationState, Position, Snapshot
from oncall.incidents.tables import alerts, incidents
from oncall.incidents.values import GoesOn, GroupKey, Incident, Severity, Status
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, ServiceId, TeamId, UserId
from oncall.kit.trouble import racing

# Snapshots and actors are read as text: `msgspec` makes values of them.
SEEN = [cast(column, Text).label(column.name) if isinstance(column.type, JSONB) else column for column in incidents.c]
INCIDENTS = select(*SEEN)

Fields = Mapping[str, Callable[[Incident], object]]
"""Column by column, where it stands in the value."""

# What changes in an incident's life, and what it is born with.
FIELDS: Fields = {
    "status": lambda i: i.status.value,
    "severity": lambda i: i.severity.value,
    "urgency": lambda i: i.urgency.value,
    "cycle": lambda i: i.position.cycle,
    "round": lambda i: i.position.round,
    "step": lambda i: i.position.step,
    "on_fallback": lambda i: i.position.on_fallback,
    "escalation_state": lambda i: i.escalation_state.value,
    "escalation_reason": lambda i: i.escalation_reason,
    "escalation_since": lambda i: i.escalation_since,
    "step_at": lambda i: i.step_at,
    "next_at": lambda i: i.next_at,
    "acknowledged_at": lambda i: i.acknowledged_at,
    "acknowledged_by": lambda i: _json(i.acknowledged_by),
    "owner_id": lambda i: i.owner_id,
    "resolved_at": lambda i: i.resolved_at,
    "resolved_by": lambda i: _json(i.resolved_by),
    "closed_at": lambda i: i.closed_at,
    "failures": lambda i: i.failures,
    "last_error": lambda i: i.last_error,
    "group_key": lambda i: i.group_key,
    "held_until": lambda i: i.held_until,
    "held_from": lambda i: i.held_from and i.held_from.value,
    "news": lambda i: i.news,
    "rose": lambda i: i.rose,
    "tell_at": lambda i: i.tell_at,
    "told_at": lambda i: i.told_at,
    "confirm_by": lambda i: i.confirm_by,
    "flapping_since": lambda i: i.flapping_since,
    "settle_at": lambda i: i.settle_at,
    "snoozed_until": lambda i: i.snoozed_until,
    "affirmed_at": lambda i: i.affirmed_at,
    "assigned_to_id": lambda i: i.assigned_to_id,
    "assigned_team_id": lambda i: i.assigned_team_id,
    "goes_on": lambda i: _json(i.goes_on),
    "priority": lambda i: i.priority and i.priority.value,
    "rises_at": lambda i: i.rises_at,
}
# What a step that fires changes, and nothing else: most of what the engine writes.
MOVING = ("position", "escalation_state", "escalation_reason", "escalation_since", "step_at", "next_at", "failures", "last_error")
MOVES: Fields = {name: get for name, get in FIELDS.items() if name in {*MOVING, "cycle", "round", "step", "on_fallback"}}
STAYS = attrgetter(*(f.name for f in dataclass_fields(Incident) if f.name not in MOVING))
BORN_WITH: Fields = {
    "id": lambda i: i.id,
    "service_id": lambda i: i.service_id,
    "title": lambda i: i.title,
    "policy_snapshot": lambda i: _json(i.snapshot),
    "ack_timeout": lambda i: i.ack_timeout,
    "reopen_window": lambda i: i.reopen_window,
    "triggered_at": lambda i: i.triggered_at,
    "follows_id": lambda i: i.follows_id,
    "opened_by": lambda i: _json(i.opened_by),
    "process": lambda i: i.process.value,
    "is_major": lambda i: i.is_major,
}


INSERT = text("""
    INSERT INTO incidents (id, service_id, title, policy_snapshot, ack_timeout, reopen_window, triggered_at, follows_id, opened_by, process,
        status, severity, urgency, cycle, round, step, on_fallback, escalation_state, escalation_reason, escalation_since, step_at, next_at,
        acknowledged_at, acknowledged_by, owner_id, resolved_at, resolved_by, closed_at, failures, last_error, group_key, held_until,
        held_from, news, rose, tell_at, told_at, confirm_by, flapping_since, settle_at, snoozed_until, affirmed_at, assigned_to_id,
        assigned_team_id, goes_on, priority, is_major, rises_at)
    SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:service_id AS uuid[]), CAST(:title AS text[]), CAST(:policy_snapshot AS jsonb[]),
        CAST(:ack_timeout AS interval[]), CAST(:reopen_window AS interval[]), CAST(:triggered_at AS timestamptz[]),
        CAST(:follows_id AS uuid[]), CAST(:opened_by AS jsonb[]), CAST(:process AS text[]), CAST(:status AS text[]),
        CAST(:severity AS text[]), CAST(:urgency AS text[]),
        CAST(:cycle AS int[]), CAST(:round AS int[]),
        CAST(:step AS int[]), CAST(:on_fallback AS boolean[]), CAST(:escalation_state AS text[]), CAST(:escalation_reason AS text[]),
        CAST(:escalation_since AS timestamptz[]), CAST(:step_at AS timestamptz[]), CAST(:next_at AS timestamptz[]),
        CAST(:acknowledged_at AS timestamptz[]), CAST(:acknowledged_by AS jsonb[]), CAST(:owner_id AS uuid[]),
        CAST(:resolved_at AS timestamptz[]), CAST(:resolved_by AS jsonb[]), CAST(:closed_at AS timestamptz[]),
        CAST(:failures AS int[]), CAST(:last_error AS text[]), CAST(:group_key AS text[]), CAST(:held_until AS timestamptz[]),
        CAST(:held_from AS text[]),
        CAST(:news AS int[]), CAST(:rose AS boolean[]), CAST(:tell_at AS timestamptz[]), CAST(:told_at AS timestamptz[]),
        CAST(:confirm_by AS timestamptz[]), CAST(:flapping_since AS timestamptz[]), CAST(:settle_at AS timestamptz[]),
        CAST(:snoozed_until AS timestamptz[]), CAST(:affirmed_at AS timestamptz[]), CAST(:assigned_to_id AS uuid[]),
        CAST(:assigned_team_id AS uuid[]), CAST(:goes_on AS jsonb[]), CAST(:priority AS text[]),
        CAST(:is_major AS boolean[]), CAST(:rises_at AS timestamptz[]))
    RETURNING id, number
""")
SAVE = text("""
    UPDATE incidents SET status = new.status, severity = new.severity, urgency = new.urgency, cycle = new.cycle, round = new.round,
        step = new.step, on_fallback = new.on_fallback, escalation_state = new.escalation_state,
        escalation_reason = new.escalation_reason, escalation_since = new.escalation_since, step_at = new.step_at, next_at = new.next_at,
        acknowledged_at = new.acknowledged_at, acknowledged_by = new.acknowledged_by, owner_id = new.owner_id,
        resolved_at = new.resolved_at, resolved_by = new.resolved_by, closed_at = new.closed_at, failures = new.failures,
        last_error = new.last_error, group_key = new.group_key, held_until = new.held_until,
        held_from = new.held_from, news = new.news, rose = new.rose,
        tell_at = new.tell_at, told_at = new.told_at, confirm_by = new.confirm_by,
        flapping_since = new.flapping_since, settle_at = new.settle_at,
        snoozed_until = new.snoozed_until, affirmed_at = new.affirmed_at, assigned_to_id = new.assigned_to_id,
        assigned_team_id = new.assigned_team_id, goes_on = new.goes_on,
        priority = new.priority, rises_at = new.rises_at
    FROM unnest(CAST(:id AS uuid[]), CAST(:status AS text[]), CAST(:severity AS text[]), CAST(:urgency AS text[]), CAST(:cycle AS int[]),
        CAST(:round AS int[]), CAST(:step AS int[]), CAST(:on_fallback AS boolean[]), CAST(:escalation_state AS text[]),
        CAST(:escalation_reason AS text[]), CAST(:escalation_since AS timestamptz[]), CAST(:step_at AS timestamptz[]),
        CAST(:next_at AS timestamptz[]), CAST(:acknowledged_at AS timestamptz[]), CAST(:acknowledged_by AS jsonb[]),
        CAST(:owner_id AS uuid[]), CAST(:resolved_at AS timestamptz[]), CAST(:resolved_by AS jsonb[]), CAST(:closed_at AS timestamptz[]),
        CAST(:failures AS int[]), CAST(:last_error AS text[]), CAST(:group_key AS text[]), CAST(:held_until AS timestamptz[]),
        CAST(:held_from AS text[]),
        CAST(:news AS int[]), CAST(:rose AS boolean[]), CAST(:tell_at AS timestamptz[]), CAST(:told_at AS timestamptz[]),
        CAST(:confirm_by AS timestamptz[]), CAST(:flapping_since AS timestamptz[]), CAST(:settle_at AS timestamptz[]),
        CAST(:snoozed_until AS timestamptz[]), CAST(:affirmed_at AS timestamptz[]), CAST(:assigned_to_id AS uuid[]),
        CAST(:assigned_team_id AS uuid[]), CAST(:goes_on AS jsonb[]), CAST(:priority AS text[]), CAST(:rises_at AS timestamptz[]))
        AS new (id, status, severity, urgency, cycle, round, step, on_fallback,
        escalation_state, escalation_reason, escalation_since, step_at, next_at, acknowledged_at, acknowledged_by, owner_id, resolved_at,
        resolved_by, closed_at, failures, last_error, group_key, held_until, held_from, news, rose, tell_at, told_at, confirm_by,
        flapping_since, settle_at, snoozed_until, affirmed_at, assigned_to_id, assigned_team_id,
        goes_on, priority, rises_at)
    WHERE incidents.id = ANY(CAST(:id AS uuid[])) AND incidents.id = new.id  -- by their keys, whatever the planner knows of the table
""")
MOVE = text("""
    UPDATE incidents SET cycle = new.cycle, round = new.round, step = new.step, on_fallback = new.on_fallback,
        escalation_state = new.escalation_state, escalation_reason = new.escalation_reason, escalation_since = new.escalation_since,
        step_at = new.step_at, next_at = new.next_at, failures = new.failures, last_error = new.last_error
    FROM unnest(CAST(:id AS uuid[]), CAST(:cycle AS int[]), CAST(:round AS int[]), CAST(:step AS int[]), CAST(:on_fallback AS boolean[]),
        CAST(:escalation_state AS text[]), CAST(:escalation_reason AS text[]), CAST(:escalation_since AS timestamptz[]),
        CAST(:step_at AS timestamptz[]), CAST(:next_at AS timestamptz[]), CAST(:failures AS int[]), CAST(:last_error AS text[]))
        AS new (id, cycle, round, step, on_fallback, escalation_state, escalation_reason, escalation_since, step_at, next_at, failures,
        last_error)
    WHERE incidents.id = ANY(CAST(:id AS uuid[])) AND incidents.id = new.id
""")

# The partial index `incidents_next_at_idx ON incidents (next_at) WHERE next_at IS NOT NULL` makes these free when nothing is due.
DUE = INCIDENTS.where(incidents.c.next_at <= bindparam("due_by")).order_by(incidents.c.next_at).limit(bindparam("up_to"))
CLAIM_SKIPPING = DUE.with_for_update(key_share=True, skip_locked=True)  # FOR NO KEY UPDATE SKIP LOCKED
# Who waits for locks takes them in the order of ids, as everybody does, and looks again at what it waited for.
CLAIM_WAITING = (
    INCIDENTS.where(incidents.c.id.in_(DUE.with_only_columns(incidents.c.id)), incidents.c.next_at <= bindparam("due_by"))
    .order_by(incidents.c.id)
    .with_for_update(key_share=True)
)
NEXT_AT = text("SELECT min(next_at) FROM incidents WHERE next_at IS NOT NULL")
POSTPONE = text("UPDATE incidents SET next_at = :next_at, failures = failures + 1, last_error = :error WHERE id = :id")

# One conditional change each: whoever is first wins, and the state itself says whether there was anything to do. One that is acknowledged
# already is acknowledged anew if there is news that nobody has confirmed, or if it is snoozed.
ACKNOWLEDGE = text("""
    UPDATE incidents SET status = 'acknowledged', acknowledged_at = :now, acknowledged_by = CAST(:by AS jsonb),
        owner_id = coalesce(CAST(:owner_id AS uuid), owner_id), escalation_state = 'stopped', escalation_reason = :reason,
        escalation_since = :now, held_until = NULL, held_from = NULL, news = 0, rose = false, tell_at = NULL, confirm_by = NULL,
        snoozed_until = NULL, affirmed_at = NULL, assigned_to_id = NULL, assigned_team_id = NULL, goes_on = NULL,
        next_at = least(
            CASE WHEN urgency = 'high' AND ack_timeout IS NOT NULL THEN CAST(:now AS timestamptz) + ack_timeout END, settle_at, rises_at)
    WHERE id = :id AND (status = 'triggered' OR (status = 'acknowledged'
        AND (tell_at IS NOT NULL OR confirm_by IS NOT NULL OR escalation_state = 'snoozed')))
        AND NOT jsonb_path_exists(policy_snapshot, '$.**.condition ? (@ == "unresolved")')  -- of these it is worked out what goes on
""")
RESOLVE = text("""
    UPDATE incidents SET status = 'resolved', resolved_at = :now, resolved_by = CAST(:by AS jsonb), escalation_state = 'stopped',
        escalation_reason = :reason, escalation_since = :now, held_until = NULL, held_from = NULL, news = 0, rose = false, tell_at = NULL,
        confirm_by = NULL, flapping_since = NULL, settle_at = NULL, snoozed_until = NULL, affirmed_at = NULL,
        goes_on = NULL, reopen_window = greatest(reopen_window, CAST(:watched AS interval)),
        next_at = CASE WHEN process = 'sre' AND NOT is_major
            THEN CAST(:now AS timestamptz) + greatest(reopen_window, CAST(:watched AS interval)) END
    WHERE id = :id AND status IN ('triggered', 'acknowledged')
""")
# Of one that is resolved already: it is reopened for so long from now on at least, and, where time closes it, closed no earlier.
WATCH = text("""
    UPDATE incidents SET reopen_window = greatest(reopen_window, CAST(:until AS timestamptz) - resolved_at),
        next_at = CASE WHEN next_at IS NOT NULL THEN greatest(next_at, CAST(:until AS timestamptz)) END
    WHERE id = :id AND status = 'resolved'
""")

# By the unique index `incidents_one_open_per_group (service_id, group_key) WHERE status IN (…) AND group_key IS NOT NULL`.
GATHERING = text("""
    SELECT g.service_id, g.group_key, i.id
    FROM unnest(CAST(:service_ids AS uuid[]), CAST(:group_keys AS text[])) AS g (service_id, group_key)
    CROSS JOIN LATERAL (
        SELECT o.id FROM incidents o WHERE o.service_id = g.service_id AND o.group_key = g.group_key
            AND o.status IN ('triggered', 'acknowledged') AND o.group_key IS NOT NULL LIMIT 1
    ) i
""")
# By `incidents_open_idx`; locked in the order of ids, as everybody does.
# Whatever is saved of them before the engine comes keeps `held_until`, and works `next_at` out anew: of a held one both are now.
WAKE = text("""
    UPDATE incidents SET next_at = :now, held_until = CASE WHEN escalation_state = 'held' THEN CAST(:now AS timestamptz) END,
        goes_on = goes_on - 'held_until'
    WHERE id IN (
        SELECT id FROM incidents
        WHERE (status = 'triggered' AND next_at > :now)
            OR (status = 'acknowledged' AND (tell_at > :now OR (goes_on ->> 'held_until' IS NOT NULL AND next_at > :now)))
        ORDER BY id FOR NO KEY UPDATE
    )
""")
# By `incidents_held_idx` and `incidents_held_step_idx`, whatever share of all the planner believes to be due later.
WAKE_HELD = text("""
    UPDATE incidents SET next_at = :now, held_until = CASE WHEN escalation_state = 'held' THEN CAST(:now AS timestamptz) END,
        goes_on = goes_on - 'held_until'
    WHERE id IN (
        SELECT id FROM incidents
        WHERE id = ANY(ARRAY(SELECT id FROM incidents WHERE escalation_state = 'held'
                             UNION SELECT id FROM incidents WHERE goes_on ->> 'held_until' IS NOT NULL))
            AND (escalation_state = 'held' OR goes_on ->> 'held_until' IS NOT NULL) AND next_at > :now
        ORDER BY id FOR NO KEY UPDATE)
""")
# By their ids, however many are held: intake asks this of what an event has changed.
WAKE_HELD_AMONG = text("""
    UPDATE incidents SET next_at = :now, held_until = CASE WHEN escalation_state = 'held' THEN CAST(:now AS timestamptz) END,
        goes_on = goes_on - 'held_until'
    WHERE id IN (SELECT id FROM incidents WHERE id = ANY(CAST(:among AS uuid[])) AND next_at > :now
                     AND (escalation_state = 'held' OR goes_on ->> 'held_until' IS NOT NULL) ORDER BY id FOR NO KEY UPDATE)
""")
# By `incidents_rises_at_idx`.
WAKE_RISING = text("""
    UPDATE incidents SET rises_at = :now, next_at = :now
    WHERE id IN (SELECT id FROM incidents WHERE rises_at IS NOT NULL AND status IN ('triggered', 'acknowledged')
                 ORDER BY id FOR NO KEY UPDATE)
""")
SAVE_SNAPSHOT = text("UPDATE incidents SET policy_snapshot = CAST(:snapshot AS jsonb) WHERE id = :id")
# As `closure_of` has it: the last word of this resolution, else whoever is to say one.
WAITS_FOR = text("""
    (CASE WHEN incidents.status = 'resolved' THEN coalesce(
        (SELECT r.closure FROM incident_records r WHERE r.incident_id = incidents.id AND r.closure_since >= incidents.resolved_at),
        CASE WHEN incidents.process = 'itil' THEN CASE WHEN EXISTS (
            SELECT 1 FROM incident_records r WHERE r.incident_id = incidents.id
                AND r.reporter ->> 'kind' <> 'monitor' AND r.reporter ->> 'contact' LIKE '%@%'
        ) THEN 'awaiting_reporter' ELSE 'awaiting_desk' END END) END) = ANY(CAST(:closures AS text[]))
""")
SAVE_TITLE = text("UPDATE incidents SET title = :title WHERE id = :id")
LET_GO = text("UPDATE incidents SET group_key = NULL WHERE id = ANY(CAST(:ids AS uuid[]))")


# What the desk keeps beside an incident, read by the incident's own key; `breached` by incident_records_marks_idx.
AT_RISK = text("""
    EXISTS (SELECT FROM incident_records r WHERE r.incident_id = incidents.id AND (
        (r.acknowledge_by IS NOT NULL AND 'acknowledge_at_risk' = ANY(r.marks) AND NOT 'acknowledge_breached' = ANY(r.marks))
        OR (r.resolve_by IS NOT NULL AND 'resolve_at_risk' = ANY(r.marks) AND NOT 'resolve_breached' = ANY(r.marks))
        OR (r.update_by IS NOT NULL AND 'update_at_risk' = ANY(r.marks) AND NOT 'update_breached' = ANY(r.marks))))
""")
BREACHED = text("""
    incidents.id IN (SELECT incident_id FROM incident_records
        WHERE marks && CAST('{acknowledge_breached,resolve_breached,update_breached}' AS varchar[]))
""")


async def add_incidents(tx: AsyncConnection, born: Sequence[Incident]) -> list[Incident]:
    """Insert; returns them with the numbers the database gave them."""
    with racing("incidents_pkey", "incidents_one_open_per_group"):
        rows = await tx.execute(INSERT, _arrays({**BORN_WITH, **FIELDS}, born))
    numbers = {r.id: r.number for r in rows}
    return [i.but(number=numbers[i.id]) for i in born]


async def save_incidents(tx: AsyncConnection, changed: Sequence[Incident], *, before: Sequence[Incident] = ()) -> None:
    """Write locked incidents back with one statement; those that have only moved on in their policy since `before`, which are as many and
    in the same order, with one that writes nothing else.
    """
    moved = [after for was, after in zip(before, changed, strict=False) if STAYS(was) == STAYS(after)]
    if moved:
        await tx.execute(MOVE, {"id": [i.id for i in moved]} | _arrays(MOVES, moved))
    if len(moved) < len(changed):
        known = {id(i) for i in moved}
        others = [i for i in changed if id(i) not in known]
        with racing("incidents_one_open_per_group"):
            await tx.execute(SAVE, {"id": [i.id for i in others]} | _arrays(FIELDS, others))


async def save_snapshot(tx: AsyncConnection, incident: Incident) -> None:
    """A locked incident goes by another policy from now on, or by what has become of its own."""
    await tx.execute(SAVE_SNAPSHOT, {"id": incident.id, "snapshot": _json(incident.snapshot)})


async def save_title(tx: AsyncConnection, id: IncidentId, title: str) -> None:
    """A locked incident is called otherwise."""
    await tx.execute(SAVE_TITLE, {"id": id, "title": title})


async def gathering(tx: AsyncConnection, keys: Iterable[GroupKey]) -> dict[GroupKey, IncidentId]:
    """For each (service, grouping key) the open incident that has it."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    params = {"service_ids": [service for service, _ in wanted], "group_keys": [key for _, key in wanted]}
    return {(ServiceId(r.service_id), r.group_key): IncidentId(r.id) for r in await tx.execute(GATHERING, params)}


async def wake_paging(tx: AsyncConnection, *, now: datetime) -> int:
    """Every incident that pages, or has news to tell, is due now; what is to be done is found out then. Returns how many there are."""
    return (await tx.execute(WAKE, {"now": now})).rowcount


async def wake_held(tx: AsyncConnection, *, now: datetime, among: Sequence[IncidentId] | None = None) -> int:
    """Every held incident (of these, if they are given) is due now; what is to be done is found out then. Returns how many there are."""
    if among is None:
        return (await tx.execute(WAKE_HELD, {"now": now})).rowcount
    return (await tx.execute(WAKE_HELD_AMONG, {"now": now, "among": list(among)})).rowcount


async def wake_rising(tx: AsyncConnection, *, now: datetime) -> int:
    """What becomes urgent by itself is looked at again at once, since it may do so at another time now; returns how many."""
    return (await tx.execute(WAKE_RISING, {"now": now})).rowcount


async def let_go(tx: AsyncConnection, ids: Sequence[IncidentId]) -> None:
    """Nothing joins these any more: another is to have their grouping key."""
    if ids:
        await tx.execute(LET_GO, {"ids": list(ids)})


async def find_incident(tx: AsyncConnection, ref: UUID | int) -> Incident | None:
    """By id or by number."""
    wanted = incidents.c.id == ref if isinstance(ref, UUID) else incidents.c.number == ref
    row = (await tx.execute(INCIDENTS.where(wanted))).first()
    return _incident(row) if row else None


async def get_incidents(tx: AsyncConnection, ids: Iterable[IncidentId]) -> list[Incident]:
    """Those that exist, in the order of ids."""
    rows = await tx.execute(INCIDENTS.where(incidents.c.id.in_(set(ids))).order_by(incidents.c.id))
    return [_incident(r) for r in rows]


async def list_graded(tx: AsyncConnection, *, after: UUID, limit: int) -> list[Incident]:
    """Open ones with a priority, or major: by incidents_graded_idx, in the order of ids."""
    graded = text("status IN ('triggered', 'acknowledged') AND (priority IS NOT NULL OR is_major)")
    rows = await tx.execute(INCIDENTS.where(graded, incidents.c.id > after).order_by(incidents.c.id).limit(limit))
    return [_incident(r) for r in rows]


async def lock_incidents(tx: AsyncConnection, ids: Iterable[IncidentId]) -> dict[IncidentId, Incident]:
    """Lock in the order of ids, waiting for whoever holds one."""
    locked = INCIDENTS.where(incidents.c.id.in_(set(ids))).order_by(incidents.c.id).with_for_update(key_share=True)
    return {IncidentId(r.id): _incident(r) for r in await tx.execute(locked)}


async def lock_free(tx: AsyncConnection, ids: Iterable[IncidentId]) -> dict[IncidentId, Incident]:
    """Those of them that nobody else has locked."""
    free = INCIDENTS.where(incidents.c.id.in_(set(ids))).order_by(incidents.c.id).with_for_update(key_share=True, skip_locked=True)
    return {IncidentId(r.id): _incident(r) for r in await tx.execute(free)}


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> list[Incident]:
    rows = await tx.execute(CLAIM_WAITING if waiting else CLAIM_SKIPPING, {"due_by": due_by, "up_to": limit})
    return [_incident(r) for r in rows]


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def postpone(tx: AsyncConnection, id: IncidentId, *, next_at: datetime, error: str) -> None:
    await tx.execute(POSTPONE, {"id": id, "next_at": next_at, "error": error})


async def acknowledge(tx: AsyncConnection, id: IncidentId, *, by: Actor, owner_id: UserId | None, reason: str, now: datetime) -> bool:
    """False if there was nothing to acknowledge."""
    done = await tx.execute(ACKNOWLEDGE, {"id": id, "by": _json(by), "owner_id": owner_id, "reason": reason, "now": now})
    return done.rowcount == 1


async def resolve(tx: AsyncConnection, id: IncidentId, *, by: Actor, reason: str, watched: timedelta | None = None, now: datetime) -> bool:
    """False if there was nothing to resolve. `watched`: for so long at least the same problem reopens it."""
    done = await tx.execute(RESOLVE, {"id": id, "by": _json(by), "reason": reason, "watched": watched, "now": now})
    return done.rowcount == 1


async def watch(tx: AsyncConnection, id: IncidentId, *, until: datetime) -> None:
    """The same problem reopens it until then at least."""
    await tx.execute(WATCH, {"id": id, "until": until})


async def list_incidents(
    tx: AsyncConnection,
    *,
    before: UUID,
    statuses: Sequence[Status] | None,
    states: Sequence[EscalationState] | None,
    service_ids: Sequence[ServiceId] | None,
    dedup_key: str | None,
    priorities: Sequence[Priority] | None,
    closures: Sequence[Closure] | None,
    sla: Mark | None,
    limit: int,
) -> list[Incident]:
    """Newest first; a filter that is None does not filter."""
    page = INCIDENTS.where(incidents.c.id < before).order_by(incidents.c.id.desc()).limit(limit)
    if statuses:
        page = page.where(incidents.c.status.in_([s.value for s in statuses]))
    if states:
        page = page.where(incidents.c.escalation_state.in_([s.value for s in states]))
    if service_ids is not None:
        page = page.where(incidents.c.service_id.in_(service_ids))
    if dedup_key is not None:
        page = page.where(incidents.c.id.in_(select(alerts.c.incident_id).where(alerts.c.dedup_key == dedup_key)))
    if priorities:
        page = page.where(incidents.c.priority.in_([one.value for one in priorities]))
    if closures:
        page = page.where(WAITS_FOR.bindparams(closures=[one.value for one in closures]))
    if sla is not None:
        page = page.where(AT_RISK if sla is Mark.AT_RISK else BREACHED)
    return [_incident(r) for r in await tx.execute(page)]


# Thousands of incidents share a handful of snapshots.
@lru_cache(maxsize=256)
def _snapshot(raw: str) -> Snapshot:
    return msgspec.json.decode(raw, type=Snapshot)


def _arrays(fields: Fields, of: Sequence[Incident]) -> dict[str, list[object]]:
    return {name: [get(i) for i in of] for name, get in fields.items()}


def _actor(raw: str | None) -> Actor | None:
    return msgspec.json.decode(raw, type=Actor) if raw else None


def _json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def _incident(r: Row[Any]) -> Incident:
    ack_timeout: timedelta | None = r.ack_timeout
    return Incident(
        id=IncidentId(r.id),
        number=r.number,
        service_id=ServiceId(r.service_id),
        title=r.title,
        status=Status(r.status),
        severity=Severity(r.severity),
        urgency=Urgency(r.urgency),
        snapshot=_snapshot(r.policy_snapshot),
        position=Position(r.cycle, r.round, r.step, r.on_fallback),
        escalation_state=EscalationState(r.escalation_state),
        escalation_reason=r.escalation_reason,
        escalation_since=r.escalation_since,
        step_at=r.step_at,
        next_at=r.next_at,
        ack_timeout=ack_timeout,
        reopen_window=r.reopen_window,
        triggered_at=r.triggered_at,
        acknowledged_at=r.acknowledged_at,
        acknowledged_by=_actor(r.acknowledged_by),
        owner_id=UserId(r.owner_id) if r.owner_id else None,
        resolved_at=r.resolved_at,
        resolved_by=_actor(r.resolved_by),
        closed_at=r.closed_at,
        failures=r.failures,
        last_error=r.last_error,
        group_key=r.group_key,
        follows_id=IncidentId(r.follows_id) if r.follows_id else None,
        held_until=r.held_until,
        held_from=EscalationState(r.held_from) if r.held_from else None,
        news=r.news,
        rose=r.rose,
        tell_at=r.tell_at,
        told_at=r.told_at,
        confirm_by=r.confirm_by,
        flapping_since=r.flapping_since,
        settle_at=r.settle_at,
        snoozed_until=r.snoozed_until,
        affirmed_at=r.affirmed_at,
        assigned_to_id=UserId(r.assigned_to_id) if r.assigned_to_id else None,
        assigned_team_id=TeamId(r.assigned_team_id) if r.assigned_team_id else None,
        opened_by=_actor(r.opened_by),
        merged_into_id=IncidentId(r.merged_into_id) if r.merged_into_id else None,
        split_from_id=IncidentId(r.split_from_id) if r.split_from_id else None,
        goes_on=msgspec.json.decode(r.goes_on, type=GoesOn) if r.goes_on else None,
        process=Process(r.process),
        priority=Priority(r.priority) if r.priority else None,
        is_major=r.is_major,
        rises_at=r.rises_at,
    )
