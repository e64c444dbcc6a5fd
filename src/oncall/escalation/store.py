"""Every SQL statement about escalation policies."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import Priority
from oncall.escalation.values import Condition, Hours, Policy, Step, Strategy, Target, TargetType, Turn
from oncall.kit.ids import PolicyId, TeamId, UserId
from oncall.kit.relying import Lookup

# A row for each target, and one for each step or policy that has none: one statement reads a policy as it is at one instant.
POLICIES = Lookup(
    """
    SELECT p.id, p.name, p.team_id AS owner_id, p.repeat, p.exhausted_retry, p.escalate_low, p.version,
        s.position AS step, s.delay, s.strategy, s.condition, s.severities, s.hours::text AS hours, s.priorities, s.in_support_hours,
        t.user_id, t.schedule_id, t.team_id, t.contact_method_id
    FROM escalation_policies p
    LEFT JOIN escalation_steps s ON s.policy_id = p.id
    LEFT JOIN escalation_targets t ON t.policy_id = p.id AND t.step = s.position
    WHERE p.id = ANY(CAST(:ids AS uuid[])) ORDER BY p.id, s.position, t.position
""",
    ids="ids",
    column="id",
)
IDS = text("SELECT id FROM escalation_policies WHERE id > :after ORDER BY id LIMIT :limit")
LOCK = text("SELECT id FROM escalation_policies WHERE id = :id FOR NO KEY UPDATE")
INSERT = text("""
    INSERT INTO escalation_policies (id, name, team_id, repeat, exhausted_retry, escalate_low, created_at)
    VALUES (:id, :name, :team_id, :repeat, :exhausted_retry, :escalate_low, :now)
""")
UPDATE = text("""
    UPDATE escalation_policies SET name = :name, team_id = :team_id, repeat = :repeat, exhausted_retry = :exhausted_retry,
        escalate_low = :escalate_low, version = version + 1
    WHERE id = :id
""")
DELETE = text("DELETE FROM escalation_policies WHERE id = :id")
DELETE_STEPS = text("DELETE FROM escalation_steps WHERE policy_id = :id")
INSERT_STEPS = text("""
    INSERT INTO escalation_steps (policy_id, position, delay, strategy, condition, severities, hours, priorities, in_support_hours)
    SELECT :id, s.position, s.delay, s.strategy, s.condition, string_to_array(s.severities, ' '), s.hours,
        string_to_array(s.priorities, ' '), s.in_support_hours
    FROM unnest(CAST(:positions AS int[]), CAST(:delays AS interval[]), CAST(:strategies AS text[]), CAST(:conditions AS text[]),
        CAST(:severities AS text[]), CAST(:hours AS jsonb[]), CAST(:priorities AS text[]), CAST(:in_support_hours AS boolean[]))
        AS s (position, delay, strategy, condition, severities, hours, priorities, in_support_hours)
""")
INSERT_TARGETS = text("""
    INSERT INTO escalation_targets (policy_id, step, position, user_id, schedule_id, team_id, contact_method_id)
    SELECT :id, t.step, t.position, t.user_id, t.schedule_id, t.team_id, t.contact_method_id
    FROM unnest(CAST(:steps AS int[]), CAST(:positions AS int[]), CAST(:user_ids AS uuid[]), CAST(:schedule_ids AS uuid[]),
        CAST(:team_ids AS uuid[]), CAST(:contact_method_ids AS uuid[]))
        AS t (step, position, user_id, schedule_id, team_id, contact_method_id)
""")
# No row may exist yet: what is locked is that somebody decides. Nobody waits for it, so it is part of no deadlock: incidents are locked
# already where it is asked for.
TAKE_TURNS = text("""
    SELECT p.id FROM unnest(CAST(:policy_ids AS uuid[])) AS p (id)
    WHERE pg_try_advisory_xact_lock(hashtextextended('oncall turns ' || p.id, 0))
""")
TURNS = text("""
    SELECT t.policy_id, t.step, t.user_id, t.turn FROM escalation_turns t
    JOIN unnest(CAST(:policy_ids AS uuid[]), CAST(:steps AS int[])) AS s (policy_id, step) ON (t.policy_id, t.step) = (s.policy_id, s.step)
""")
ADD_TURNS = text("""
    INSERT INTO escalation_turns AS t (policy_id, step, user_id, turn)
    SELECT n.policy_id, n.step, n.user_id, n.nth + (
        SELECT coalesce(max(turn), 0) FROM escalation_turns l WHERE (l.policy_id, l.step) = (n.policy_id, n.step))
    FROM (SELECT u.policy_id, u.step, u.user_id, max(u.nth) AS nth
          FROM unnest(CAST(:policy_ids AS uuid[]), CAST(:steps AS int[]), CAST(:user_ids AS uuid[])) WITH ORDINALITY
              AS u (policy_id, step, user_id, nth) GROUP BY u.policy_id, u.step, u.user_id) n
    ON CONFLICT (policy_id, step, user_id) DO UPDATE SET turn = excluded.turn
""")


async def get_policies(tx: AsyncConnection, ids: Sequence[PolicyId]) -> dict[PolicyId, Policy]:
    """Those of the policies that exist, with steps and targets in order; one statement for any number."""
    return _policies(await tx.execute(POLICIES, {"ids": list(ids)}))


async def all_policies(tx: AsyncConnection) -> dict[PolicyId, Policy]:
    return await get_policies(tx, await _ids(tx, after=UUID(int=0), limit=None))


async def list_policies(tx: AsyncConnection, *, after: UUID, limit: int) -> list[Policy]:
    return list((await get_policies(tx, await _ids(tx, after=after, limit=limit))).values())


async def _ids(tx: AsyncConnection, *, after: UUID, limit: int | None) -> list[PolicyId]:
    return [PolicyId(row.id) for row in await tx.execute(IDS, {"after": after, "limit": limit})]


async def lock_policy(tx: AsyncConnection, id: PolicyId) -> Policy | None:
    """Locked first, then read: its steps are those that its last editor has committed."""
    await tx.execute(LOCK, {"id": id})
    return (await get_policies(tx, [id])).get(id)


async def add_policy(tx: AsyncConnection, policy: Policy, *, now: datetime) -> None:
    await tx.execute(INSERT, {**_columns(policy), "now": now})
    await _add_steps(tx, policy)


async def save_policy(tx: AsyncConnection, policy: Policy) -> None:
    await tx.execute(UPDATE, _columns(policy))
    await tx.execute(DELETE_STEPS, {"id": policy.id})
    await _add_steps(tx, policy)


async def delete_policy(tx: AsyncConnection, id: PolicyId) -> None:
    await tx.execute(DELETE, {"id": id})


async def lock_turns(tx: AsyncConnection, policy_ids: Sequence[PolicyId]) -> set[PolicyId]:
    """Those of these policies whose turns nobody else is deciding; until the end of this transaction nobody else does."""
    return {PolicyId(r.id) for r in await tx.execute(TAKE_TURNS, {"policy_ids": list(policy_ids)})}


async def turns(tx: AsyncConnection, steps: Sequence[tuple[PolicyId, int]]) -> dict[tuple[PolicyId, int], dict[UserId, int]]:
    """For each of these steps who had the how-manieth turn last."""
    asked = {"policy_ids": [policy for policy, _ in steps], "steps": [step for _, step in steps]}
    found: dict[tuple[PolicyId, int], dict[UserId, int]] = {}
    for r in await tx.execute(TURNS, asked):
        found.setdefault((PolicyId(r.policy_id), r.step), {})[UserId(r.user_id)] = r.turn
    return found


async def add_turns(tx: AsyncConnection, taken: Sequence[Turn]) -> None:
    """In this order, after all there were."""
    params = {"policy_ids": [t.policy_id for t in taken], "steps": [t.step for t in taken], "user_ids": [t.user_id for t in taken]}
    await tx.execute(ADD_TURNS, params)


def _columns(policy: Policy) -> dict[str, object]:
    return {
        "id": policy.id,
        "name": policy.name,
        "team_id": policy.team_id,
        "repeat": policy.repeat,
        "exhausted_retry": policy.exhausted_retry,
        "escalate_low": policy.escalate_low,
    }


async def _add_steps(tx: AsyncConnection, policy: Policy) -> None:
    await tx.execute(
        INSERT_STEPS,
        {
            "id": policy.id,
            "positions": list(range(len(policy.steps))),
            "delays": [step.delay for step in policy.steps],
            "strategies": [step.strategy.value for step in policy.steps],
            "conditions": [step.condition.value for step in policy.steps],
            "severities": [" ".join(step.severities) for step in policy.steps],
            "hours": [None if step.hours is None else msgspec.json.encode(step.hours).decode() for step in policy.steps],
            "priorities": [" ".join(step.priorities) for step in policy.steps],
            "in_support_hours": [step.in_support_hours for step in policy.steps],
        },
    )
    targets = [(n, m, target) for n, step in enumerate(policy.steps) for m, target in enumerate(step.targets)]
    await tx.execute(
        INSERT_TARGETS,
        {
            "id": policy.id,
            "steps": [n for n, _, _ in targets],
            "positions": [m for _, m, _ in targets],
            "user_ids": [t.id if t.type is TargetType.USER else None for _, _, t in targets],
            "schedule_ids": [t.id if t.type is TargetType.SCHEDULE else None for _, _, t in targets],
            "team_ids": [t.id if t.type is TargetType.TEAM else None for _, _, t in targets],
            "contact_method_ids": [t.id if t.type is TargetType.CHANNEL else None for _, _, t in targets],
        },
    )


def _policies(rows: Iterable[Row[Any]]) -> dict[PolicyId, Policy]:
    """In the order of their ids."""
    first: dict[PolicyId, Row[Any]] = {}
    steps: dict[PolicyId, dict[int, Step]] = {}
    targets: dict[tuple[PolicyId, int], list[Target]] = {}
    for row in rows:
        id = PolicyId(row.id)
        its = steps.setdefault(id, {})
        first.setdefault(id, row)
        if row.step is None:
            continue
        if row.step not in its:
            its[row.step] = _step(row)
        if target := _target(row):
            targets.setdefault((id, row.step), []).append(target)
    return {
        id: Policy(
            id,
            r.name,
            TeamId(r.owner_id) if r.owner_id else None,
            r.repeat,
            tuple(replace(step, targets=tuple(targets.get((id, n), ()))) for n, step in steps[id].items()),
            r.exhausted_retry,
            r.escalate_low,
            r.version,
        )
        for id, r in first.items()
    }


def _step(row: Row[Any]) -> Step:
    hours = msgspec.json.decode(row.hours, type=Hours) if row.hours else None
    return Step(
        row.delay,
        (),
        Strategy(row.strategy),
        Condition(row.condition),
        tuple(row.severities),
        hours,
        tuple(map(Priority, row.priorities)),
        row.in_support_hours,
    )


def _target(row: Row[Any]) -> Target | None:
    ids = {
        TargetType.USER: row.user_id,
        TargetType.SCHEDULE: row.schedule_id,
        TargetType.TEAM: row.team_id,
        TargetType.CHANNEL: row.contact_method_id,
    }
    return next((Target(type, id) for type, id in ids.items() if id is not None), None)
