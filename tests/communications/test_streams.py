"""Who listens hears everything once and in order: live, after a break, on any node; and costs little."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from tests.communications.rooming import Rooming, is_settled, listening, until

from oncall.app import Node
from oncall.communications.compiled.incidents import REPLAYED
from oncall.kit import event_stream, streams
from oncall.kit.db import Database
from oncall.kit.ids import new_id


async def test_a_listener_hears_what_is_done_as_it_happens(rooming: Rooming) -> None:
    await rooming.say("before")
    async with listening(rooming.system.node.app, f"{rooming.path}/stream") as ear:
        said = await rooming.say("hello")
        await rooming.edit(said, "hello all")
        await rooming.delete(said)
        heard = await ear.heard(3)
    assert [(one.id, one.name, one.data["seq"]) for one in heard] == [("2", "posted", 2), ("3", "edited", 2), ("4", "deleted", 2)]
    assert heard[2].data["text"] is None
    assert heard[0].data["by"]["name"] == "Ana"
    assert (ear.status, ear.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert (ear.headers["x-accel-buffering"], ear.headers["cache-control"]) == ("no", "no-store, no-transform")
    assert "content-length" not in ear.headers
    assert ear.raw.startswith("retry: 2000\n\n")


async def test_a_deleted_text_is_not_told_to_those_who_come_later(rooming: Rooming) -> None:
    said = await rooming.say("hunter2")
    await rooming.delete(said)
    async with listening(rooming.system.node.app, f"{rooming.path}/stream", last_event_id="0") as ear:
        await ear.heard(2)
    assert "hunter2" not in ear.raw


async def test_the_list_says_where_its_stream_goes_on(rooming: Rooming) -> None:
    await rooming.say("one")
    last = (await rooming.read())["last_event_id"]
    await rooming.say("two")
    async with listening(rooming.system.node.app, f"{rooming.path}/stream", last_event_id=last) as ear:
        assert [one.data["text"] for one in await ear.heard(1)] == ["two"]


async def test_a_listener_that_drops_resumes_without_loss_and_hears_nothing_twice(rooming: Rooming) -> None:
    path, app = f"{rooming.path}/stream", rooming.system.node.app
    async with listening(app, path) as ear:
        await rooming.say("1")
        last = (await ear.heard(1))[-1].id
    for n in range(2, 6):
        await rooming.say(f"{n}")
    async with listening(app, path, last_event_id=last) as ear:
        await ear.heard(4)
        await rooming.say("6")
        assert [one.data["text"] for one in await ear.heard(5)] == ["2", "3", "4", "5", "6"]


async def test_a_long_backlog_comes_in_pieces_and_whole(rooming: Rooming, database: Database) -> None:
    """More than is read at once, and than waits for one listener."""
    many = streams.WAITING + 3 * streams.AT_ONCE
    await _fill(database, rooming.incident, many)
    async with listening(rooming.system.node.app, f"{rooming.path}/stream", last_event_id="0") as ear:
        assert [int(one.id) for one in await ear.heard(many)] == list(range(1, many + 1))


async def test_nothing_is_read_for_nobody_and_once_for_all(rooming: Rooming) -> None:
    fan, path = rooming.system.node.room_streams, f"{rooming.path}/stream"
    fan.every = 60.0
    async with listening(rooming.system.node.app, path) as one, listening(rooming.system.node.app, path) as other:
        await until(lambda: is_settled(fan, 2))
        before = fan.reads
        await rooming.say("hello")
        fan.poke()
        await asyncio.gather(one.heard(1), other.heard(1))
        assert fan.reads - before == 1
    assert len(fan) == 0
    reads = fan.reads
    fan.poke()
    await until(lambda: fan._task is not None and fan._task.done())
    assert fan.reads == reads


async def test_listeners_of_two_nodes_hear_the_same_in_the_same_order(rooming: Rooming, second: Node) -> None:
    path = f"{rooming.path}/stream"
    async with listening(rooming.system.node.app, path) as here, listening(second.app, path) as there:
        await asyncio.gather(*(rooming.say(f"{n}", by=who) for n in range(5) for who in ("Ana", "Ben")))
        heard = await here.heard(10), await there.heard(10)
    assert heard[0] == heard[1]
    assert [int(one.id) for one in heard[0]] == list(range(1, 11))


async def test_who_drops_on_one_node_goes_on_at_the_other(rooming: Rooming, second: Node) -> None:
    path = f"{rooming.path}/stream"
    async with listening(rooming.system.node.app, path) as here:
        await rooming.say("1")
        last = (await here.heard(1))[-1].id
    await rooming.say("2")
    async with listening(second.app, path, last_event_id=last) as there:
        await there.heard(1)
        await rooming.say("3")
        assert [one.data["text"] for one in await there.heard(2)] == ["2", "3"]


async def test_a_slow_reader_is_cut_holds_up_nobody_and_resumes(rooming: Rooming, database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(event_stream, "PATIENCE", 1.0)
    many = 2 * streams.WAITING
    path, app = f"{rooming.path}/stream", rooming.system.node.app
    async with listening(app, path) as quick, listening(app, path, window=2) as slow:  # it takes its headers and the first write
        fan = rooming.system.node.room_streams
        await _fill(database, rooming.incident, many)
        await quick.heard(many)
        await until(lambda: len(fan) == 1)
        assert len(slow.events) == 0
    async with listening(app, path, last_event_id="0") as again:
        assert [int(one.id) for one in await again.heard(many)] == list(range(1, many + 1))


async def test_a_silent_room_says_that_it_lives(rooming: Rooming, monkeypatch: Any) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT", 0.05)
    async with listening(rooming.system.node.app, f"{rooming.path}/stream") as ear:
        await until(lambda: ear.raw.count(":\n\n") >= 2)
        assert ear.events == []


async def test_no_more_listeners_than_there_is_room_for(rooming: Rooming, monkeypatch: Any) -> None:
    monkeypatch.setattr(streams, "MOST", 2)
    app, path = rooming.system.node.app, f"{rooming.path}/stream"
    async with listening(app, path), listening(app, path), listening(app, path) as refused:
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    async with listening(app, path) as taken:
        assert taken.status == 200


async def test_no_more_listeners_of_one_key_than_it_may_have(rooming: Rooming, monkeypatch: Any) -> None:
    monkeypatch.setattr(streams, "MOST_OF_ONE", 1)
    app, path = rooming.system.node.app, f"{rooming.path}/stream"
    made = await rooming.system.make("api-keys", name="other", scope="read")
    async with listening(app, path):
        async with listening(app, path) as refused:
            assert (refused.status, refused.headers["retry-after"]) == (429, "5")
        async with listening(app, path, key=made["key"]) as other:
            assert other.status == 200


async def test_streams_end_at_once_when_the_node_leaves(rooming: Rooming) -> None:
    app = rooming.system.node.app
    async with listening(app, f"{rooming.path}/stream") as ear, listening(app, "/api/v1/incidents/stream") as other:
        app.state.draining = True
        await asyncio.gather(ear.over(within=2), other.over(within=2))
        async with listening(app, f"{rooming.path}/stream") as refused:
            assert refused.status == 503
    app.state.draining = False


async def test_a_stream_ends_after_its_time(rooming: Rooming, monkeypatch: Any) -> None:
    monkeypatch.setattr(event_stream, "LIFETIME", 0.1)
    monkeypatch.setattr(event_stream, "HEARTBEAT", 0.05)
    async with listening(rooming.system.node.app, f"{rooming.path}/stream") as ear:
        await ear.over(within=2)


@pytest.mark.parametrize("path", ["messages/stream", "stream"])
async def test_what_is_no_last_event_id_is_refused(rooming: Rooming, path: str) -> None:
    where = f"/api/v1/incidents/{rooming.incident}/{path}" if path != "stream" else "/api/v1/incidents/stream"
    async with listening(rooming.system.node.app, where, last_event_id="yesterday") as ear:
        assert ear.status == 422


async def test_a_place_that_no_room_has_come_to_says_to_read_again(rooming: Rooming) -> None:
    async with listening(rooming.system.node.app, f"{rooming.path}/stream", last_event_id="99") as ear:
        assert [(one.name, one.id) for one in await ear.heard(1)] == [("reload", "0")]


# --- what happens to all incidents ------------------------------------------------------------------------------------------


async def test_who_listens_to_incidents_hears_each_change_once(rooming: Rooming) -> None:
    system = rooming.system
    wanted = ["opened", "acknowledged", "resolved"]
    async with listening(system.node.app, "/api/v1/incidents/stream", kind=wanted) as ear:
        incident = (await system.event(rooming.made["key"], "cpu", summary="CPU hot"))["incident_id"]
        await system.api.post(f"/api/v1/incidents/{incident}/acknowledge")
        await system.api.post(f"/api/v1/incidents/{incident}/resolve")
        heard = await ear.heard_of(incident, 3)
    assert [one.name for one in heard] == wanted
    first = heard[0].data["incident"]
    assert (first["id"], first["title"], first["service_id"]) == (incident, "CPU hot", rooming.made["service"]["id"])
    assert heard[2].data["incident"]["status"] == "resolved"


async def test_filters_leave_out_what_is_another_teams_or_services(rooming: Rooming) -> None:
    system = rooming.system
    team = await system.make("teams", name="Web")
    service = await system.make("services", name="web", team_id=team["id"], escalation_policy_id=rooming.made["policy"]["id"])
    key = (await system.make(f"services/{service['id']}/integrations", name="prod", type="pagerduty"))["key"]
    path, app = "/api/v1/incidents/stream", system.node.app
    async with (
        listening(app, path, team_id=team["id"]) as of_team,
        listening(app, path, service_id=rooming.made["service"]["id"]) as of_service,
    ):
        ours = (await system.event(rooming.made["key"], "cpu"))["incident_id"]
        theirs = (await system.event(key, "web"))["incident_id"]
        await of_team.heard_of(theirs, 2)
        await of_service.heard_of(ours, 2)
        assert {one.data["incident"]["team_id"] for one in of_team.events if one.name} == {team["id"]}
        assert theirs not in {one.data["incident"]["id"] for one in of_service.events if one.name}


async def test_what_is_not_wanted_moves_the_place_on_all_the_same(rooming: Rooming, monkeypatch: Any) -> None:
    """So that a resume need not look at all of it again."""
    monkeypatch.setattr(event_stream, "HEARTBEAT", 0.1)
    async with listening(rooming.system.node.app, "/api/v1/incidents/stream", kind="closed") as ear:
        await rooming.system.api.post(f"/api/v1/incidents/{rooming.incident}/acknowledge")
        heard = await ear.heard(1)
    assert heard[0].name == ""
    assert heard[0].id


async def test_a_later_number_that_commits_first_hides_no_earlier_one(rooming: Rooming, database: Database) -> None:
    """Entries are numbered before they are committed: whoever only remembered the highest number would miss the first one here."""
    add = text("""
        INSERT INTO timeline_entries (id, incident_id, at, kind, actor_kind, actor_name, via, reason, detail)
        VALUES (:id, :incident, '2026-03-02T12:00:00Z', 'held', 'engine', 'oncall', 'engine', :reason, '{}')
    """)
    async with listening(rooming.system.node.app, "/api/v1/incidents/stream", kind="held") as ear:
        async with database.transaction() as early:
            await early.execute(add, {"id": new_id(), "incident": rooming.incident, "reason": "numbered first"})
            async with database.transaction() as late:
                await late.execute(add, {"id": new_id(), "incident": rooming.incident, "reason": "committed first"})
            fan = rooming.system.node.incident_streams
            reads = fan.reads
            await until(lambda: fan.reads > reads + 1)  # one look at least was begun and ended meanwhile
            assert [one for one in ear.events if one.name] == []  # it waits for the older one
        heard = [one for one in await ear.heard(2) if one.name]
    assert [one.data["reason"] for one in heard] == ["numbered first", "committed first"]


async def test_who_listens_to_incidents_resumes_on_another_node(rooming: Rooming, second: Node) -> None:
    system, path = rooming.system, "/api/v1/incidents/stream"
    wanted = ["acknowledged", "resolved"]
    async with listening(system.node.app, path, kind=wanted) as here:
        await system.api.post(f"/api/v1/incidents/{rooming.incident}/acknowledge")
        last = (await here.heard(1))[-1].id
    await system.api.post(f"/api/v1/incidents/{rooming.incident}/resolve")
    async with listening(second.app, path, kind=wanted, last_event_id=last) as there:
        assert [one.name for one in await there.heard(1)] == ["resolved"]
    async with listening(second.app, path, kind=wanted, last_event_id=last) as by_query:
        assert [one.name for one in await by_query.heard(1)] == ["resolved"]


@pytest.mark.parametrize("why", ["too long ago", "another server's"])
async def test_who_cannot_go_on_is_told_to_read_the_list(rooming: Rooming, why: str) -> None:
    last = "1-1" if why == "too long ago" else f"{10**15}-1"
    rooming.system.clock.advance(2 * REPLAYED)
    async with listening(rooming.system.node.app, "/api/v1/incidents/stream", last_event_id=last) as ear:
        assert [one.name for one in await ear.heard(1)] == ["reload"]


async def _fill(database: Database, incident: str, many: int) -> None:
    """That many messages at once, as if they had been said."""
    async with database.transaction() as tx:
        await tx.execute(
            text("""
                WITH m AS (
                    INSERT INTO room_messages (id, incident_id, seq, text, posted_by, posted_at, mentions)
                    SELECT gen_random_uuid(), CAST(:incident AS uuid), n, 'message ' || n,
                        '{"kind": "engine", "id": null, "name": "oncall", "via": "engine"}', '2026-03-02T12:00:00Z', '{}'
                    FROM generate_series(1, CAST(:many AS int)) n RETURNING *
                ), e AS (
                    INSERT INTO room_entries (incident_id, seq, kind, message_id, text, by, at)
                    SELECT incident_id, seq, 'posted', id, text, posted_by, posted_at FROM m
                )
                INSERT INTO rooms (incident_id, last_seq) VALUES (CAST(:incident AS uuid), :many)
            """),
            {"incident": incident, "many": many},
        )
