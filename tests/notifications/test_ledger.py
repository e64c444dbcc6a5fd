"""The ledger of deliveries: what was sent cannot be changed afterwards without being seen, and it costs the senders nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.system import System, to

from oncall.channels.values import FailedTemporarily
from oncall.kit.ids import IncidentId, NotificationId, UserId
from oncall.notifications.commands.sealing import seal_deliveries, verify_ledger
from oncall.notifications.due import Sealer
from oncall.notifications.rules import broken, seal
from oncall.notifications.values import BEGINNING, AttemptOutcome, Delivery, Link, Sealed

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ONE = Delivery(
    NotificationId(UUID(int=1)),
    1,
    AT,
    IncidentId(UUID(int=2)),
    UserId(UUID(int=3)),
    "email",
    "a…@example.com",
    AttemptOutcome.SENT,
    "250 ok",
    AT + timedelta(seconds=9),
)
CHANGES: Sequence[dict[str, Any]] = (
    {"number": 2},
    {"at": AT + timedelta(microseconds=1)},
    {"incident_id": None},
    {"user_id": UserId(UUID(int=4))},
    {"channel": "sms"},
    {"address": "b…@example.com"},
    {"outcome": AttemptOutcome.UNKNOWN},
    {"detail": "250 OK"},
    {"sealed_at": AT},
)


def chain(*deliveries: Delivery) -> list[Sealed]:
    rows: list[Sealed] = []
    for one in deliveries:
        rows.append(seal(rows[-1].link if rows else BEGINNING, one))
    return rows


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: next(iter(change)))
def test_whatever_is_changed_of_a_row_is_seen(change: dict[str, Any]) -> None:
    rows = chain(ONE, replace(ONE, number=2), replace(ONE, number=3))
    assert list(broken(BEGINNING, rows)) == []
    rows[1] = replace(rows[1], delivery=replace(rows[1].delivery, **({"number": 9} if "number" in change else change)))
    assert list(broken(BEGINNING, rows)) == ["row 2 of the delivery ledger is not what was sealed: it, or the one before it, was changed"]


def test_a_row_that_was_sealed_anew_breaks_the_one_behind_it() -> None:
    rows = chain(ONE, replace(ONE, number=2), replace(ONE, number=3))
    rows[1] = seal(rows[0].link, replace(ONE, number=2, detail="forged"))
    assert [words.split(" of")[0] for words in broken(BEGINNING, rows)] == ["row 3"]


def test_rows_that_are_missing_are_seen_but_for_those_at_the_end() -> None:
    rows = chain(*(replace(ONE, number=n) for n in range(1, 6)))
    assert list(broken(BEGINNING, [rows[0], *rows[3:]])) == ["rows 2 to 3 of the delivery ledger are missing"]
    assert list(broken(BEGINNING, rows[:3])) == [], "these a link that was kept elsewhere shows"


def test_the_spelling_of_what_is_hashed_stays_as_it_is() -> None:
    """Else every ledger there is would be broken after an update."""
    assert seal(BEGINNING, ONE).link.hash.hex() == "83d7f243c0d03f663abb19e672c72297266ed4a784ec1cfcda111d680e17ab09"


@given(details=st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=20), max_size=10))
def test_any_words_of_a_provider_can_be_sealed(details: list[str]) -> None:
    assert list(broken(BEGINNING, chain(*(replace(ONE, detail=words) for words in details)))) == []


# --- on the real system -----------------------------------------------------------------------------------------------------


async def three_tries(system: System) -> None:
    """One message that failed twice and then left us."""
    made = await system.service([to(await system.user("Ana"))])
    system.email.outcomes = [FailedTemporarily("451 later", timedelta(seconds=30)), FailedTemporarily("452 later", timedelta(seconds=30))]
    await system.event(made["key"])
    await system.advance(minutes=2)


async def ledger(system: System) -> list[Any]:
    async with system.node.database.transaction() as tx:
        return list((await tx.execute(text("SELECT * FROM delivery_ledger ORDER BY seq"))).all())


async def wrong(system: System, kept: Link | None = None) -> list[str]:
    async with system.node.database.transaction(read_only=True) as tx:
        return (await verify_ledger(tx, kept=kept, limit=100, now=system.clock.at))[1]


async def run(system: System, statement: str, **values: object) -> None:
    async with system.node.database.transaction() as tx:
        await tx.execute(text(statement), values)


async def prune(system: System, before: datetime, *, after: timedelta = DAY) -> int:
    async with system.node.database.transaction() as tx:
        statement = text("SELECT prune_delivery_ledger(:before, :at)")
        return int((await tx.execute(statement, {"before": before, "at": before + after})).scalar_one())


async def test_each_try_is_sealed_once_with_its_address_masked(system: System) -> None:
    await three_tries(system)
    rows = await ledger(system)
    assert [(row.seq, row.number, row.outcome, row.detail, row.address) for row in rows] == [
        (1, 1, "failed_temp", "451 later", "a…@example.com"),
        (2, 2, "failed_temp", "452 later", "a…@example.com"),
        (3, 3, "sent", "accepted by the fake", "a…@example.com"),
    ]
    assert await wrong(system) == []


async def test_a_row_is_never_rewritten(system: System) -> None:
    await three_tries(system)
    with pytest.raises(DBAPIError, match="never rewritten"):
        await run(system, "UPDATE delivery_ledger SET outcome = 'sent' WHERE seq = 1")


async def test_a_try_that_was_changed_or_deleted_since_is_seen(system: System) -> None:
    await three_tries(system)
    await run(system, "UPDATE attempts SET outcome = 'sent' WHERE number = 1")
    await run(system, "DELETE FROM attempts WHERE number = 2")
    first, second = await wrong(system)
    assert first.startswith("try 1 of notification")
    assert first.endswith("is not what row 1 of the delivery ledger says")
    assert second.endswith("is gone, but row 2 of the delivery ledger has it")


async def test_an_end_that_was_cut_off_is_seen_by_a_link_that_was_kept(system: System) -> None:
    await three_tries(system)
    kept = [Link(row.seq, bytes(row.hash)) for row in await ledger(system)]
    assert await wrong(system, kept[-1]) == []
    assert await wrong(system, kept[0]) == []
    assert "has another hash" in (await wrong(system, Link(3, bytes(32))))[0]
    await run(system, "DELETE FROM attempts")
    await run(system, "DELETE FROM delivery_ledger WHERE seq = 3")
    assert any("row 3 of the delivery ledger is not there" in words for words in await wrong(system, kept[-1]))


async def test_what_is_deleted_with_its_incident_stays_in_the_ledger(system: System) -> None:
    await three_tries(system)
    await run(system, "DELETE FROM pages")
    assert len(await ledger(system)) == 3
    assert await wrong(system) == []


async def test_what_is_too_old_is_cut_off_at_the_front_and_the_rest_can_be_verified(system: System) -> None:
    await three_tries(system)
    kept = [Link(row.seq, bytes(row.hash)) for row in await ledger(system)]
    before = AT + timedelta(seconds=50)
    assert await prune(system, before) == 2
    assert [row.seq for row in await ledger(system)] == [3]
    assert await wrong(system) == []
    assert await wrong(system, kept[1]) == [], "the last that was pruned is the anchor"
    assert "was pruned" in (await wrong(system, kept[0]))[0]
    again = Sealer(database=system.node.database, clock=system.clock, every=timedelta(seconds=10))
    await again.run()
    assert [row.seq for row in await ledger(system)] == [3], "what was pruned is not sealed again"
    await prune(system, system.clock.at)
    assert (await ledger(system), await wrong(system)) == ([], [])


async def test_what_is_younger_than_a_day_cannot_be_cut_off_since_it_may_not_be_sealed_yet(system: System) -> None:
    with pytest.raises(DBAPIError, match="kept for a day at least"):
        await prune(system, AT, after=timedelta(hours=23))


async def test_it_goes_on_behind_what_was_pruned_altogether(system: System) -> None:
    await three_tries(system)
    await prune(system, system.clock.at)
    assert await ledger(system) == []
    system.clock.advance(timedelta(minutes=4))
    await system.run_due()
    assert [row.seq for row in await ledger(system)] == [4]
    assert await wrong(system) == []


async def test_what_commits_late_is_sealed_late_and_two_nodes_never_seal_at_once(system: System) -> None:
    await three_tries(system)
    database = system.node.database
    await run(system, "DELETE FROM delivery_ledger WHERE seq = 3")
    sealer = Sealer(database=database, clock=system.clock, every=timedelta(seconds=10))
    system.clock.advance(timedelta(minutes=5))

    async def sealed(tx: AsyncConnection) -> list[datetime] | None:
        return await seal_deliveries(tx, since=AT, limit=10, now=system.clock.at)

    async with database.transaction() as first, database.transaction() as second:
        assert len(await sealed(first) or []) == 1
        assert await sealed(second) is None, "the other one is at it"
    await sealer.run()
    assert [row.seq for row in await ledger(system)] == [1, 2, 3]


async def test_a_try_that_is_old_and_not_sealed_is_seen(system: System) -> None:
    await three_tries(system)
    await run(system, "DELETE FROM delivery_ledger")
    assert await wrong(system) == []
    system.clock.advance(timedelta(minutes=20))
    assert (await wrong(system))[0].startswith("3 tries are not in the delivery ledger although they are over 15 minutes old")
