"""What tests of communications begin with: an incident, and somebody who tells of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.communications.rooming import Rooming
from tests.communications.telling import Telling
from tests.system import System, to

from oncall.app import Node
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database


@pytest.fixture
async def telling(system: System) -> Telling:
    ana = await system.user("Ana")
    made = await system.service([to(ana)])
    event = await system.event(made["key"], summary="disk full on db-7.internal")
    system.pages()
    return Telling(system, ana, made["service"], made["key"], event["incident_id"])


@pytest.fixture
async def rooming(system: System) -> Rooming:
    """Ana is on call for payments; Ben and Cleo are not. One incident is open and Ana was paged for it."""
    people = {name: await system.user(name) for name in ("Ana", "Ben", "Cleo")}
    made = await system.service([to(people["Ana"])])
    incident = (await system.event(made["key"]))["incident_id"]
    system.pages()
    system.node.room_streams.every = system.node.incident_streams.every = 0.05
    return Rooming(system, people, made, incident)


@pytest.fixture
async def second(rooming: Rooming, database_url: str, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Node]:
    """Another node on the same database, with nothing in common but that."""
    other = System(Database(database_url), clock, tmp_path)
    other.node.room_streams.every = other.node.incident_streams.every = 0.05
    yield other.node
    await other.stop()
