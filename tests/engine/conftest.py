"""The engine logs what goes wrong, with tracebacks: in tests that make things go wrong, as it does in production, not in colour."""

from collections.abc import Iterator

import pytest
import structlog

from oncall.kit import log


@pytest.fixture(autouse=True, scope="module")
def _log() -> Iterator[None]:
    """No logger is kept as it is here: whoever comes next in this process logs as all other tests do."""
    before = structlog.get_config()
    log.configure()
    structlog.configure(cache_logger_on_first_use=False)
    yield
    structlog.configure(**before)
