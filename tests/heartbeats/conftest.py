"""What all tests of heartbeats begin with."""

from datetime import timedelta

import pytest
from tests.heartbeats.beating import Beating, beating_in
from tests.system import System

from oncall.heartbeats.commands import check_ins


@pytest.fixture
async def beating(system: System) -> Beating:
    return await beating_in(system)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check-in waits for locks only for a moment, so that a test need not."""
    monkeypatch.setattr(check_ins, "LOCKED", timedelta(milliseconds=100))
