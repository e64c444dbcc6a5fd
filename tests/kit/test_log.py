"""What a log line must not hold."""

import pytest

from oncall.kit.log import redact

KEY = "a1" * 16
ID = "0198c0de-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"POST /intake/{KEY}/x 202", "POST /intake/[redacted]/x 202"),
        (f"POST /heartbeats/{KEY} 202", "POST /heartbeats/[redacted] 202"),
        (f"POST /report/{KEY} 201", "POST /report/[redacted] 201"),
        (f"POST /subscriptions/{KEY} 200", "POST /subscriptions/[redacted] 200"),
        (f"GET /api/v1/heartbeats/{ID} 200", f"GET /api/v1/heartbeats/{ID} 200"),
        ("GET /v2/heartbeats/backup/ping", "GET /v2/heartbeats/backup/ping"),
    ],
)
def test_keys_in_addresses_are_taken_out(line: str, shown: str) -> None:
    assert redact(line) == shown
