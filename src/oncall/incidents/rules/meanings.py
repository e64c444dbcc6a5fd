"""What each decision about an event means, and what a person can do about it. Pure."""

from collections.abc import Mapping
from typing import assert_never

from oncall.incidents.values import Decision, EventSeen

MEANS: Mapping[Decision, str] = {
    Decision.OPENED: "a new problem: it opened an alert and an incident",
    Decision.REOPENED: "a problem that came back: its alert and its incident are open again",
    Decision.DEDUPLICATED: "a repeat of an open alert: it was counted, and a repeat pages nobody",
    Decision.ACKNOWLEDGED: "its monitor says that somebody has it: its alert is marked",
    Decision.RESOLVED: "its monitor says that it is over: its alert is resolved",
    Decision.NO_OPEN_ALERT: "it ends or acknowledges something that is not open: it was recorded and changed nothing",
    Decision.IGNORED: "it asks for nothing: it was recorded and paged nobody",
    Decision.CHANGE_RECORDED: "a change, not a problem: it was kept and paged nobody",
    Decision.CHECKED_IN: "a heartbeat's check-in: it was recorded and paged nobody",
    Decision.DUPLICATE_DELIVERY: "the same delivery had come before: it was recorded and counts for nothing",
    Decision.UNREADABLE: "nobody could read it, so a person must: it is a problem of its integration until it is resolved",
    Decision.QUARANTINED: "it could not be stored as it was read: it was set aside and paged nobody",
}
"""Every decision; a test says so."""


def advice(event: EventSeen) -> str | None:
    """What is to be done, where an event did nothing, or nothing of what its sender meant."""
    body = f"its body (GET /api/v1/events/{event.id})"
    match event.decision:
        case Decision.OPENED | Decision.REOPENED | Decision.DEDUPLICATED | Decision.ACKNOWLEDGED | Decision.RESOLVED:
            return None
        case Decision.NO_OPEN_ALERT:
            return (
                "if it should have ended or acknowledged something, compare the keys: "
                "it must carry the very dedup key of its trigger, to the same service"
            )
        case Decision.IGNORED:
            return "if it should page, change what the monitor sends, or give its integration a mapping that says what this means"
        case Decision.CHANGE_RECORDED:
            return f"see it at GET /api/v1/change-events/{event.id}, and beside the incidents of its service"
        case Decision.CHECKED_IN:
            return "nothing is to be done"
        case Decision.DUPLICATE_DELIVERY:
            return "nothing is to be done, unless its sender gives different deliveries one id: only the first of them counts then"
        case Decision.UNREADABLE:
            return f"look at {body}; correct what the monitor sends, or the type or mapping of its integration, and resolve the incident"
        case Decision.QUARANTINED:
            return f"look at {body}, and send it again once it is corrected"
        case _:
            assert_never(event.decision)
