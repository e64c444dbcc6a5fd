"""One page and one notice for all tests of channels; each test says what is special about its own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import standardwebhooks.webhooks

from oncall.channels.values import BundleMessage, ListedIncident, NoticeMessage, PageMessage, PageUpdate

NOW = datetime(2026, 3, 8, 2, 35, tzinfo=UTC)
SECRET = "whsec_" + "b25jYWxsLXRlc3RzLXNpZ25pbmctc2VjcmV0LTMyYg=="
OLD_SECRET = "whsec_" + "YW4tb2xkZXItc2VjcmV0LW9mLXRoZS1zYW1lLXJpbmc="

PAGE = PageMessage(
    notification_id=UUID("01960000-0000-7000-8000-000000000001"),
    address="ana@example.com",
    recipient="Ana",
    incident_id=UUID("01960000-0000-7000-8000-000000000002"),
    number=42,
    title="High error rate",
    service="payments-api",
    severity="critical",
    urgency="high",
    level=1,
    reason="step 1 of policy Payments: on call in schedule Primary",
    triggered_at=NOW - timedelta(minutes=5),
    acknowledge_url="https://oncall.example.com/l/acknowledge-token",
    resolve_url="https://oncall.example.com/l/resolve-token",
    escalate_url="https://oncall.example.com/l/escalate-token",
    incident_url="https://oncall.example.com/incidents/42",
    attempt=1,
    repeated=False,
    late_by=None,
    source="web-1",
    facts=(("description", "5 % of requests fail"),),
    links=(("https://runbooks.example.com/errors", "runbook"),),
)

BUNDLE = BundleMessage(
    notification_id=UUID("01960000-0000-7000-8000-000000000005"),
    address="ana@example.com",
    recipient="Ana",
    headline="2 incidents on db-01",
    severity="error",
    urgency="high",
    because="waits 50 s, to travel with others: there were 3 pages within a minute before it",
    listed=(
        ListedIncident(
            UUID("01960000-0000-7000-8000-000000000002"),
            42,
            "Disk full",
            "db",
            "error",
            "db-01",
            NOW - timedelta(minutes=5),
            "step 1 of policy DB: named in the step",
        ),
        ListedIncident(
            UUID("01960000-0000-7000-8000-000000000006"),
            43,
            "<b>Replica\r\nBcc: x@example.com</b>",
            "db",
            "error",
            "db-01",
            NOW - timedelta(minutes=4),
            "step 1 of policy DB: named in the step",
        ),
    ),
    acknowledge_url="https://oncall.example.com/l/list-token",
    attempt=1,
    repeated=False,
    late_by=None,
)

NOTICE = NoticeMessage(
    notification_id=UUID("01960000-0000-7000-8000-000000000003"),
    address="ana@example.com",
    recipient="Ana",
    kind="handoff",
    urgency="low",
    subject="You are on call in Primary now",
    paragraphs=("Your shift lasts until Mon 16 Mar 2026 09:00.", "Open now: nothing."),
    links=(("https://oncall.example.com/schedules/primary", "the schedule"),),
    created_at=NOW - timedelta(minutes=5),
    attempt=1,
    repeated=False,
    late_by=None,
)


UPDATE = NoticeMessage(
    notification_id=UUID("01960000-0000-7000-8000-000000000004"),
    address="ana@example.com",
    recipient="Ana",
    kind="page_update",
    urgency="low",
    subject="#42 acknowledged by Ben: High error rate",
    paragraphs=("payments-api: High error rate", "Acknowledged by Ben through link.", "You were paged for it."),
    links=(),
    created_at=NOW,
    attempt=1,
    repeated=False,
    late_by=None,
    update=PageUpdate(PAGE.incident_id, 42, "High error rate", "payments-api", "acknowledged", "acknowledged by Ben"),
)


def a_page(**changes: Any) -> PageMessage:
    return replace(PAGE, **changes)


def a_notice(**changes: Any) -> NoticeMessage:
    return replace(NOTICE, **changes)


def real_now() -> datetime:
    """For what the reference library is to verify: it compares with its own reading of the clock."""
    return standardwebhooks.webhooks.datetime.now(tz=UTC)
