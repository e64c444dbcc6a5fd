"""Whatever happened, however much of it is measured already: the report is what adding up every timeline by hand comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.conftest import START
from tests.system import System, to

from oncall.kit.db import Pool
from oncall.kit.ids import new_id
from oncall.reports.store import measures as store
from oncall.reports.values.measures import By, Group, Spread

MINUTE = timedelta(minutes=1)
AGAIN = timedelta(days=1)
SINCE, UNTIL = START - timedelta(days=10), START
OVER = frozenset({"resolved", "closed"})

COPY = text("""
    INSERT INTO incidents OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(i, jsonb_build_object(
        'id', CAST(:id AS uuid), 'number', CAST(:number AS bigint), 'status', CAST(:status AS text), 'severity', CAST(:severity AS text),
        'triggered_at', CAST(:opened AS timestamptz), 'acknowledged_at', CAST(:opened AS timestamptz),
        'resolved_at', CAST(:resolved AS timestamptz), 'closed_at', CAST(:closed AS timestamptz)
    ))).*
    FROM incidents i WHERE i.id = :like
""")
END = text("UPDATE incidents SET status = :status, resolved_at = :resolved, closed_at = :closed WHERE id = :id")
ENTRY = text("""
    INSERT INTO timeline_entries (id, incident_id, at, kind, actor_kind, actor_name, via, reason, detail)
    VALUES (:entry, :id, :at, :kind, :actor, 'x', 'api', '', CAST(:detail AS jsonb))
""")
# An alert is never resolved before its incident opened, and its own incident is no earlier one.
ALERT = text("""
    INSERT INTO alerts
    SELECT (jsonb_populate_record(a, jsonb_build_object('id', CAST(:alert AS uuid), 'incident_id', CAST(:id AS uuid),
        'dedup_key', CAST(:key AS text), 'state', 'resolved', 'resolved_at', CAST(:resolved AS timestamptz)))).*
    FROM alerts a WHERE a.incident_id = :like
""")
RECORD = text("""
    INSERT INTO incident_records (incident_id, description, risks, priority_reason, marks, resolution_text)
    VALUES (:id, '', '{}', '', :marks, '')
""")

MARKS = (
    (),
    ("acknowledged",),
    ("acknowledged", "acknowledge_kept", "resolve_at_risk", "resolve_breached"),
    ("acknowledge_at_risk", "acknowledge_breached", "acknowledged", "resolve_kept"),
    ("acknowledge_kept", "acknowledged", "resolve_kept"),
)
"""What stands in records; how it comes there is told in `tests/desk/test_targets.py`."""


@dataclass(frozen=True)
class Act:
    after: timedelta
    kind: str
    actor: str
    in_time: bool | None = None

    @property
    def detail(self) -> str:
        return "{}" if self.in_time is None else f'{{"in_time": {str(self.in_time).lower()}}}'


@dataclass(frozen=True)
class History:
    """One incident: when it opened, what happened to it, how it stands, and what became of what its SLA promised."""

    id: UUID
    opened: datetime
    acts: tuple[Act, ...]
    status: str
    severity: str
    marks: tuple[str, ...]
    key: str | None

    @property
    def last(self) -> datetime:
        return self.opened + max((act.after for act in self.acts), default=timedelta(0))

    @property
    def resolved(self) -> datetime | None:
        return self.last if self.status in OVER else None

    @property
    def gone(self) -> datetime:
        """When its alert went."""
        return self.opened + MINUTE

    @property
    def closed(self) -> datetime | None:
        return self.last + MINUTE if self.status == "closed" else None


minutes = st.integers(1, 3_000).map(lambda count: count * MINUTE)
acts = st.builds(
    Act,
    minutes,
    st.sampled_from(("acknowledged", "reopened", "resolved", "step_fired", "status_update", "update_reminded")),
    st.sampled_from(("user", "engine", "integration")),
    st.sampled_from((None, True, False)),
)
statuses = st.sampled_from(("triggered", "acknowledged", "resolved", "closed"))
histories = st.builds(
    History,
    st.builds(new_id),
    st.integers(-14 * 1440, 0).map(lambda count: START + count * MINUTE),
    st.lists(acts, max_size=5).map(tuple),
    statuses,
    st.sampled_from(("critical", "error", "info")),
    st.sampled_from(MARKS),
    st.sampled_from((None, "disk", "cpu")),
)


def obviously(histories: Sequence[History], severity: str | None) -> Group:
    """By hand, one after the other."""
    counted = [one for one in histories if SINCE <= one.opened < UNTIL and severity in {None, one.severity}]
    over = [one for one in counted if one.status in OVER]
    firsts = [(one, min((act.after for act in one.acts if act.kind == "acknowledged"), default=None)) for one in counted]
    firsts_told = [min((act.after for act in one.acts if act.kind == "status_update"), default=None) for one in counted]
    told = [after for after in firsts_told if after is not None]
    acknowledged = [(one, after) for one, after in firsts if after is not None]
    owed = [[act.in_time for act in one.acts if act.kind in {"status_update", "update_reminded"}] for one in counted]
    met = [[act.in_time for act in one.acts if act.kind == "status_update"] for one in counted]
    return Group(
        severity,
        len(counted),
        len(counted) - len(over),
        len(acknowledged),
        sum(all(act.actor != "user" for act in one.acts) for one in over),
        sum(act.kind == "reopened" for one in counted for act in one.acts),
        0,
        spread([after for _, after in acknowledged]),
        spread([one.last - one.opened for one in over]),
        sum("acknowledge_breached" in one.marks for one in counted),
        sum("resolve_breached" in one.marks for one in counted),
        sum("acknowledge_kept" in one.marks for one in counted),
        sum("resolve_kept" in one.marks for one in counted),
        len(told),
        spread(told),
        sum(True in said and False not in all_said for said, all_said in zip(met, owed, strict=True)),
        sum(False in said for said in owed),
        sum(is_repeat(one, histories) for one in counted),
    )


def is_repeat(one: History, histories: Sequence[History]) -> bool:
    gone = [other.gone for other in histories if other is not one and other.key == one.key is not None and other.gone <= one.opened]
    return bool(gone) and one.opened - max(gone) <= AGAIN


def spread(times: Sequence[timedelta]) -> Spread | None:
    """The smallest time that at least half of them, or 95 in a hundred, do not exceed."""
    seconds = sorted(int(time.total_seconds()) for time in times)
    if not seconds:
        return None

    def at_least(percent: int) -> int:
        return next(one for n, one in enumerate(seconds, 1) if 100 * n >= percent * len(seconds))

    return Spread(at_least(50), at_least(95))


def in_order(one: History, newest: datetime) -> History:
    """Incidents end one after the other, as transactions do: what would have ended long before one that is measured is still open."""
    settled = one.closed or one.resolved
    return replace(one, status="acknowledged") if settled is not None and settled < newest - timedelta(hours=1) else one


async def write(tx: AsyncConnection, one: History, number: int, like: UUID) -> None:
    stands = {"id": one.id, "status": one.status, "resolved": one.resolved, "closed": one.closed}
    more = {"number": number, "severity": one.severity, "opened": one.opened, "like": like}
    await tx.execute(COPY, stands | more)
    await tx.execute(ENTRY, {"entry": new_id(), "id": one.id, "at": one.opened, "kind": "opened", "actor": "integration", "detail": "{}"})
    if one.key is not None:
        await tx.execute(ALERT, {"alert": new_id(), "id": one.id, "key": one.key, "resolved": one.gone, "like": like})
    await add(tx, one, one.acts)
    if one.marks:
        await tx.execute(RECORD, {"id": one.id, "marks": list(one.marks)})


async def add(tx: AsyncConnection, one: History, acts: Sequence[Act]) -> None:
    for act in acts:
        said = {"kind": act.kind, "actor": act.actor, "detail": act.detail}
        await tx.execute(ENTRY, {"entry": new_id(), "id": one.id, "at": one.opened + act.after, **said})


@settings(max_examples=60)
@given(
    before=st.lists(histories, max_size=8),
    measured=st.integers(0, 8),
    later=st.lists(st.tuples(st.integers(0, 7), acts, statuses), max_size=4),
    after=st.lists(histories, max_size=3),
    finally_measured=st.booleans(),
)
async def test_the_report_is_what_adding_up_comes_to(
    system: System,
    before: list[History],
    measured: int,
    later: list[tuple[int, Act, str]],
    after: list[History],
    finally_measured: bool,
) -> None:
    its = await _known(system)
    async with system.node.database._engines[Pool.API].connect() as tx:
        await tx.begin()
        await tx.execute(text("DELETE FROM incident_measures"))
        for number, one in enumerate(before):
            await write(tx, one, 1_000 + number, its)
        await store.take(tx, limit=measured)
        newest = max((settled for one in before if (settled := one.closed or one.resolved)), default=START - timedelta(days=99))
        now = list(before)
        for n, act, status in later:
            if n < len(now):
                # What happens to it happens after all that happened before, and it ends anew.
                then = replace(act, after=now[n].last - now[n].opened + act.after)
                now[n] = in_order(replace(now[n], acts=(*now[n].acts, then), status=status), newest)
                await add(tx, now[n], [then])
                stands = {"id": now[n].id, "status": now[n].status, "resolved": now[n].resolved, "closed": now[n].closed}
                await tx.execute(END, stands)
        # And what came and went before one that is measured opened was known as that was measured.
        after = [in_order(one if one.opened >= newest else replace(one, key=None), newest) for one in after]
        for number, one in enumerate(after):
            await write(tx, one, 2_000 + number, its)
        if finally_measured:
            await store.take(tx, limit=100)
        everything = [*now, *after]
        found = await store.count(tx, By.SEVERITY, since=SINCE, until=UNTIL, again_within=AGAIN, service_id=None, team_id=None, limit=100)
        await tx.rollback()
    severities = sorted({one.severity for one in everything if SINCE <= one.opened < UNTIL})
    assert found == [obviously(everything, severity) for severity in (None, *severities)]


async def _known(system: System) -> UUID:
    """An incident to copy, which opened at the end of the range and is not in it."""
    listed = (await system.api.get("/api/v1/incidents")).json()["items"]
    if listed:
        return UUID(listed[0]["id"])
    its = await system.service([to(await system.user("Ana"))], step_delay="PT30M", repeat=0)
    return UUID((await system.event(its["key"], "disk"))["incident_id"])
