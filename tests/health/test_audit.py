"""`oncall audit`: each thing that must never be is found where it is planted, and nothing is found of a busy night."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from tests.system import System, to
from typer.testing import CliRunner

from oncall.channels.values import FailedTemporarily
from oncall.cli import app
from oncall.health.commands import examine

MINUTES = timedelta(minutes=1)


async def faults(system: System) -> list[tuple[str, str]]:
    async with system.node.database.transaction(read_only=True) as tx:
        return [(fault.invariant, fault.sentence) for fault in (await examine(tx, kept=None, now=system.clock.at)).faults]


async def plant(system: System, statement: str, **values: object) -> None:
    async with system.node.database.transaction() as tx:
        await tx.execute(text(statement), values)


async def busy(system: System) -> dict[str, Any]:
    """Paged, escalated, acknowledged, triggered again by the time-out, broken through, resolved, opened again, acknowledged."""
    ana, ben = await system.user("Ana"), await system.user("Ben")
    made = await system.service([to(ana)], [to(ben)], grouping={"type": "all"}, ack_timeout="PT30M")
    system.email.outcomes = [FailedTemporarily("451", timedelta(seconds=20))]
    opened = await system.event(made["key"])
    await system.advance(minutes=6)
    verb = f"/api/v1/incidents/{opened['incident_id']}"
    await system.api.post(f"{verb}/acknowledge", json={"user_id": ana["id"]})
    await system.event(made["key"], "net")
    await system.advance(minutes=45)
    await system.api.post(f"{verb}/acknowledge", json={"user_id": ben["id"]})
    await system.advance(minutes=31)
    for key in ("disk", "net"):
        await system.event(made["key"], key, action="resolve")
    await system.event(made["key"])
    await system.advance(minutes=1)
    await system.api.post(f"{verb}/acknowledge")
    await system.advance(minutes=1)
    return opened


async def test_nothing_is_found_of_a_busy_night(system: System) -> None:
    await busy(system)
    assert await faults(system) == []


async def test_a_page_behind_the_acknowledgement_of_its_cycle_is_found(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    opened = await system.event(made["key"])
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/acknowledge")
    again = """
        INSERT INTO timeline_entries (id, incident_id, at, kind, actor_kind, actor_id, actor_name, via, reason, detail)
        SELECT gen_random_uuid(), incident_id, at, kind, actor_kind, actor_id, actor_name, via, reason, detail
        FROM timeline_entries WHERE kind = 'sent'
    """
    await plant(system, again)
    ((invariant, sentence),) = await faults(system)
    assert invariant == "paged_after_acknowledgement"
    assert "sent of cycle 1 is in the timeline" in sentence
    unresolved = "UPDATE incidents SET policy_snapshot = jsonb_set(policy_snapshot, '{policy,steps,0,condition}', '\"unresolved\"')"
    await plant(system, unresolved)
    assert await faults(system) == [], "a step for what is unresolved goes on"


@pytest.mark.parametrize(
    ("statement", "invariant", "says"),
    [
        ("UPDATE events SET decision = 'perhaps'", "undecided", 'is decided as "perhaps", which is no decision'),
        ("UPDATE events SET alert_id = NULL", "undecided", 'is decided as "opened", but names no alert'),
        ("UPDATE notifications SET attempt = 0", "odd_state", "at try 0, although try 1 is recorded"),
        ("UPDATE attempts SET outcome = 'failed_perm'", "odd_state", "is sent, although no try that may have arrived is recorded"),
        ("UPDATE incidents SET next_at = next_at - interval '1 hour'", "incidents_overdue", "1 incidents have been due"),
        (
            "UPDATE incidents SET next_at = NULL, escalation_state = 'exhausted'",
            "no_next_at",
            "1 triggered incidents have no next action",
        ),
    ],
)
async def test_what_must_never_be_is_found(system: System, statement: str, invariant: str, says: str) -> None:
    made = await system.service([to(await system.user("Ana"))])
    await system.event(made["key"])
    await plant(system, statement)
    found = await faults(system)
    assert [sentence for name, sentence in found if name == invariant and says in sentence], found


async def test_two_open_alerts_of_one_key_are_found_though_an_index_should_forbid_them(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))])
    await system.event(made["key"])
    await system.event(made["key"], "other")
    async with system.node.database.transaction() as tx:
        await tx.execute(text("DROP INDEX alerts_one_open_per_key"))
        await tx.execute(text("UPDATE alerts SET dedup_key = 'disk'"))
        found = (await examine(tx, kept=None, now=system.clock.at)).faults
        await tx.rollback()
    assert [fault.invariant for fault in found] == ["two_open_alerts"]
    assert 'has 2 open alerts with the dedup key "disk"' in found[0].sentence


async def test_an_incident_whose_retry_is_switched_off_needs_no_next_action(system: System) -> None:
    made = await system.service([to(await system.user("Ana"))], repeat=0, exhausted_retry=None)
    await system.event(made["key"])
    await system.advance(minutes=6)
    assert await faults(system) == []


async def oncall(database_url: str, *arguments: str) -> tuple[int, str, str]:
    done = await asyncio.to_thread(CliRunner().invoke, app, ["audit", *arguments], env={"ONCALL_DATABASE_URL": database_url})
    return done.exit_code, done.stdout, done.stderr


async def test_the_command_ends_with_1_and_a_line_for_each_finding(system: System, database_url: str) -> None:
    made = await system.service([to(await system.user("Ana"))])
    opened = await system.event(made["key"])
    await system.api.post(f"/api/v1/incidents/{opened['incident_id']}/resolve")
    await plant(system, "UPDATE incidents SET next_at = NULL")  # it is 2026 by our clock, and later by the command's
    code, said, _ = await oncall(database_url)
    assert (code, said.splitlines()[0][:58]) == (0, "All is as it must be. The delivery ledger ends at 1:" + said[52:58])
    end = said.split()[-1]
    assert (await oncall(database_url, "--kept", end))[0] == 0
    code, said, complaint = await oncall(database_url, "--kept", f"1:{'00' * 32}")
    assert (code, said.count("\n")) == (1, 1)
    assert said.startswith("delivery_ledger: row 1 of the delivery ledger has another hash")
    assert "1 found that must not be" in complaint
    assert (await oncall(database_url, "--kept", "nonsense"))[0] == 2
