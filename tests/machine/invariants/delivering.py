"""What went out, how often, and to whom (`reliability.md` §3.1)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

from tests.machine.invariants.seen import Seen
from tests.machine.reading import Page
from tests.machine.setting import OWN_DELAYS
from tests.machine.wire import RINGS

from oncall.channels.values import BundleMessage

Ask = Callable[[str], Awaitable[Any]]


def i_12_duplicates_are_bounded(seen: Seen) -> Iterator[str]:
    """I-12: |J receipts(notification)| ≤ 1 + #(lease expiries or `unknown` outcomes of it); of what a list carries, as of its carrier."""
    receipts = Counter(id for call in seen.journal if call.arrived for id in {call.id, *call.carried})
    unknown = Counter(attempt.notification_id for attempt in seen.now.attempts if attempt.outcome == "unknown")
    for id, count in receipts.items():
        if count > 1 + unknown[id]:
            yield f"notification {id} arrived {count} times, and {unknown[id]} of its tries are unknown"


ONWARDS = {
    "sent": {"sent", "delivered", "read", "failed"},
    "delivered": {"delivered", "read", "failed"},
    "read": {"read", "failed"},
    "failed": {"failed"},
    "bundled": {"bundled"},
}


def i_13_the_past_stays_as_it_was(seen: Seen) -> Iterator[str]:
    """I-13: attempt rows are never rewritten; states move only along the declared graph."""
    tries = {(attempt.notification_id, attempt.number): attempt for attempt in seen.now.attempts}
    for attempt in seen.before.attempts:
        if tries.get((attempt.notification_id, attempt.number)) != attempt:
            yield f"try {attempt.number} of notification {attempt.notification_id} was rewritten"
    now = {one.id: one for one in seen.now.notifications}
    for was in seen.before.notifications:
        after = now.get(was.id)
        if after is None:
            yield f"notification {was.id} is gone"
        elif was.status in ONWARDS and after.status not in ONWARDS[was.status]:
            yield f"notification {was.id} was {was.status}, and is {after.status}"
    if seen.now.entries[: len(seen.before.entries)] != seen.before.entries:
        yield "the timeline was rewritten"
    reported = {attempt.notification_id for attempt in seen.now.attempts if attempt.outcome in {"sent", "unknown"}}
    for one in seen.now.notifications:
        if one.status in LEFT and one.id not in reported:
            yield f"notification {one.id} is {one.status}, and no try says so"


LEFT = {"sent", "delivered", "read", "bundled"}
FURTHER = ("sent", "delivered", "read", "failed")


def f_19_a_receipt_is_kept_and_stops_nothing(seen: Seen) -> Iterator[str]:
    """F19 with `semantics.md` §5: receipts come in any order, and the furthest counts; they are kept and stop nothing."""
    told: dict[object, list[str]] = {}
    for receipt in seen.now.receipts:
        told.setdefault(receipt.notification_id, []).append(receipt.state)
    for one in seen.now.notifications:
        furthest = max(told.get(one.id, ()), key=FURTHER.index, default=None)
        if one.receipt != furthest:
            yield f"of notification {one.id} was told {told.get(one.id)}, and the furthest is said to be {one.receipt}"
        if furthest is not None and one.status in LEFT - {"bundled"} and one.status != furthest:
            yield f"notification {one.id} is {one.status}, and was told of as {furthest}"
    kept = {(receipt.notification_id, receipt.state) for receipt in seen.now.receipts}
    if any((receipt.notification_id, receipt.state) not in kept for receipt in seen.before.receipts):
        yield "a receipt is gone"
    if seen.did.name != "receives":
        return
    planned = [{one.id: (one.next_at, one.attempt) for one in rows.notifications} for rows in (seen.before, seen.now)]
    if planned[0] != planned[1] or seen.now.incidents != seen.before.incidents or seen.now.entries != seen.before.entries:
        yield "a receipt did more than be kept"


def i_14_a_repeat_says_that_it_is_one(seen: Seen) -> Iterator[str]:
    """I-14: every receipt after the first carries the same idempotency key and the duplicate flag; of a list, if any of it had arrived."""
    arrived: set[object] = set()
    for call in seen.journal:
        its = {call.id, *call.carried}
        if call.arrived and arrived & its and not call.message.repeated:
            yield f"notification {call.id} arrived again at {call.at:%H:%M:%S}, and does not say that it did before"
        if call.arrived:
            arrived |= its


def i_15_nothing_goes_out_without_a_lease(seen: Seen) -> Iterator[str]:
    """I-15: no receipt in J whose send time is after `lease_until` + ε without a newer claim existing. And `architecture.md` §7: a sender
    re-reads its own notification row just before the wire; what was cancelled meanwhile is not sent, nor listed.
    """
    for call in seen.called:
        row = call.row
        if row is None or row.status != "sending" or row.attempt != call.message.attempt or row.next_at is None or row.next_at <= call.at:
            yield f"notification {call.id} went out at {call.at:%H:%M:%S} in try {call.message.attempt}, while the database says {row}"
        if isinstance(call.message, BundleMessage):
            held = {row.incident_id for row in call.carried.values() if row.next_at is not None and row.next_at > call.at}
            for listed in call.message.listed:
                if listed.incident_id not in held:
                    yield f"#{listed.number} was listed at {call.at:%H:%M:%S}, and nothing about it was to go out just then"


def i_18_no_page_is_silent(seen: Seen) -> Iterator[str]:
    """I-18: … the first page of a new incident for an un-paged user is never throttled to silence: it is bundled into a message that is
    sent. Here: every page has at least one message, or is part of one; and what is said to have left us did.
    """
    spoken = {one.page_id for one in seen.now.notifications}
    for page in seen.now.pages:
        if page.id not in spoken:
            yield f"the page of {page.user_name} at {page.cycle, page.round, page.step} has become no message"
    arrived = {id for call in seen.journal if call.arrived for id in {call.id, *call.carried}}
    status = {one.id: one.status for one in seen.now.notifications}
    for one in seen.now.notifications:
        if one.status in LEFT and one.id not in arrived:
            yield f"notification {one.id} is {one.status}, and no message that went out had it"
        if (one.status == "bundled") != (one.carrier_id is not None):
            yield f"notification {one.id} is {one.status}, and its carrier is {one.carrier_id}"
        elif one.carrier_id is not None and one.carrier_id not in arrived:
            yield f"notification {one.id} is bundled, and its carrier is {status.get(one.carrier_id)} and went nowhere"


A_MINUTE, STORM, STORM_ABOVE = timedelta(minutes=1), timedelta(minutes=5), 10


def i_18_nobody_waits_longer_than_is_said(seen: Seen) -> Iterator[str]:
    """I-18 with `semantics.md` §5: at once, never throttled or bundled: the first page of a service to a person, a rise, every escalated or
    re-triggered page. Others may wait up to PT60S; in a storm, more than 10 incidents in PT5M to one person, up to PT5M, a new critical
    not at all.
    """
    old = {page.id for page in seen.before.pages}
    incidents = {incident.id: incident for incident in seen.now.incidents}
    for page in seen.now.pages:
        its = [one for one in seen.now.notifications if one.page_id == page.id]
        if page.id in old or not its or its[0].urgency != "high":
            continue
        waits = min(one.due_at - OWN_DELAYS.get(one.address, timedelta(0)) for one in its) - page.created_at
        lately = [other for other in seen.now.pages if _is_lately(other, page)]
        services = {incidents[other.incident_id].service_id for other in lately if other.id in old}
        new = len(seen.now.pages) - len(old) > 1  # which of them came first is not told
        is_storm = len({other.incident_id for other in (*lately, page)}) > STORM_ABOVE
        is_first = incidents[page.incident_id].service_id not in services and not (new or is_storm)
        is_new = (page.cycle, page.round, page.step) == (1, 1, 0)
        longest = timedelta(0) if is_first or not is_new else STORM if is_storm else A_MINUTE
        if waits > longest:
            yield f"the page of {page.user_name} at {page.cycle, page.round, page.step} waits {waits}, and may wait {longest}"


def _is_lately(other: Page, page: Page) -> bool:
    return other.user_id == page.user_id and other.id != page.id and page.created_at - other.created_at < STORM


def i_18_a_list_is_what_its_link_acts_on(seen: Seen) -> Iterator[str]:
    """I-18 with `semantics.md` §5: a bundle's token holds the fixed list printed in it."""
    bundles: dict[object, set[object]] = {}
    for one in seen.now.listed:
        bundles.setdefault(one.bundle_id, set()).add(one.incident_id)
    kept = list(bundles.values())
    for call in seen.called:
        if isinstance(call.message, BundleMessage) and {one.incident_id for one in call.message.listed} not in kept:
            yield f"the list of {call.id} is none that any link acts on"


def i_18_a_storm_rings_once(seen: Seen) -> Iterator[str]:
    """`semantics.md` §5, storm: at most one call per PT5M, a new critical at once; but nobody waits longer than that, should the call
    before have been late.
    """
    pages, paces = seen.pages(), {"digest", "storm_at_once"}
    notifications = {one.id: one for one in seen.now.notifications}
    for call in seen.called:
        its = [notifications[id].page_id for id in call.carried if id in notifications]
        if call.channel != RINGS or not its or not all(id in pages and pages[id].pace in paces for id in its):
            continue
        if min(notifications[id].due_at for id in call.carried if id in notifications) + STORM <= call.at:
            continue
        for attempt in seen.before.attempts:
            other = notifications.get(attempt.notification_id)
            rang = attempt.outcome in {"sent", "unknown"} and call.at - attempt.at < STORM
            if rang and other is not None and other.page_id and other.address == call.message.address and other.id not in call.carried:
                yield f"{call.message.recipient} was called at {attempt.at:%H:%M:%S}, and again at {call.at:%H:%M:%S} in a storm"


async def i_19_who_was_paged_is_who_was_meant(seen: Seen, ask: Ask) -> list[str]:
    """I-19: ∀ receipt: recipient ∈ resolve(schedule version, step, at) recomputed offline from history tables."""
    wrong: list[str] = []
    pages, notifications = seen.pages(), {one.id: one for one in seen.now.notifications}
    for call in seen.journal:
        one = notifications.get(call.id)
        if call.is_page and (one is None or one.page_id not in pages or pages[one.page_id].user_name != call.message.recipient):
            wrong.append(f"a message went to {call.message.recipient}, and the page is not theirs")
    schedules = {item["name"]: item["id"] for item in (await ask("/api/v1/schedules"))["items"]}
    for page in seen.now.pages:
        name = page.reason.partition(": on call in schedule ")[2].partition(";")[0]
        if name not in schedules:
            continue
        answer = await ask(f"/api/v1/schedules/{schedules[name]}/oncall?at={page.created_at.isoformat().replace('+00:00', 'Z')}")
        on_call = {str(user["id"]) for user in answer["users"]}
        if str(page.user_id) not in on_call:
            wrong.append(f"{page.user_name} was paged at {page.created_at:%H:%M:%S} as on call in {name}, and it was {answer['users']}")
    return wrong
