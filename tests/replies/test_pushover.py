"""Paged by Pushover, and acknowledged there: an emergency whose receipt says so is acknowledged here."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.pushover import TOKEN, PushoverSink
from tests.system import System, to

from oncall.channels.calling import Calls
from oncall.channels.ports import Channel
from oncall.channels.pushover import PushoverChannel
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import Settings
from oncall.replies.rules import next_inquiry, read_emergency

ANA, BEN, GROUP = "a" * 30, "b" * 30, "g" * 30
NOW = datetime(2026, 3, 8, 2, 35, tzinfo=UTC)
ASKED = timedelta(seconds=10)


@pytest.fixture
async def pushover() -> AsyncIterator[PushoverSink]:
    async with PushoverSink() as made:
        yield made


@pytest.fixture
async def system(
    database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path, pushover: PushoverSink
) -> AsyncIterator[System]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))

    def channels(_: Settings) -> Iterable[Channel]:
        return [PushoverChannel(TOKEN, f"http://127.0.0.1:{pushover.port}", Calls(client, lambda: clock.at))]

    system = System(_node_database, clock, tmp_path, channels)
    await system.start()
    yield system
    await system.stop()
    await client.close()


async def paged(system: System, key: str = ANA) -> tuple[dict[str, Any], str]:
    """Ana is paged, and after five minutes Ben."""
    users = []
    for name, address in (("Ana", key), ("Ben", BEN)):
        user = await system.user(name, channel=None)
        await system.make(f"users/{user['id']}/contact-methods", channel="pushover", address=address, verified=True)
        users.append(user)
    service = await system.service(*[[to(user)] for user in users])
    return service | {"ana": users[0], "ben": users[1]}, (await system.event(service["key"]))["incident_id"]


def rung(pushover: PushoverSink) -> list[str]:
    """Whom it rang for."""
    return [said["user"] for said in pushover.pushed if said["priority"] == "2"]


async def test_acknowledged_in_the_app_it_is_acknowledged_here(system: System, pushover: PushoverSink) -> None:
    _, incident = await paged(system)
    [receipt] = pushover.receipts
    await system.advance(seconds=30, step=ASKED)
    assert (await system.incident(incident))["status"] == "triggered", "that a phone had it acknowledges nothing"
    pushover.acknowledge(ANA, receipt)
    await system.advance(seconds=10, step=ASKED)
    found = await system.incident(incident)
    assert (found["status"], found["acknowledged_by"]["name"]) == ("acknowledged", "Ana")
    assert "acknowledged: acknowledged by Ana through pushover" in await system.reasons(incident)
    assert pushover.pushed[-1]["title"] == f"Acknowledged #{found['number']} payments-api: Disk full."
    assert (pushover.pushed[-1]["user"], pushover.pushed[-1]["priority"]) == (ANA, "0"), "the confirmation does not ring"
    [message] = (await system.api.get(f"/api/v1/incidents/{incident}/notifications")).json()["items"]
    assert (message["status"], [one["state"] for one in message["receipts"]]) == ("read", ["delivered", "read"])
    asked = pushover.asked
    await system.advance(minutes=10)
    assert (pushover.asked, rung(pushover)) == (asked, [ANA]), "nobody is asked any more, and nobody else is woken"


async def test_in_a_delivery_group_it_is_whoever_pressed_if_their_key_is_known(system: System, pushover: PushoverSink) -> None:
    _, incident = await paged(system, GROUP)
    [receipt] = pushover.receipts
    pushover.acknowledge(BEN, receipt)
    await system.advance(seconds=10, step=ASKED)
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "Ben"


async def test_a_key_that_is_nobodys_acts_for_whom_it_was_sent_to(system: System, pushover: PushoverSink) -> None:
    _, incident = await paged(system, GROUP)
    [receipt] = pushover.receipts
    pushover.acknowledge("z" * 30, receipt)
    await system.advance(seconds=10, step=ASKED)
    assert (await system.incident(incident))["acknowledged_by"]["name"] == "Ana"


async def test_what_others_were_paged_for_since_is_not_acknowledged_and_they_are_told(system: System, pushover: PushoverSink) -> None:
    service, incident = await paged(system)
    [receipt] = pushover.receipts
    await system.api.post(f"/api/v1/incidents/{incident}/reassign", json={"user_id": service["ben"]["id"]})
    await system.run_due()
    pushover.acknowledge(ANA, receipt)
    await system.advance(seconds=10, step=ASKED)
    assert (await system.incident(incident))["status"] == "triggered"
    [told] = [said for said in pushover.pushed if said["user"] == ANA and said["priority"] != "2"]
    assert told["title"].startswith("This message came with an earlier cycle, and others have been paged since.")


async def test_what_somebody_else_has_rings_no_more(system: System, pushover: PushoverSink) -> None:
    _, incident = await paged(system)
    [receipt] = pushover.receipts
    await system.api.post(f"/api/v1/incidents/{incident}/acknowledge")
    await system.advance(seconds=10, step=ASKED)
    assert pushover.receipts[receipt]["expired"] == 1
    asked = len(pushover.requests)
    await system.advance(minutes=10)
    assert not [one for one in pushover.requests[asked:] if "/receipts/" in one.path]


async def test_a_pushover_that_does_not_answer_costs_nothing_but_the_answer(system: System, pushover: PushoverSink) -> None:
    _, incident = await paged(system)
    [receipt] = pushover.receipts
    pushover.acknowledge(ANA, receipt)
    for behaviour in ("garbage", "500", "drop", "internal"):
        pushover.behave(behaviour)
        await system.advance(seconds=10, step=ASKED)
        assert (await system.incident(incident))["status"] == "triggered"
    pushover.behave("ok")
    await system.advance(seconds=10, step=ASKED)
    assert (await system.incident(incident))["status"] == "acknowledged"


async def test_it_is_asked_no_longer_than_it_rings(system: System, pushover: PushoverSink) -> None:
    await paged(system)
    [receipt] = pushover.receipts
    await system.advance(seconds=330, step=ASKED)
    rest = pushover.asked
    pushover.receipts[receipt]["expired"] = 1
    await system.advance(minutes=2, step=ASKED)
    assert 30 <= rest <= 36, "every ten seconds, that of Ben is asked for as well"


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"acknowledged": "1", "acknowledged_at": "1772937300", "last_delivered_at": "1772937299"}, "read"),
        ({"acknowledged": "1", "acknowledged_at": "99999999999"}, "read"),
        ({"acknowledged": "1", "acknowledged_at": "-5"}, "read"),
        ({"acknowledged": "0", "last_delivered_at": "1772937299"}, "delivered"),
        ({"acknowledged": "0", "last_delivered_at": "0"}, None),
        ({}, None),
    ],
)
def test_what_a_receipt_says(fields: dict[str, str], state: str | None) -> None:
    receipt = read_emergency(fields, now=NOW)
    assert (receipt and receipt.state) == state
    assert receipt is None or receipt.at <= NOW


@given(asked=st.integers(0, 6), late=st.timedeltas(timedelta(0), timedelta(hours=3)))
def test_the_next_inquiry_lies_ahead_and_there_are_no_more_than_planned(asked: int, late: timedelta) -> None:
    after = [timedelta(minutes=m) for m in (1, 3, 8, 18, 48)]
    at = next_inquiry(NOW, asked, after, now=NOW + late)
    assert at is None or at > NOW + late
    assert (at is None) == (not [wait for wait in after[asked:] if wait > late])


async def test_a_test_that_is_acknowledged_in_the_app_has_arrived(system: System, pushover: PushoverSink) -> None:
    ana = await system.user("Ana", channel=None)
    made = await system.make(f"users/{ana['id']}/contact-methods", channel="pushover", address=ANA, verified=True)
    method = f"/api/v1/users/{ana['id']}/contact-methods/{made['id']}"
    assert (await system.api.post(f"{method}/test")).status_code == 202
    await system.run_due()
    [receipt] = pushover.receipts
    pushover.acknowledge(ANA, receipt)
    await system.advance(seconds=10, step=ASKED)
    test = (await system.api.get(method)).json()["last_test"]
    assert (test["round_trip"], test["rang_on_silent"]) == ("PT10S", None)
