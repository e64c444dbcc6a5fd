"""Migrations go up and down, and what was there before is there afterwards."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text
from tests import databases

from oncall.kit import schema
from oncall.kit.db import Database
from oncall.kit.ids import ScheduleId, UserId, new_id
from oncall.kit.sealing import Sealing
from oncall.schedules.commands import load_schedules
from oncall.schedules.rules import on_call_at
from oncall.services.commands import integration_keys

WRITTEN = datetime(2026, 3, 2, 12, tzinfo=UTC)
LAYER = '{"id": "%s", "name": "all", "participants": [{"type": "user", "id": "%s"}]}'


@pytest.fixture
def url(server_dsn: str, template: str) -> Iterator[str]:
    with databases.fresh_database(server_dsn, template, f"oncall_test_{os.getpid()}_migrations") as url:
        yield url


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.close()


async def to_version(url: str, version: str) -> None:
    """Down, or up to the newest. Alembic runs an event loop of its own."""
    config = schema.config(url)
    await asyncio.to_thread(command.upgrade if version == "heads" else command.downgrade, config, version)


def test_the_newest_migration_is_the_one_that_its_file_says() -> None:
    assert ScriptDirectory.from_config(schema.config("")).get_heads() == [schema.head()]


async def test_a_database_that_is_up_to_date_costs_no_alembic(url: str) -> None:
    code = f"import sys; from oncall.kit.schema import migrate; migrate({url!r}); print('alembic' in sys.modules)"
    done = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await done.communicate()
    assert (done.returncode, out.strip()) == (0, b"False")


async def test_down_to_the_first_version_and_up_again(url: str, database: Database) -> None:
    await to_version(url, "0001")
    await to_version(url, "heads")
    async with database.transaction() as tx:
        assert await schema.is_current(tx)


async def test_a_schedule_of_before_says_the_same_and_is_written_down_from_its_newest_version_on(url: str, database: Database) -> None:
    await to_version(url, "0002")
    id, ana = ScheduleId(new_id()), UserId(new_id())
    layer = LAYER % (new_id(), ana)
    async with database.transaction() as tx:
        await tx.exec_driver_sql(f"INSERT INTO users VALUES ('{ana}', 'Ana', 'ana@example.com', 'UTC', '{{}}', '{WRITTEN}')")
        await tx.exec_driver_sql(f"INSERT INTO schedules (id, name, created_at) VALUES ('{id}', 'Payments', '{WRITTEN}')")
        await tx.exec_driver_sql(
            "INSERT INTO schedule_versions (schedule_id, version, definition, created_at) VALUES "
            f"""('{id}', 1, '{{"time_zone": "UTC", "layers": [{layer}]}}', '{WRITTEN}')"""
        )
    await database.close()
    await to_version(url, "heads")
    migrated = Database(url)
    async with migrated.transaction() as tx:
        recorded = (await tx.exec_driver_sql(f"SELECT recorded_until, next_at FROM schedules WHERE id = '{id}'")).one()
        schedule = (await load_schedules(tx, [id], since=WRITTEN, until=WRITTEN))[id]
    await migrated.close()
    assert tuple(recorded) == (WRITTEN, WRITTEN)
    assert on_call_at(schedule, at=WRITTEN).users == (ana,)


async def test_an_integrations_key_of_before_works_and_goes_back_as_its_newest(url: str, database: Database) -> None:
    await to_version(url, "0006")
    ids = {name: new_id() for name in ("policy", "service", "integration", "second")}
    async with database.transaction() as tx:
        for statement in (
            f"""INSERT INTO escalation_policies (id, name, repeat, escalate_low, created_at)
                VALUES ('{ids["policy"]}', 'Web', 0, false, '{WRITTEN}')""",
            f"""INSERT INTO services (id, name, escalation_policy_id, urgency, reopen_window, created_at)
                VALUES ('{ids["service"]}', 'web', '{ids["policy"]}', 'high', '15 min', '{WRITTEN}')""",
            f"""INSERT INTO integrations (id, service_id, name, type, key_hash, key_prefix, created_at)
                VALUES ('{ids["integration"]}', '{ids["service"]}', 'prod', 'generic', sha256('first'), 'first', '{WRITTEN}')""",
        ):
            await tx.exec_driver_sql(statement)
    await database.close()
    await to_version(url, "heads")
    migrated = Database(url)
    async with migrated.transaction() as tx:
        known = await integration_keys(tx, sealing=Sealing(["a key of thirty-two characters or more"]))
        await tx.exec_driver_sql(
            "INSERT INTO integration_keys (id, integration_id, slot, key_hash, key_prefix, created_at) "
            f"VALUES ('{ids['second']}', '{ids['integration']}', 2, sha256('second'), 'second', '{WRITTEN + timedelta(days=1)}')"
        )
    await migrated.close()
    assert {digest: ref.id for digest, ref in known.items()} == {sha256(b"first").digest(): ids["integration"]}
    await to_version(url, "0006")
    before = Database(url)
    async with before.transaction() as tx:
        kept = (await tx.exec_driver_sql("SELECT key_hash, key_prefix FROM integrations")).one()
    await before.close()
    assert (bytes(kept.key_hash), kept.key_prefix) == (sha256(b"second").digest(), "second")


async def test_the_changes_of_before_are_kept_as_far_as_the_journal_knows_them(url: str, database: Database) -> None:
    await to_version(url, "0008")
    change, other, service, integration = (new_id() for _ in range(4))
    async with database.transaction() as tx:
        for id, decision in ((change, "change_recorded"), (other, "ignored")):
            await tx.exec_driver_sql(
                "INSERT INTO events (id, received_at, occurred_at, integration_id, service_id, action, dedup_key, severity, summary, "
                f"decision, reason, body_id) VALUES ('{id}', '{WRITTEN}', '{WRITTEN - timedelta(hours=1)}', '{integration}', '{service}', "
                f"'change', 'x', 'info', 'Deploy 42', '{decision}', '', '{id}')"
            )
    await database.close()
    await to_version(url, "heads")
    migrated = Database(url)
    async with migrated.transaction() as tx:
        kept = (
            await tx.exec_driver_sql("SELECT id, service_id, integration_id, occurred_at, received_at, summary FROM change_events")
        ).all()
    await migrated.close()
    assert [tuple(row) for row in kept] == [(change, service, integration, WRITTEN - timedelta(hours=1), WRITTEN, "Deploy 42")]


WRITES_AND_ALTERS = """
from alembic import op
revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None
def upgrade():
    op.execute("ALTER TABLE users ADD COLUMN shoe_size integer")
    op.execute("UPDATE users SET shoe_size = 42")
    op.execute("ALTER TABLE users ALTER COLUMN shoe_size SET NOT NULL")
"""


async def test_a_migration_may_write_a_table_and_then_alter_it(url: str, database: Database, tmp_path: Path) -> None:
    """Although changes of it are noted by a trigger, which elsewhere waits for the end of the transaction."""
    async with database.transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO users (id, name, email, time_zone, org_roles, created_at, version) "
                "VALUES (gen_random_uuid(), 'Ana', 'ana@example.com', 'UTC', '{}', now(), 1)"
            )
        )
    (tmp_path / "9999_shoes.py").write_text(WRITES_AND_ALTERS.replace("{head}", schema.head()))
    config = schema.config(url)
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join([f"{schema._folder() / 'versions'}", f"{tmp_path}"]))
    await asyncio.to_thread(command.upgrade, config, "heads")
    async with database.transaction() as tx:
        assert (await tx.execute(text("SELECT shoe_size FROM users"))).scalar_one() == 42


SHARED = """
    INSERT INTO event_bodies (id, received_at, content_type, raw) VALUES (:body_id, :at, 'text/plain', 'said twice');
    INSERT INTO events (id, received_at, occurred_at, integration_id, service_id, action, dedup_key, severity, summary, decision, reason,
        body_id, body_at)
    SELECT gen_random_uuid(), CAST(:at AS timestamptz) + later, :at, gen_random_uuid(), gen_random_uuid(), 'trigger', 'disk', 'error',
        'full', 'opened', '', :body_id, CASE WHEN later > interval '0' THEN CAST(:at AS timestamptz) END
    FROM unnest(ARRAY[interval '0', interval '1 second']) AS later
"""
OWN = "SELECT b.raw FROM events e LEFT JOIN event_bodies b ON b.id = e.body_id AND b.received_at = e.received_at"


async def test_whoever_goes_back_has_a_body_for_each_event_that_shared_one(url: str, database: Database) -> None:
    shared = {"body_id": new_id(), "at": WRITTEN}
    async with database.transaction() as tx:
        for statement in SHARED.split(";"):
            await tx.execute(text(statement), shared)
    await to_version(url, "0045")
    async with database.transaction() as tx:
        assert [bytes(row.raw or b"") for row in await tx.execute(text(OWN))] == [b"said twice"] * 2
