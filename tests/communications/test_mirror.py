"""A room is shown in Slack as it is here: in order, whatever fails on the way, and no page waits for it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from tests.communications.rooming import Rooming
from tests.providers.slack import TOKEN, SlackSink

from oncall.channels.calling import Calls
from oncall.channels.slack_rooms import SlackRooms
from oncall.communications.due.rooms import SlackMirror
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow

CHANNEL = "C0123456789"
LEASE = timedelta(seconds=30)


@dataclass
class Mirroring:
    rooming: Rooming
    sink: SlackSink
    mirror: SlackMirror

    async def settle(self) -> None:
        """Show what is due."""
        while (await self.mirror.run()).handled:
            await self.mirror.settle()

    def shown(self) -> list[str]:
        return [one["text"] for one in self.sink.posted]

    async def state(self) -> Any:
        return (await self.rooming.read())["mirror"]

    def later(self, **by: float) -> None:
        self.rooming.system.clock.advance(timedelta(**by))


@pytest.fixture
async def mirroring(rooming: Rooming) -> AsyncIterator[Mirroring]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    async with SlackSink() as sink:
        calls = Calls(client, rooming.system.clock.about, deadline=1.0)
        rooms = SlackRooms(TOKEN, f"http://127.0.0.1:{sink.port}/api/", calls)
        node = rooming.system.node
        mirror = SlackMirror(rooms, database=node.database, clock=node.clock, lease=LEASE, every=LEASE)
        path = f"/api/v1/services/{rooming.made['service']['id']}/room"
        saved = await rooming.system.api.put(path, json={"slack_channel": CHANNEL}, headers={"If-Match": "*"})
        assert saved.status_code == 200
        yield Mirroring(rooming, sink, mirror)
    await client.close()


async def test_what_is_said_is_one_thread_and_what_is_changed_is_changed_there(mirroring: Mirroring) -> None:
    rooming = mirroring.rooming
    number = (await rooming.system.incident(rooming.incident))["number"]
    first = await rooming.say("Disk <full> & <!channel>")
    second = await rooming.say("the password is hunter2", by="Ben")
    await mirroring.settle()
    root = f"#{number} Disk full: what is said in its room"
    assert mirroring.shown() == [root, "*Ana*: Disk &lt;full&gt; &amp; &lt;!channel&gt;", "*Ben*: the password is hunter2"]
    thread = mirroring.sink.posted[0]
    assert [one.get("thread_ts") for one in mirroring.sink.posted] == [None, thread["ts"], thread["ts"]]
    assert {one["channel"] for one in mirroring.sink.posted} == {CHANNEL}
    await rooming.edit(first, "Disk is full")
    await rooming.delete(second, by="Ben")
    await mirroring.settle()
    assert mirroring.shown() == [root, "*Ana*: Disk is full"]
    assert await mirroring.state() == {"channel": CHANNEL, "behind": 0, "last_error": None}


async def test_where_no_channel_is_named_nothing_is_shown(mirroring: Mirroring) -> None:
    rooming = mirroring.rooming
    path = f"/api/v1/services/{rooming.made['service']['id']}/room"
    await rooming.system.api.put(path, json={}, headers={"If-Match": "*"})
    await rooming.say("hello")
    await mirroring.settle()
    assert mirroring.sink.requests == []
    assert await mirroring.state() is None


@pytest.mark.parametrize("behaviour", ["500", "error channel_not_found", "error fatal_error", "drop", "silent", "error invalid_auth"])
async def test_what_fails_is_tried_again_and_nothing_overtakes_it(mirroring: Mirroring, behaviour: str) -> None:
    rooming = mirroring.rooming
    await rooming.say("1")
    await mirroring.settle()
    mirroring.sink.behave(behaviour)
    await rooming.say("2")
    await rooming.say("3")
    await mirroring.settle()
    assert mirroring.shown()[1:] == ["*Ana*: 1"]
    state = await mirroring.state()
    assert state["behind"] == 2
    assert state["last_error"]
    mirroring.sink.behave("ok")
    await mirroring.settle()
    assert mirroring.shown()[1:] == ["*Ana*: 1"], "not before its pause is over"
    mirroring.later(seconds=6)
    await mirroring.settle()
    assert mirroring.shown()[1:] == ["*Ana*: 1", "*Ana*: 2", "*Ana*: 3"]
    assert (await mirroring.state())["last_error"] is None


async def test_patience_that_slack_asks_for_is_had(mirroring: Mirroring) -> None:
    mirroring.sink.behave("429 Retry-After: 40", times=1)
    await mirroring.rooming.say("1")
    await mirroring.settle()
    mirroring.later(seconds=30)
    await mirroring.settle()
    assert mirroring.shown() == []
    mirroring.later(seconds=11)
    await mirroring.settle()
    assert len(mirroring.shown()) == 2


async def test_what_was_told_and_not_recorded_is_told_again_with_the_same_id(mirroring: Mirroring, monkeypatch: Any) -> None:
    """As a node that dies between the wire and the record leaves it."""
    rooming = mirroring.rooming
    await rooming.say("1")
    await mirroring.settle()

    async def die(*_: object) -> None:
        raise RuntimeError("died")

    with monkeypatch.context() as patch:
        patch.setattr(mirroring.mirror, "_record", die)
        await rooming.say("2")
        await mirroring.mirror.run()
        await mirroring.mirror.settle()
    await mirroring.settle()
    assert mirroring.shown()[1:] == ["*Ana*: 1", "*Ana*: 2"], "its lease holds"
    mirroring.later(seconds=31)
    await mirroring.settle()
    assert mirroring.shown()[1:] == ["*Ana*: 1", "*Ana*: 2", "*Ana*: 2"]
    assert len({one["client_msg_id"] for one in mirroring.sink.posted}) == 3


async def test_who_comes_back_after_its_lease_records_nothing(mirroring: Mirroring) -> None:
    rooming = mirroring.rooming
    await rooming.say("1")
    mirroring.sink.behave("silent", times=1)
    await mirroring.mirror.run()
    await mirroring.sink.wait_for(1)  # and now it waits for an answer
    mirroring.later(seconds=31)
    node = rooming.system.node
    other = SlackMirror(mirroring.mirror._rooms, database=node.database, clock=node.clock, lease=LEASE, every=LEASE)
    while (await other.run()).handled:
        await other.settle()
    await mirroring.mirror.settle()
    assert mirroring.shown()[1:] == ["*Ana*: 1"]
    assert await mirroring.state() == {"channel": CHANNEL, "behind": 0, "last_error": None}


async def test_what_could_not_be_shown_for_a_day_is_left_out(mirroring: Mirroring) -> None:
    mirroring.sink.behave("500")
    await mirroring.rooming.say("old")
    await mirroring.settle()
    mirroring.later(hours=25)
    mirroring.sink.behave("ok")
    await mirroring.rooming.say("new")
    await mirroring.settle()
    assert mirroring.shown()[1:] == ["*Ana*: new"]


async def test_what_was_deleted_before_it_was_shown_is_never_shown(mirroring: Mirroring) -> None:
    said = await mirroring.rooming.say("hunter2")
    await mirroring.rooming.delete(said)
    await mirroring.settle()
    assert mirroring.sink.requests == []
    assert (await mirroring.state())["behind"] == 0


async def test_what_somebody_deleted_there_holds_nothing_up(mirroring: Mirroring) -> None:
    said = await mirroring.rooming.say("1")
    await mirroring.settle()
    mirroring.sink.posted.clear()
    await mirroring.rooming.edit(said, "one")
    await mirroring.rooming.say("2")
    await mirroring.settle()
    assert mirroring.shown() == ["*Ana*: 2"]


async def test_a_page_goes_out_while_slack_is_silent(mirroring: Mirroring) -> None:
    rooming = mirroring.rooming
    await rooming.say("1")
    mirroring.sink.behave("silent")
    await mirroring.mirror.run()
    await rooming.system.event(rooming.made["key"], "cpu")
    assert rooming.system.pages() == ["Ana"]
    assert mirroring.mirror._in_flight, "it still waits"
    await mirroring.mirror.settle()
