"""The engine logs what goes wrong, with tracebacks: in tests that make things go wrong, as it does in production, not in colour."""

import pytest

from oncall.kit import log


@pytest.fixture(autouse=True, scope="session")
def _log() -> None:
    log.configure()
