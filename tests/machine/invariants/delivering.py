"""What went out, how often, and to whom (`reliability.md` §3.1)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from tests.machine.invariants.seen import Seen

Ask = Callable[[str], Awaitable[Any]]


def i_12_duplicates_are_bounded(seen: Seen) -> Iterator[str]:
    """I-12: |J receipts(notification)| ≤ 1 + #(lease expiries or `unknown` outcomes of it)."""
    receipts = Counter(call.id for call in seen.journal if call.arrived)
    unknown = Counter(attempt.notification_id for attempt in seen.now.attempts if attempt.outcome == "unknown")
    for id, count in receipts.items():
        if count > 1 + unknown[id]:
            yield f"notification {id} arrived {count} times, and {unknown[id]} of its tries are unknown"


ONWARDS = {"sent": {"sent", "delivered", "read"}, "failed": {"failed"}, "delivered": {"delivered", "read"}, "read": {"read"}}


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
        if one.status == "sent" and one.id not in reported:
            yield f"notification {one.id} is sent, and no try says so"


def i_14_a_repeat_says_that_it_is_one(seen: Seen) -> Iterator[str]:
    """I-14: every receipt after the first carries the same idempotency key and the duplicate flag."""
    arrived = set()
    for call in seen.journal:
        if call.id in arrived and call.arrived and not call.message.repeated:
            yield f"notification {call.id} arrived again at {call.at:%H:%M:%S}, and does not say that it did before"
        if call.arrived:
            arrived.add(call.id)


def i_15_nothing_goes_out_without_a_lease(seen: Seen) -> Iterator[str]:
    """I-15: no receipt in J whose send time is after `lease_until` + ε without a newer claim existing. And `architecture.md` §7: a sender
    re-reads its own notification row just before the wire; what was cancelled meanwhile is not sent.
    """
    for call in seen.called:
        row = call.row
        if row is None or row.status != "sending" or row.attempt != call.message.attempt or row.next_at is None or row.next_at <= call.at:
            yield f"notification {call.id} went out at {call.at:%H:%M:%S} in try {call.message.attempt}, while the database says {row}"


def i_18_no_page_is_silent(seen: Seen) -> Iterator[str]:
    """I-18: … the first page of a new incident for an un-paged user is never throttled to silence: it is bundled into a message that is
    sent. Here: every page has at least one message, or is part of one.
    """
    spoken = {one.page_id for one in seen.now.notifications}
    for page in seen.now.pages:
        if page.id not in spoken:
            yield f"the page of {page.user_name} at {page.cycle, page.round, page.step} has become no message"


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
