"""A silence of monitors is told from a deafness of ours: nothing expires merely because nobody could take a check-in."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from tests.heartbeats.beating import Beating
from tests.incidents.building import rows
from tests.system import System

from oncall.app import Node
from oncall.app.routes import Role
from oncall.engine import Engine
from oncall.heartbeats.due import Listening
from oncall.kit.db import Database
from oncall.kit.settings import Settings

HOUR = timedelta(hours=1)


def restarted(system: System, role: Role = Role.ALL) -> Engine:
    """The sources of a node that has just been started."""
    sources = [source for source in system.node.sources if source.name != "listening" and role is not Role.API]
    at = 1 if sources else 0
    listening = [] if role is Role.ENGINE else [Listening(system.node.judging, database=system.node.database, clock=system.clock)]
    return Engine([*sources[:at], *listening, *sources[at:]])


async def test_after_an_outage_of_everything_nothing_fires_at_once_and_real_silence_after_a_full_interval(
    system: System, beating: Beating
) -> None:
    dead, alive = await beating.checking_in("dead"), await beating.checking_in("alive")
    system.clock.advance(2 * HOUR)
    engine = restarted(system)
    await engine.run_due()
    assert (await beating.events(), system.pages()) == ([], [])
    assert (await beating.history(dead))[-1] == (
        "excused",
        "no check-in could be taken from 2026-03-02T12:00:00Z to 2026-03-02T14:00:00Z: its silence is counted from 2026-03-02T14:00:00Z",
    )
    system.clock.advance(timedelta(minutes=10))
    await beating.check_in(alive)
    await system.advance(minutes=1)
    assert [title for title, _ in await beating.incidents()] == ["Heartbeat dead did not check in for 2 h 11 min"]
    assert (await beating.history(dead))[-1][1].endswith("counted from 2026-03-02T14:00:00Z, since for 2 h no check-in could be taken")


async def test_what_had_expired_before_the_outage_is_told_after_it(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=10)
    system.clock.advance(timedelta(minutes=1))
    [listening] = [source for source in system.node.sources if source.name == "listening"]
    await listening.run()
    system.clock.advance(2 * HOUR)
    await restarted(system).run_due()
    assert await beating.state(beat) == "expired"


async def test_while_only_the_engine_was_down_check_ins_were_taken_and_silence_counts(system: System, beating: Beating) -> None:
    dead, alive = await beating.checking_in("dead"), await beating.checking_in("alive")
    listening = Listening(system.node.judging, database=system.node.database, clock=system.clock)
    for _ in range(12):
        system.clock.advance(timedelta(minutes=10))
        await system.client().post(f"/heartbeats/{alive['key']}")
        await listening.run()
    await restarted(system, Role.ENGINE).run_due()
    assert (await beating.state(dead), await beating.state(alive)) == ("expired", "healthy")


async def test_while_only_the_api_is_down_nothing_expires(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    engine = restarted(system, Role.ENGINE)
    for _ in range(12):
        system.clock.advance(timedelta(minutes=10))
        assert await engine.run_due() == 0
    await restarted(system, Role.API).run_due()
    assert await engine.run_due() == 0
    assert (await beating.seen(beat))["expires_at"] == "2026-03-02T14:11:00Z"


async def test_of_two_nodes_that_start_at_once_one_excuses(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    system.clock.advance(2 * HOUR)
    await asyncio.gather(*(restarted(system, Role.API).run_due() for _ in range(4)))
    assert (await beating.kinds(beat)).count("excused") == 1
    assert await rows(system, "SELECT unheard FROM heartbeats") == [(2 * HOUR,)]


async def test_a_clock_of_the_database_that_jumps_ahead_is_no_outage_of_a_node_that_runs(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    system.clock.advance(2 * HOUR)
    await system.run_due()
    assert await beating.state(beat) == "expired"


async def test_one_that_expired_stays_so_and_its_incident_goes_on(system: System, beating: Beating) -> None:
    beat = await beating.checking_in()
    await system.advance(minutes=11)
    system.clock.advance(2 * HOUR)
    await restarted(system).run_due()
    assert (await beating.state(beat), [status for _, status in await beating.incidents()]) == ("expired", ["triggered"])
    assert [decision for _, decision, _ in await beating.events()] == ["opened"]


@pytest.mark.parametrize(("role", "says"), [(Role.ALL, True), (Role.API, True), (Role.ENGINE, False)])
async def test_who_answers_http_says_that_it_listens(database_url: str, tmp_path: Path, role: Role, says: bool) -> None:
    node = Node(Settings(data_dir=tmp_path), Database(database_url), role=role)
    assert ("listening" in [source.name for source in node.sources], "heartbeats" in [source.name for source in node.sources]) == (
        says,
        role is not Role.API,
    )
    await node.database.close()
