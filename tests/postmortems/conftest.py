"""Fixtures of what tests of postmortems begin with."""

import pytest
from tests.postmortems.writing import House, make_house
from tests.system import System


@pytest.fixture
async def house(system: System) -> House:
    return await make_house(system)
