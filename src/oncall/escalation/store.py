"""Every SQL statement about escalation policies."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.escalation.tables import escalation_policies as policies
from oncall.escalation.values import Policy, Step, Target, TargetType
from oncall.kit.ids import PolicyId, TeamId

POLICIES = select(policies)
BY_IDS = text("""
    SELECT id, name, team_id, repeat, exhausted_retry, escalate_low, version FROM escalation_policies WHERE id = ANY(CAST(:ids AS uuid[]))
""")
STEPS = text("""
    SELECT s.policy_id, s.position AS step, s.delay, t.user_id, t.schedule_id
    FROM escalation_steps s LEFT JOIN escalation_targets t ON t.policy_id = s.policy_id AND t.step = s.position
    WHERE s.policy_id = ANY(:ids) ORDER BY s.policy_id, s.position, t.position
""")
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
    INSERT INTO escalation_steps (policy_id, position, delay)
    SELECT :id, s.position, s.delay FROM unnest(CAST(:positions AS int[]), CAST(:delays AS interval[])) AS s (position, delay)
""")
INSERT_TARGETS = text("""
    INSERT INTO escalation_targets (policy_id, step, position, user_id, schedule_id)
    SELECT :id, t.step, t.position, t.user_id, t.schedule_id
    FROM unnest(CAST(:steps AS int[]), CAST(:positions AS int[]), CAST(:user_ids AS uuid[]), CAST(:schedule_ids AS uuid[]))
        AS t (step, position, user_id, schedule_id)
""")


async def get_policies(tx: AsyncConnection, ids: Sequence[PolicyId]) -> dict[PolicyId, Policy]:
    """Those of the policies that exist, with steps and targets in order; two statements for any number."""
    return await _with_steps(tx, (await tx.execute(BY_IDS, {"ids": list(ids)})).all())


async def all_policies(tx: AsyncConnection) -> dict[PolicyId, Policy]:
    return await _with_steps(tx, (await tx.execute(POLICIES.order_by(policies.c.id))).all())


async def list_policies(tx: AsyncConnection, *, after: UUID, limit: int) -> list[Policy]:
    page = POLICIES.where(policies.c.id > after).order_by(policies.c.id).limit(limit)
    return list((await _with_steps(tx, (await tx.execute(page)).all())).values())


async def lock_policy(tx: AsyncConnection, id: PolicyId) -> Policy | None:
    locked = POLICIES.where(policies.c.id == id).with_for_update(key_share=True)  # FOR NO KEY UPDATE
    return (await _with_steps(tx, (await tx.execute(locked)).all())).get(id)


async def add_policy(tx: AsyncConnection, policy: Policy, *, now: datetime) -> None:
    await tx.execute(INSERT, {**_columns(policy), "now": now})
    await _add_steps(tx, policy)


async def save_policy(tx: AsyncConnection, policy: Policy) -> None:
    await tx.execute(UPDATE, _columns(policy))
    await tx.execute(DELETE_STEPS, {"id": policy.id})
    await _add_steps(tx, policy)


async def delete_policy(tx: AsyncConnection, id: PolicyId) -> None:
    await tx.execute(DELETE, {"id": id})


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
        INSERT_STEPS, {"id": policy.id, "positions": list(range(len(policy.steps))), "delays": [step.delay for step in policy.steps]}
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
        },
    )


async def _with_steps(tx: AsyncConnection, rows: Sequence[Row[tuple[object, ...]]]) -> dict[PolicyId, Policy]:
    ids = [row.id for row in rows]
    steps: dict[UUID, dict[int, Step]] = {id: {} for id in ids}
    for row in await tx.execute(STEPS, {"ids": ids}) if ids else ():
        step = steps[row.policy_id].setdefault(row.step, Step(row.delay, ()))
        if row.user_id or row.schedule_id:
            target = Target(TargetType.USER, row.user_id) if row.user_id else Target(TargetType.SCHEDULE, row.schedule_id)
            steps[row.policy_id][row.step] = Step(step.delay, (*step.targets, target))
    return {
        PolicyId(r.id): Policy(
            PolicyId(r.id),
            r.name,
            TeamId(r.team_id) if r.team_id else None,
            r.repeat,
            tuple(steps[r.id].values()),
            r.exhausted_retry,
            r.escalate_low,
            r.version,
        )
        for r in rows
    }
