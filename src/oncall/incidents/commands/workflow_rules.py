"""What can be done with workflow rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.incidents.commands.workflow import WORKFLOW, known_actions
from oncall.incidents.rules.workflow import people_of, unknown_actions
from oncall.incidents.store import workflow as store
from oncall.incidents.values.workflow import MOST_RULES, NamesNothing, Rule, RuleId, RuleNameTaken, TooManyRules, UnknownRule
from oncall.kit.errors import Refusal
from oncall.kit.references import refusing
from oncall.teams.rules import check_version


async def create_rule(tx: AsyncConnection, rule: Rule) -> Rule:
    await store.one_by_one(tx)
    _check_actions(rule)
    count, _ = await store.count_rules(tx)
    if count >= MOST_RULES:
        raise TooManyRules(f"There are {count} workflow rules, and {MOST_RULES} is the most: delete one first.")
    with refusing(_refusals(rule)):
        await store.add_rule(tx, rule, *people_of(rule.actions))
    await _listen(tx)
    return rule


async def get_rule(tx: AsyncConnection, id: UUID, *, lock: bool = False) -> Rule:
    found = await store.find_rule(tx, id, lock=lock)
    if found is None:
        raise UnknownRule("There is no workflow rule with this id.")
    return found


async def list_rules(tx: AsyncConnection, *, after: UUID | None, limit: int) -> Sequence[Rule]:
    return await store.list_rules(tx, after=after or UUID(int=0), limit=limit)


async def update_rule(tx: AsyncConnection, wanted: Rule, *, expected_version: int | None) -> Rule:
    await store.one_by_one(tx)
    current = await get_rule(tx, wanted.id, lock=True)
    check_version(current.version, expected_version)
    _check_actions(wanted)
    edited = replace(wanted, created_at=current.created_at, version=current.version + 1)
    with refusing(_refusals(wanted)):
        await store.save_rule(tx, edited, *people_of(edited.actions))
    await _listen(tx)
    return edited


async def delete_rule(tx: AsyncConnection, id: RuleId) -> None:
    """What it has done stays done."""
    await store.one_by_one(tx)
    await get_rule(tx, id, lock=True)
    await store.delete_rule(tx, id)
    await _listen(tx)


async def _listen(tx: AsyncConnection) -> None:
    """While no rule is enabled, what happens costs nothing more."""
    _, enabled = await store.count_rules(tx)
    await timeline.listen(tx, WORKFLOW, listens=enabled > 0)


def _check_actions(rule: Rule) -> None:
    unknown = unknown_actions(rule.actions, known_actions())
    if unknown:
        there = ", ".join(known_actions()) or "none on this server"
        raise NamesNothing(f"There is no action {unknown[0]!r} to run; there are: {there}.", field="actions")


def _refusals(rule: Rule) -> Mapping[str, Callable[[], Refusal]]:
    taken = f"There is a workflow rule with the name {rule.name} already: choose another name, or edit that one."
    where = {"service": "conditions.service_ids", "category": "conditions.category_ids", "user": "actions", "team": "actions"}
    return {
        "workflow_rules_name_idx": lambda: RuleNameTaken(taken),
        **{f"workflow_rule_mentions_{one}_id_fkey": _missing(one, field) for one, field in where.items()},
    }


def _missing(what: str, field: str) -> Callable[[], Refusal]:
    return lambda: NamesNothing(f"The rule names a {what} that does not exist.", field=field)
