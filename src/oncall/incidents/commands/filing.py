"""An incident is graded, its record edited and its resolution told; the reporter's word is kept, and it is closed."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.commands.matrix import get_matrix
from oncall.desk.commands.records import lock_record, save_record
from oncall.desk.rules.closing import after_verdict, check_closer, check_complete, check_objection, check_verdict, closure_of, no_stands
from oncall.desk.rules.grading import prioritise
from oncall.desk.values import Priority, Record, Verdict, Verification
from oncall.desk.values.closing import Asker
from oncall.incidents.commands import acting, logging, verbs
from oncall.incidents.commands.following import follow_reported
from oncall.incidents.commands.major import declare_major
from oncall.incidents.commands.updating import tell
from oncall.incidents.commands.verbs import Done
from oncall.incidents.rules import filing as rules
from oncall.incidents.rules.mails import follow_up
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import incidents as store
from oncall.incidents.values import AlertCounts, Incident, Status
from oncall.incidents.values.filing import CannotGrade, Closing, Graded, Resolution, Said
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.db import notify
from oncall.kit.ids import UserId
from oncall.kit.metrics import INCIDENTS
from oncall.teams.commands import get_users
from oncall.teams.rules import check_version
from oncall.teams.values import OrgRole


async def grade(tx: AsyncConnection, ref: UUID | int, wanted: Graded, *, by: Actor, now: datetime) -> Done:
    """Give it another priority: by hand with a reason, or by what is said of it, which the matrix makes one of."""
    its = await acting.lock(tx, ref)
    record = await lock_record(tx, its.incident.id)
    grading = replace(record.grading, **wanted.changes)  # type: ignore[arg-type]
    if wanted.priority is not None and not wanted.reason:
        raise CannotGrade("Say why it has this priority, or leave `priority` out: impact and business urgency make it.", field="reason")
    priority, why = prioritise(grading, (await get_matrix(tx)).cells)
    if wanted.priority is not None:
        priority, why = wanted.priority, f"set by {by.name}: {wanted.reason}"
    after = replace(record, grading=grading, priority_reason=why, priority_by=by if wanted.priority is not None else None)
    if priority is its.incident.priority and after == record:
        return Done(its.incident, changed=False, cancelled=0)
    incident = rules.graded(its.incident, priority, why, now=now)
    await store.save_incidents(tx, [incident])
    await save_record(tx, replace(after, version=record.version + 1))
    before = its.incident.priority
    detail: dict[str, object] = {"before": before and before.value, "after": priority and priority.value}
    reason = f"{_called(before)} → {_called(priority)}: {why}"
    await timeline.add(tx, [timeline.Entry(incident.id, now, timeline.Kind.PRIORITY_CHANGED, by, reason, detail)])
    if priority is Priority.P1:
        incident = await declare_major(tx, incident, by, "it is P1", now=now)
    await notify(tx, "incidents")
    return Done(incident, changed=True, cancelled=0)


async def edit(
    tx: AsyncConnection,
    ref: UUID | int,
    *,
    title: str | None,
    changes: dict[str, object],
    by: Actor,
    expected_version: int | None,
    now: datetime,
) -> tuple[Incident, Record]:
    """Correct what was logged; what is left out stays. The category it was logged with is kept beside another one."""
    its = await acting.lock(tx, ref)
    record = await lock_record(tx, its.incident.id)
    check_version(record.version, expected_version)
    if its.incident.status is Status.CLOSED:
        raise rules.wrong_state(its.incident, "edited")
    after = replace(record, **changes)  # type: ignore[arg-type]
    if after.category_id != record.category_id:
        after = replace(after, logged_category_id=record.logged_category_id or record.category_id)
    retitled = title is not None and title != its.incident.title
    if after == record and not retitled:
        return its.incident, record
    incident = its.incident
    if retitled and title is not None:
        incident = incident.but(title=title)
        await store.save_title(tx, incident.id, title)
    after = replace(after, version=record.version + 1)
    await save_record(tx, after)
    await follow_reported(tx, incident, after)
    fields = sorted([*(name for name in changes if getattr(after, name) != getattr(record, name)), *(["title"] if retitled else [])])
    entry = timeline.Entry(
        incident.id, now, timeline.Kind.RECORD_EDITED, by, f"{by.name} corrected: {', '.join(fields)}", {"fields": fields}
    )
    await timeline.add(tx, [entry])
    return incident, after


async def resolve(tx: AsyncConnection, ref: UUID | int, said: Resolution, *, by: Actor, now: datetime) -> Done:
    """The service is restored. How that was done is kept, also of an incident that somebody, or its monitor, had resolved before; it is
    written first, so that whoever is told of the resolution reads it.
    """
    if not said.says_something:
        return await verbs.resolve(tx, ref, by=by, now=now)
    its = await acting.lock(tx, ref)
    if its.incident.status is Status.CLOSED or its.incident.id != its.named.id:
        rules.check_resolved(its.incident, "given a resolution")
    entry = await _keep_resolution(tx, its.incident, await lock_record(tx, its.incident.id), said, by=by, now=now)
    if its.incident.status is Status.RESOLVED and said.monitored is not None:
        await store.watch(tx, its.incident.id, until=now + said.monitored)
    done = await verbs.resolve(tx, ref, by=by, watched=said.monitored, now=now)
    await timeline.add(tx, entry)
    return done


async def verify(tx: AsyncConnection, ref: UUID | int, said: Said, *, by: Actor, user_id: UserId | None, now: datetime) -> Done:
    """Keep what the reporter says of the resolution, by themselves or recorded by somebody. Not satisfied: it is reopened, or, once that is
    too late, another one is opened that follows it; said again, that changes nothing.
    """
    its = await acting.lock(tx, ref)
    rules.check_resolved(its.incident, "verified")
    record = await lock_record(tx, its.incident.id)
    check_verdict(said.verdict, said.text, await _asker(tx, by, user_id), its.incident.process)
    if no_stands(record, its.incident.resolved_at, said.verdict, by_reporter=by.kind is ActorKind.EXTERNAL):
        return Done(its.incident, changed=False, cancelled=0)
    after = after_verdict(record, Verification(said.verdict, by, now, said.text))
    await save_record(tx, replace(after, version=record.version + 1))
    words = f": {said.text}" if said.text else ""
    reason = f"the reporter is {said.verdict.value.replace('_', ' ')}{words}"
    if said.verdict is Verdict.WAIVED:
        reason = f"{by.name} waived the reporter's verification{words}"
    await timeline.add(tx, [timeline.Entry(its.incident.id, now, timeline.Kind.VERIFIED, by, reason, {"verdict": said.verdict.value})])
    if said.verdict is not Verdict.NOT_SATISFIED:
        return Done(its.incident, changed=True, cancelled=0)
    return await _object(tx, its.incident, record, said.text, by=by, now=now)


async def _object(tx: AsyncConnection, incident: Incident, record: Record, text: str, *, by: Actor, now: datetime) -> Done:
    words = f": {text}" if text else ""
    if rules.may_still_reopen(incident, now=now):
        return await acting.reopen(tx, incident.id, by=by, reason=f"the reporter is not satisfied{words}", now=now)
    wanted = follow_up(incident, record, f"The reporter is not satisfied with the resolution of #{incident.number}{words}")
    return Done(await logging.log(tx, wanted, by=by, now=now), changed=True, cancelled=0, asked=incident)


async def close(tx: AsyncConnection, ref: UUID | int, said: Closing, *, by: Actor, user_id: UserId | None, now: datetime) -> Done:
    """File it. Under `itil` only the service desk does, once the record is complete. A second time is no error."""
    its = await acting.lock(tx, ref)
    after = rules.closed(its.incident, now=now)
    if after is None:
        return Done(its.incident, changed=False, cancelled=0)
    record = await lock_record(tx, its.incident.id)
    counts = (await alert_store.counts(tx, [its.incident.id])).get(its.incident.id, AlertCounts())
    resolved = rules.resolved_as(its.incident, counts)
    check_closer(await _asker(tx, by, user_id), record, resolved, its.incident.process, now=now)
    if said.category_id is not None and said.category_id != record.category_id:
        logged = record.logged_category_id or record.category_id
        record = replace(record, category_id=said.category_id, logged_category_id=logged)
    if said.resolution.says_something:
        record = _with_resolution(record, said.resolution, now=now)
    if resolved is not None:
        check_objection(closure_of(resolved, record, its.incident.process))
        check_complete(record, resolved, its.incident.process, now=now)
    await save_record(tx, replace(record, closure=None, closure_since=None, version=record.version + 1))
    await store.save_incidents(tx, [after])
    reason = f"closed by {by.name} through {by.via}"
    await tell(tx, [timeline.Entry(after.id, now, timeline.Kind.CLOSED, by, reason, {"resolution_code": record.resolution_code})], now=now)
    INCIDENTS.labels(timeline.Kind.CLOSED.value).inc()
    return Done(after, changed=True, cancelled=0)


async def _keep_resolution(
    tx: AsyncConnection, incident: Incident, record: Record, said: Resolution, *, by: Actor, now: datetime
) -> list[timeline.Entry]:
    """What the timeline is to say of it; nothing, where nothing is new."""
    after = _with_resolution(record, said, now=now)
    if after == record:
        return []
    await save_record(tx, replace(after, version=record.version + 1))
    watched = f"; watched until {after.monitoring_until:%Y-%m-%d %H:%M} UTC" if said.monitored and after.monitoring_until else ""
    reason = f"{after.resolution_code or 'resolution'}: {after.resolution_text or 'nothing more was said'}{watched}"
    return [timeline.Entry(incident.id, now, timeline.Kind.RESOLUTION_RECORDED, by, reason, {"code": after.resolution_code})]


def _with_resolution(record: Record, said: Resolution, *, now: datetime) -> Record:
    until = now + said.monitored if said.monitored is not None else record.monitoring_until
    return replace(
        record,
        resolution_code=said.code or record.resolution_code,
        resolution_text=said.text or record.resolution_text,
        monitoring_until=until,
    )


async def _asker(tx: AsyncConnection, by: Actor, user_id: UserId | None) -> Asker:
    """Whether they are of the service desk is a person's role: a key that belongs to nobody is not."""
    user = (await get_users(tx, [user_id])).get(user_id) if user_id else None
    return Asker(by.name, is_desk=user is not None and OrgRole.SERVICE_DESK in user.org_roles)


def _called(priority: Priority | None) -> str:
    return priority.value if priority else "no priority"
