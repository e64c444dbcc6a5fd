"""What tests of communications begin with: an incident, and somebody who tells of it."""

import pytest
from tests.communications.telling import Telling
from tests.system import System, to


@pytest.fixture
async def telling(system: System) -> Telling:
    ana = await system.user("Ana")
    made = await system.service([to(ana)])
    event = await system.event(made["key"], summary="disk full on db-7.internal")
    system.pages()
    return Telling(system, ana, made["service"], made["key"], event["incident_id"])
