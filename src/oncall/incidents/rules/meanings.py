"""What each decision about an event means, and what a person can do about it. Pure."""

from collections.abc import Mapping

from oncall.incidents.values import Decision, EventSeen
from oncall.incidents.values.explaining import Arrival

OTHER_GROUP = "if it is another problem, group the alerts of its service by other labels (grouping)"

MEANS: Mapping[Decision, str] = {
    Decision.OPENED: "a new problem: it opened an alert and an incident",
    Decision.REOPENED: "a problem that came back: its alert and its incident are open again",
    Decision.GROUPED: "a new alert of a problem that is known: it joined the open incident of its group",
    Decision.BROKE_THROUGH: "a new alert of a problem that somebody has: whoever has it is told, at most once in ten minutes",
    Decision.MUTED: "a new problem that a silence or an inhibition mutes: it pages when that ends, if it is still open",
    Decision.HELD_MAINTENANCE: "a new problem in a maintenance window: it pages when that ends, if it is still open",
    Decision.HELD_FLAPPING: "an alert that comes and goes: it was recorded, and its incident stays open until it settles",
    Decision.HELD_THRESHOLD: "a problem that has not been said often enough to page: it was counted",
    Decision.HELD_DELAY: "a new problem that may resolve by itself: it pages after a while, if it is still open",
    Decision.DEDUPLICATED: "a repeat of an open alert: it was counted",
    Decision.ACKNOWLEDGED: "its monitor says that somebody has it: its alert is marked",
    Decision.RESOLVED: "it is over: its alert is resolved",
    Decision.NO_OPEN_ALERT: "it ends or acknowledges something that is not open: it was recorded and changed nothing",
    Decision.IGNORED: "it asks for nothing: it was recorded and paged nobody",
    Decision.CHANGE_RECORDED: "a change, not a problem: it was kept and paged nobody",
    Decision.CHECKED_IN: "a heartbeat's check-in: it was recorded and paged nobody",
    Decision.DUPLICATE_DELIVERY: "the same delivery had come before: it was recorded and counts for nothing",
    Decision.UNREADABLE: "nobody could read it, so a person must: it is a problem of its integration until it is resolved",
    Decision.QUARANTINED: "it could not be stored as it was read: it was set aside and paged nobody",
}
"""Every decision; a test says so."""

PAGES_NOBODY: Mapping[Decision, str] = {
    Decision.GROUPED: "and pages nobody anew",
    Decision.DEDUPLICATED: "and a repeat pages nobody",
}
"""What is true of those that set nothing going: a rise pages all the same, and the one that a threshold waits for."""


ONLY_RECORDED = "nobody could read it, and its integration only records such a body: it paged nobody"


def meaning(event: EventSeen, came: Arrival, *, is_mere: bool) -> str:
    """`is_mere`: it set nothing going."""
    if came.only_recorded is not None:
        return ONLY_RECORDED
    more = PAGES_NOBODY.get(event.decision) if is_mere else None
    return f"{MEANS[event.decision]}, {more}" if more else MEANS[event.decision]


ADVICE: Mapping[Decision, str] = {
    Decision.GROUPED: OTHER_GROUP,
    Decision.BROKE_THROUGH: OTHER_GROUP,
    Decision.MUTED: "if it should page, expire the silence, or change the inhibition: what it holds pages within seconds",
    Decision.HELD_MAINTENANCE: "if it should page before that, end the window: what it holds pages within seconds",
    Decision.HELD_FLAPPING: "if each change should count, change flapping of its service",
    Decision.HELD_THRESHOLD: "if it should page at once, change threshold of its service",
    Decision.HELD_DELAY: "if it should page at once, change delay of its service",
    Decision.NO_OPEN_ALERT: (
        "if it should have ended or acknowledged something, compare the keys: "
        "it must carry the very dedup key of its trigger, to the same service"
    ),
    Decision.IGNORED: "if it should page, change what the monitor sends, or give its integration a mapping that says what this means",
    Decision.CHANGE_RECORDED: "see it at GET /api/v1/change-events/{id}, and beside the incidents of its service",
    Decision.CHECKED_IN: "nothing is to be done",
    Decision.DUPLICATE_DELIVERY: (
        "nothing is to be done, unless its sender gives different deliveries one id: only the first of them counts then"
    ),
    Decision.UNREADABLE: (
        "look at its body (GET /api/v1/events/{id}); correct what the monitor sends, or the type or mapping of its integration, "
        "and resolve the incident"
    ),
    Decision.QUARANTINED: "look at its body (GET /api/v1/events/{id}), and send it again once it is corrected",
}
"""What is to be done, where an event did nothing, or nothing of what its sender meant."""


WITHOUT_ITS_BODY: Mapping[Decision, str] = {
    Decision.UNREADABLE: "correct what the monitor sends, or the type or mapping of its integration, and resolve the incident",
    Decision.QUARANTINED: "send it again once it is corrected",
}
TOO_LARGE = (
    "let its monitor send less at once: the details of its alert (GET /api/v1/alerts/{alert_id}) say who it is; then resolve the incident"
)
PAGE_THEM = "if what cannot be read should page, set `on_unreadable` of its integration to `page`; else nothing is to be done"


def advice(event: EventSeen, came: Arrival) -> str | None:
    """Nobody is sent to look at a body that there is not."""
    if came.only_recorded is not None:
        return PAGE_THEM
    said = ADVICE.get(event.decision)
    if came.body_gone is not None:
        said = TOO_LARGE if came.was_too_large else WITHOUT_ITS_BODY.get(event.decision, said)
    return said.replace("{id}", f"{event.id}").replace("{alert_id}", f"{event.alert_id}") if said else None
