"""What seldom changes is asked for once, and whoever relies on it finds out when it has changed: before it commits, whoever changed it."""

import importlib
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from tests.system import System, to

from oncall.contacts import store as contacts
from oncall.kit.db import Database, Pool
from oncall.kit.ids import UserId, new_id
from oncall.kit.relying import AGE, DIRECTORY, TABLES, Lookup, Memory, relied_of
from oncall.kit.straight import Connection
from oncall.kit.trouble import ConcurrentChange
from oncall.teams import store as teams

REVISION = text(f"SELECT coalesce((SELECT revision FROM revisions WHERE topic = '{DIRECTORY}'), 0)")
# Of each its table; whether it is for inserts (4), deletes (8), updates (16) or TRUNCATE (32); the columns whose updates it leaves out;
# whether it waits for the end of the transaction; and whether it fires for everybody.
TRIGGERS = text("""
    SELECT t.tgrelid::regclass::text AS table, t.tgtype & 60 AS changes, t.tginitdeferred AS waits, t.tgenabled = 'A' AS always, ARRAY(
        SELECT a.attname::text FROM pg_attribute a
        WHERE a.attrelid = t.tgrelid AND a.attnum > 0 AND NOT a.attisdropped AND cardinality(t.tgattr::int2[]) > 0
            AND a.attnum <> ALL(t.tgattr::int2[]) ORDER BY a.attname) AS but
    FROM pg_trigger t WHERE t.tgfoid = 'directory_changed'::regproc
""")
NOT_PAGED_BY = {"contact_tests"}
"""Whether it rang on silent is a hint for people."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the database is asked from now on."""
    asked: list[str] = []
    run = Connection.run

    async def listen(self: Connection, sql: str, args: Any) -> Any:
        asked.append(" ".join(sql.split()))
        return await run(self, sql, args)

    monkeypatch.setattr(Connection, "run", listen)
    return asked


async def revision(database: Database) -> int:
    async with database.transaction() as tx:
        found: int = (await tx.execute(REVISION)).scalar_one()
        return found


def lookups() -> list[Lookup]:
    """Of everything that a node loads."""
    importlib.import_module("oncall.app")
    loaded = [module for name, module in list(sys.modules.items()) if name.startswith("oncall.")]
    return list({id(one): one for module in loaded for one in vars(module).values() if isinstance(one, Lookup)}.values())


def test_lookups_read_nothing_but_what_raises_their_revision() -> None:
    found = lookups()
    assert len(found) >= 5
    for lookup in found:
        read = set(re.findall(r"(?:FROM|JOIN)\s+(\w+)", lookup.text))
        assert read
        assert read <= TABLES | NOT_PAGED_BY, lookup.text
        assert f":{lookup.ids}" in lookup.text


HOW_IT_FARED = ["address_mark", "created_at", "id", "last_error", "last_failed_at", "last_proven_at"]
"""The columns of contact methods by which nobody is paged: a new one counts, unless it is added here."""


async def test_every_change_of_them_raises_it_at_the_end_of_its_transaction(database: Database) -> None:
    async with database.transaction() as tx:
        found = [tuple(row) for row in await tx.execute(TRIGGERS)]
    edited = [(table, 28, True, True, HOW_IT_FARED if table == "contact_methods" else []) for table in sorted(TABLES)]
    assert sorted(found) == sorted([*edited, *((table, 32, False, True, []) for table in TABLES)])


@pytest.mark.parametrize(
    ("change", "raises"),
    [
        ("UPDATE users SET name = 'Anna'", 1),
        ("UPDATE users SET quiet_hours = NULL", 1),
        ("UPDATE services SET urgency = 'low'", 1),
        ("UPDATE escalation_policies SET repeat = 3", 1),
        ("UPDATE escalation_steps SET delay = '1 minute'", 1),
        ("DELETE FROM escalation_targets", 1),
        ("UPDATE notification_rules SET delay = '1 minute'", 1),
        ("INSERT INTO teams (id, name, created_at) SELECT id, id::text, now() FROM gen_random_uuid() AS id", 1),
        ("UPDATE contact_methods SET address = 'anna@example.com'", 1),
        ("UPDATE contact_methods SET verified_at = NULL", 1),
        ("UPDATE contact_methods SET last_proven_at = now(), last_failed_at = now(), last_error = 'gone'", 0),  # with every page
        ("UPDATE users SET name = 'Anna' WHERE false", 0),
    ],
)
async def test_what_is_changed_raises_it_once(system: System, database: Database, change: str, raises: int) -> None:
    ana = await system.user("Ana", rules=(("high", "PT0S"), ("low", "PT0S")))
    await system.service([to(ana)], [to(ana)])
    before = await revision(database)
    async with database.transaction() as tx:
        await tx.execute(text(change))
        await tx.execute(text(change))
    assert await revision(database) - before == raises


async def test_what_is_remembered_is_not_asked_for_again_until_it_changes(system: System, database: Database, asked: list[str]) -> None:
    ana, ben = [UserId(UUID((await system.user(name))["id"])) for name in ("Ana", "Ben")]

    async def names(*ids: UserId) -> set[str]:
        async with database.relying(Pool.INTAKE) as tx:
            return {user.name for user in (await teams.get_users(tx, ids)).values()}

    async def times() -> int:
        of_users = [sql for sql in asked if "FROM users WHERE id = ANY" in sql]
        asked.clear()
        return len(of_users)

    await times()
    assert (await names(ana), await names(ana), await times()) == ({"Ana"}, {"Ana"}, 1)
    assert (await names(ana, ben), await names(ben), await times()) == ({"Ana", "Ben"}, {"Ben"}, 1)
    nobody = UserId(new_id())
    assert (await names(nobody), await names(nobody), await times()) == (set(), set(), 1)
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE users SET name = 'Anna' WHERE id = :id"), {"id": ana})
        await tx.execute(
            text(
                "INSERT INTO users (id, name, email, time_zone, org_roles, created_at, version) "
                "SELECT :id, 'Cy', 'cy@example.com', time_zone, org_roles, created_at, 1 FROM users WHERE id = :like"
            ),
            {"id": nobody, "like": ana},
        )
    assert (await names(ana, nobody), await times()) == ({"Anna", "Cy"}, 1)


async def test_of_many_people_each_gets_what_is_theirs(system: System, database: Database) -> None:
    ids = [UserId(UUID((await system.user(name, rules=(("high", "PT0S"),)))["id"])) for name in ("Ana", "Ben", "Cy")]
    async with database.transaction() as tx:
        expected = [await contacts.gather(tx, [id]) for id in ids]
    async with database.relying(Pool.INTAKE) as tx:
        assert [await contacts.gather(tx, [id]) for id in ids[:2]] == expected[:2]
        methods, rules = await contacts.gather(tx, [*ids, *ids])
    assert sorted(m.id for m in methods) == sorted(m.id for its, _ in expected for m in its)
    assert sorted(r.id for r in rules) == sorted(r.id for _, its in expected for r in its)


@pytest.mark.parametrize("when", ["before it asks", "after it asked"])
async def test_what_changes_meanwhile_undoes_whoever_relied_on_it(system: System, database: Database, when: str) -> None:
    ana = UserId(UUID((await system.user("Ana"))["id"]))

    async def rename(name: str) -> None:
        async with database.transaction() as tx:
            await tx.execute(text("UPDATE users SET name = :name"), {"name": name})

    async def write(name: str) -> str:
        async with database.relying(Pool.INTAKE) as tx:
            if when == "before it asks":
                await rename(name)
            (user,) = (await teams.get_users(tx, [ana])).values()
            if when == "after it asked":
                await rename(name)
            await tx.execute(text("INSERT INTO revisions VALUES ('written', 1)"))
            return user.name

    async with database.relying(Pool.INTAKE) as tx:
        await teams.get_users(tx, [ana])
    with pytest.raises(ConcurrentChange):
        await write("Anna")
    async with database.relying(Pool.INTAKE) as tx:
        (user,) = (await teams.get_users(tx, [ana])).values()
        assert user.name == "Anna"
        assert (await tx.execute(text("SELECT count(*) FROM revisions WHERE topic = 'written'"))).scalar_one() == 0


async def test_another_server_may_count_otherwise(system: System, database: Database) -> None:
    """After a failover the same revision may be that of something else: whoever connects anew remembers nothing."""
    ana = UserId(UUID((await system.user("Ana"))["id"]))
    async with database.relying(Pool.INTAKE) as tx:
        await teams.get_users(tx, [ana])
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE users SET name = 'Anna'"))
        await tx.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await tx.execute(text("UPDATE revisions SET revision = revision - 1 WHERE topic = 'directory'"))
    (await database.connect("another")).terminate()
    async with database.relying(Pool.INTAKE) as tx:
        (user,) = (await teams.get_users(tx, [ana])).values()
    assert user.name == "Anna"


async def rename(database: Database, name: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE users SET name = :name"), {"name": name})


async def name_of(database: Database, id: UserId) -> str:
    async with database.relying(Pool.INTAKE) as tx:
        return (await teams.get_users(tx, [id]))[id].name


async def test_nothing_is_remembered_of_what_was_not_committed(system: System, database: Database) -> None:
    ana = UserId(UUID((await system.user("Ana"))["id"]))

    async def fail() -> None:
        async with database.relying(Pool.INTAKE) as tx:
            await tx.execute(text("UPDATE users SET name = 'Eve'"))
            assert (await teams.get_users(tx, [ana]))[ana].name == "Eve"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await name_of(database, ana) == "Ana"


async def test_what_is_looked_up_after_all_was_confirmed_is_confirmed_too(system: System, database: Database) -> None:
    ana, ben = [UserId(UUID((await system.user(name))["id"])) for name in ("Ana", "Ben")]

    async def look_up_twice() -> None:
        async with database.relying(Pool.INTAKE) as tx:
            await teams.get_users(tx, [ana])
            relied = relied_of(tx)
            assert relied
            relied.confirm(relied.on)
            await rename(database, "Anna")
            await teams.get_users(tx, [ben])

    with pytest.raises(ConcurrentChange):
        await look_up_twice()


async def test_who_began_before_all_was_forgotten_leaves_nothing_behind(system: System, database: Database) -> None:
    ana = UserId(UUID((await system.user("Ana"))["id"]))
    async with database.relying(Pool.INTAKE) as tx:
        await teams.get_users(tx, [ana])
        (await database.connect("another")).terminate()
    async with database.transaction() as tx:
        await tx.execute(text("ALTER TABLE users DISABLE TRIGGER users_directory_changed"))
        await tx.execute(text("UPDATE users SET name = 'Anna'"))
        await tx.execute(text("ALTER TABLE users ENABLE ALWAYS TRIGGER users_directory_changed"))
    assert await name_of(database, ana) == "Anna"


def test_what_is_remembered_is_forgotten_after_a_minute() -> None:
    memory, then = Memory(), datetime(2026, 3, 2, 12, tzinfo=UTC)
    memory.at(1, then)["SELECT", 1] = []
    ages = (timedelta(0), AGE, AGE + timedelta(seconds=1))
    assert [bool(memory.at(1, then + age)) for age in ages] == [True, True, False]
    memory.at(1, then)["SELECT", 1] = []
    assert not memory.at(1, then - timedelta(seconds=1)), "nor is a clock believed that was put back"
