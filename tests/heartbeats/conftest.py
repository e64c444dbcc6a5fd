"""What all tests of heartbeats begin with."""

import pytest
from tests.heartbeats.beating import Beating, beating_in
from tests.system import System


@pytest.fixture
async def beating(system: System) -> Beating:
    return await beating_in(system)
