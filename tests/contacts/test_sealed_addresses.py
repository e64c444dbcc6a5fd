"""An address that is a secret lies sealed in the database, is opened for the wire alone, and sealed anew when the keys change."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.incidents.building import rows
from tests.system import FakeChannel, System, to

from oncall.channels.values import FailedTemporarily
from oncall.contacts.commands.sealing import reseal
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.sealing import Sealing
from oncall.notifications.commands.resealing import reseal as reseal_messages

SECRET = "JHMHI8qBe7bk2ZwO5U711o3dV-js"
URL = f"discord://4174216298/{SECRET}"
OTHER = "another-key-0123456789abcdef0123456789"


@pytest.fixture
async def chat() -> FakeChannel:
    return FakeChannel("apprise")


@pytest.fixture
async def told(
    database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path, chat: FakeChannel
) -> AsyncIterator[System]:
    made = System(_node_database, clock, tmp_path, lambda _: [chat])
    await made.start()
    yield made
    await made.stop()


async def ana_with(told: System) -> tuple[dict[str, Any], dict[str, Any]]:
    ana = await told.user("Ana", channel=None)
    method = await told.make(f"users/{ana['id']}/contact-methods", channel="apprise", address=URL, verified=True)
    return ana, method


async def everything(told: System) -> str:
    """Every row of every table, as text."""
    tables = await rows(told, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    found: list[str] = []
    for (table,) in tables:
        found += [str(row) for (row,) in await rows(told, f"SELECT CAST(t AS text) FROM {table} t")]
    return "\n".join(found)


async def test_a_page_gets_there_and_the_secret_is_nowhere_else(told: System, chat: FakeChannel, capfd: pytest.CaptureFixture[str]) -> None:
    ana, method = await ana_with(told)
    assert (method["address"], SECRET in json.dumps(method)) == ("discord://…", False)
    chat.outcomes = [FailedTemporarily("busy")]
    event = await told.event((await told.service([to(ana)]))["key"])
    await told.advance(minutes=1)
    assert {message.address for message in chat.sent} == {URL}
    stored = await everything(told)
    assert "discord://…" in stored
    assert SECRET not in stored
    for path in ("notifications", "timeline", "explain"):
        assert SECRET not in (await told.api.get(f"/api/v1/incidents/{event['incident_id']}/{path}")).text
    assert SECRET not in "".join(capfd.readouterr())


async def test_the_same_secret_twice_is_refused_and_another_is_not(told: System) -> None:
    ana, _ = await ana_with(told)
    path = f"/api/v1/users/{ana['id']}/contact-methods"
    again = await told.api.post(path, json={"channel": "apprise", "address": URL})
    assert (again.status_code, again.json()["code"]) == (409, "contact_method_exists")
    assert (await told.api.post(path, json={"channel": "apprise", "address": f"{URL}x"})).status_code == 201


async def test_codes_to_one_address_are_counted_although_it_was_added_anew(told: System) -> None:
    ana = await told.user("Ana", channel=None)
    path = f"/api/v1/users/{ana['id']}/contact-methods"
    statuses = []
    for _ in range(4):
        method = await told.make(f"users/{ana['id']}/contact-methods", channel="apprise", address=URL)
        statuses.append((await told.api.post(f"{path}/{method['id']}/verify")).status_code)
        assert (await told.api.delete(f"{path}/{method['id']}")).status_code == 204
    assert statuses == [202, 202, 202, 429]


async def test_keys_change_while_messages_wait(told: System, chat: FakeChannel) -> None:
    ana, _ = await ana_with(told)
    chat.outcomes = [FailedTemporarily("busy")]
    await told.event((await told.service([to(ana)]))["key"])
    old = told.node.ring[0]
    async with told.node.database.transaction() as tx:
        assert await reseal(tx, Sealing([OTHER])) == (0, ["apprise contact method of Ana"])
        assert await reseal_messages(tx, Sealing([OTHER])) == (0, ["1 messages that may still be sent"])
        both = Sealing([OTHER, old])
        assert (await reseal(tx, both), await reseal_messages(tx, both)) == ((1, []), (1, []))
        assert (await reseal(tx, Sealing([OTHER])), await reseal_messages(tx, Sealing([OTHER]))) == ((1, []), (1, []))
        back = Sealing([old, OTHER])
        assert (await reseal(tx, back), await reseal_messages(tx, back)) == ((1, []), (1, []))
    await told.advance(minutes=1)
    assert [message.address for message in chat.sent] == [URL, URL]


async def test_a_key_that_was_taken_away_is_said_and_nothing_else_is_lost(told: System, chat: FakeChannel) -> None:
    ana, _ = await ana_with(told)
    async with told.node.database.transaction() as tx:
        await reseal(tx, Sealing([OTHER, told.node.ring[0]]))
    event = await told.event((await told.service([to(ana)]))["key"])
    assert chat.sent == []
    [line, *_] = [line for line in await told.reasons(event["incident_id"]) if line.startswith("send_failed")]
    assert "no secret key opens this address: put the old key back, or add it anew" in line


async def test_what_was_stored_before_is_sent_as_it_is_and_sealed_by_oncall_reseal(told: System, chat: FakeChannel) -> None:
    ana, method = await ana_with(told)
    async with told.node.database.transaction() as tx:
        await tx.execute(
            text("UPDATE contact_methods SET address = :url, address_mark = NULL WHERE id = CAST(:id AS uuid)"),
            {"url": URL, "id": method["id"]},
        )
    event = await told.event((await told.service([to(ana)]))["key"])
    assert [message.address for message in chat.sent] == [URL]
    assert SECRET not in (await told.api.get(f"/api/v1/users/{ana['id']}/contact-methods")).text
    assert SECRET not in (await told.api.get(f"/api/v1/incidents/{event['incident_id']}/notifications")).text
    async with told.node.database.transaction() as tx:
        assert await reseal(tx, told.node.sealing) == (1, [])
        assert await reseal_messages(tx, told.node.sealing) == (0, [])
    assert SECRET not in await everything(told)
    again = await told.api.post(f"/api/v1/users/{ana['id']}/contact-methods", json={"channel": "apprise", "address": URL})
    assert again.status_code == 409, "its mark is known again"
