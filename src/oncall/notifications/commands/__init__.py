"""What can be done with pages, notices and their messages: make them, cancel them, claim one to send, record what became of it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.channels.values import Outcome
from oncall.contacts.commands import note_failed, note_sent
from oncall.contacts.commands.testing import note_accepted
from oncall.contacts.rules import plan_ways
from oncall.contacts.values import Reach, Urgency
from oncall.kit.actors import ENGINE
from oncall.kit.db import notify
from oncall.kit.ids import BundleId, ContactMethodId, IncidentId, NotificationId, PageId, UserId, new_id
from oncall.notifications.commands.otherwise import reach_otherwise
from oncall.notifications.ports import OnSent, OnUndeliverable
from oncall.notifications.rules import (
    decide_fate,
    mask,
    plan_messages,
    plan_page,
    proof_of,
    provider_id_of,
    word_for,
)
from oncall.notifications.rules.travelling import as_printed, plan_travels, printed, put_together
from oncall.notifications.store import bundles as bundle_store
from oncall.notifications.store import notices as notice_store
from oncall.notifications.store import pages as store
from oncall.notifications.store import receipts as receipt_store
from oncall.notifications.store import sending, travelling
from oncall.notifications.values import (
    AT_ONCE_TO_ONE,
    RETRY_DELAYS,
    Claimed,
    Done,
    Fate,
    GiveUp,
    NewNotice,
    NewPage,
    Notice,
    NoticeId,
    Notification,
    Page,
    Status,
    Step,
    TryAgain,
    Works,
    WorksNot,
)
from oncall.notifications.values.travelling import LONGEST_WAIT, MOST_TOGETHER, STORM, Printed
from oncall.notifications.values.updating import UPDATES_AT_ONCE

SOON = timedelta(minutes=1)
"""The longest that a source of due work sleeps."""


class Fenced(Exception):
    """The notification was cancelled, or claimed by another node, while its message was on the wire."""


async def page_people(tx: AsyncConnection, pages: Sequence[NewPage], reach: Mapping[UserId, Reach], *, now: datetime) -> None:
    """Turn pages into messages by each person's own rules. A page that exists already (same user, cycle, round, step) is left alone."""
    if not pages:
        return
    wanted = {PageId(new_id()): page for page in pages}
    lately = await store.sum_lately(tx, {page.user_id for page in pages}, {page.incident_id for page in pages}, now=now)
    travels = plan_travels(wanted, lately, now=now)
    told = {(page.user_id, Urgency(page.subject.urgency), page.repeats) for page in pages}
    ways = {key: plan_ways(reach[key[0]], key[1], repeats=key[2]) for key in told}
    messages = [
        (id, way)
        for id, page in wanted.items()
        for urgency in (Urgency(page.subject.urgency),)
        for its in (ways[page.user_id, urgency, page.repeats],)
        for way in plan_page(reach[page.user_id], its, urgency, due_at=page.due_at, now=now, travel=travels[id])
    ]
    added = await store.add_pages(tx, [(id, reach[p.user_id], p) for id, p in wanted.items()], travels, messages, now=now)
    await _let_earlier_ones_go(tx, {id: page for id, page in wanted.items() if id in added}, reach)
    # A sender looks again in time for what is due later; only those are woken who have something to do now.
    for channel in sorted({way.channel for id, way in messages if id in added and way.next_at - now <= SOON}):
        await notify(tx, f"notifications.{channel}")


async def _let_earlier_ones_go(tx: AsyncConnection, pages: Mapping[PageId, NewPage], reach: Mapping[UserId, Reach]) -> None:
    """Whoever is paged anew gets the repetitions of this page, and no more those of the pages before it."""
    again = {
        id: page
        for id, page in pages.items()
        if (page.cycle, page.round, page.step) != (1, 1, 0) and any(rule.repeat for rule in reach[page.user_id].rules)
    }
    if again:
        await store.cancel_repetitions(tx, again)


async def send_notices(tx: AsyncConnection, notices: Sequence[NewNotice], reach: Mapping[UserId, Reach], *, now: datetime) -> set[UserId]:
    """Turn notices into messages by each person's own rules; one whose topic was told of before is left alone.

    Returns whom it skipped, since `reach` does not know them.
    """
    # Sorted by topic, so that two transactions which make the same notices wait in one order.
    known = sorted((notice for notice in notices if notice.user_id in reach), key=lambda notice: notice.topic)
    wanted = {NoticeId(new_id()): notice for notice in known}
    if wanted:
        added = await notice_store.add_notices(tx, [(id, reach[o.user_id].name, o) for id, o in wanted.items()], now=now)
        messages = [
            (id, way)
            for id, notice in wanted.items()
            if id in added
            for way in plan_messages(reach[notice.user_id], Urgency(notice.urgency), due_at=now, now=now, repeats=False)
        ]
        if messages:
            await notice_store.add_messages(tx, messages, now=now)
            await notify(tx, "notifications")
    return {notice.user_id for notice in notices if notice.user_id not in reach}


async def cancel_for(tx: AsyncConnection, incident_ids: Sequence[IncidentId], *, acknowledged: bool = False) -> Mapping[IncidentId, int]:
    """Cancel whatever is pending or claimed for these incidents, but of those that were acknowledged what only a resolve stops; a sender
    looks again just before the wire. Returns how many.
    """
    return await store.cancel(tx, incident_ids, acknowledged=acknowledged) if incident_ids else {}


async def cancel_requests(tx: AsyncConnection, asked: Sequence[tuple[IncidentId, int, int]]) -> None:
    """Cancel what is still to be sent to people who were asked to join: (incident, cycle, the how-manieth request of it). Their pages are
    those of round 0, which belongs to no policy, and which nothing else cancels.
    """
    await store.cancel_requests(tx, asked)


async def revive_for(tx: AsyncConnection, cycles: Mapping[IncidentId, int], *, now: datetime) -> None:
    """Send after all what was cancelled of the last step of this cycle of each incident: they go on from there, and nobody was told."""
    if cycles and await store.revive(tx, cycles, now=now):
        await notify(tx, "notifications")


async def list_unfinished_of(tx: AsyncConnection, user_id: UserId, contact_method_id: ContactMethodId | None) -> list[Step]:
    """The steps with messages to this user (or to this one address of theirs) that are still to be sent, in the order of incidents."""
    return await store.list_unfinished_of(tx, user_id, contact_method_id)


async def abandon(tx: AsyncConnection, step: Step, user_id: UserId, contact_method_id: ContactMethodId | None, *, now: datetime) -> bool:
    """Give up what this incident was still to send there; its caller has locked the incident. True if the step has nobody else now."""
    lost = await store.fail_of(tx, step.incident_id, user_id, contact_method_id)
    for channel in await sending.let_stand_in(tx, lost, step, at=now) if lost else ():
        await notify(tx, f"notifications.{channel}")
    gone = user_id if contact_method_id is None else None
    return not await store.any_alive(tx, step, but_user=gone, account_email=True)


async def abandon_notices(tx: AsyncConnection, user_id: UserId, contact_method_id: ContactMethodId | None, *, reason: str) -> None:
    """Give up the notices that were still to be sent to this user, or to this one address of theirs."""
    await notice_store.fail_of(tx, user_id, contact_method_id, reason=reason)


async def was_paged_since(tx: AsyncConnection, incident_id: IncidentId, user_id: UserId, *, cycle: int) -> bool:
    """Whether what this user was told in `cycle` still counts: no later cycle has paged anybody, or one has paged them too."""
    return await store.was_paged_since(tx, incident_id, user_id, cycle=cycle)


async def paged_between(tx: AsyncConnection, user_id: UserId, *, since: datetime, until: datetime) -> datetime | None:
    """When a page last left us for this user in `[since, until)`; None if none did."""
    return await store.paged_between(tx, user_id, since=since, until=until)


async def find_heard(tx: AsyncConnection, cycles: Mapping[IncidentId, int], *, now: datetime) -> set[IncidentId]:
    """Those of the incidents (each with its cycle) of which at least one message has left us, or only waits to travel with others."""
    return await store.find_heard(tx, cycles, now=now) if cycles else set()


async def list_for_incident(
    tx: AsyncConnection,
    incident_id: IncidentId,
    *,
    cycles: Sequence[int] | None = None,
    after: UUID | None = None,
    limit: int = 1_000,
) -> list[Notification]:
    """Every message about an incident (or of these cycles of it, those that follow one of them) with every try, addresses masked."""
    found = await store.list_for_incident(tx, incident_id, cycles, after=after, limit=limit)
    told = await receipt_store.list_of(tx, [n.id for n in found])
    return [replace(n, address=mask(n.address), receipts=told.get(n.id, ())) for n in found]


async def claim(
    tx: AsyncConnection,
    *,
    channel: str,
    in_flight: Counter[str],
    updating: Counter[str] | None = None,
    takes_updates: bool = True,
    rings: bool = False,
    now: datetime,
    lease: timedelta,
    limit: int,
) -> tuple[list[tuple[Claimed, ...]], datetime | None]:
    """Take up to `limit` due notifications of a channel under a lease, a few to each address, and with each whatever travels with it: each
    tuple is one message. Also when the next one is due.

    `in_flight` counts this node's messages to each address that are on the wire: a receiver that does not answer delays only itself.
    `updating` are page updates on the wire, which keep no page waiting; on a channel that takes none they are cancelled. A channel that
    `rings` does so at most once in five minutes of a storm.
    """
    updating = updating or Counter()
    busy, engaged = ([address for address, n in count.items() if n >= AT_ONCE_TO_ONE] for count in (in_flight, in_flight + updating))
    updates = max(UPDATES_AT_ONCE - updating.total(), 0)
    lease_until = now + lease
    claimed: list[Claimed] = []
    while limit and not claimed:
        taken = await sending.claim_due(
            tx,
            channel=channel,
            busy=busy,
            engaged=engaged,
            each=AT_ONCE_TO_ONE,
            updates=updates,
            now=now,
            lease_until=lease_until,
            limit=limit,
        )
        taken += await _along(tx, taken, channel=channel, now=now, lease_until=lease_until)
        if unwanted := set() if takes_updates else {one.id for one in taken if one.is_update}:
            await sending.cancel_claimed(tx, sorted(unwanted))
        # After an outage, or a hold, nobody gets a pile of repetitions: of those that are due the last one goes out.
        again = [one for one in taken if one.nth > 1]
        outrun = await sending.cancel_outrun(tx, again, now=now) if again else set()
        storming = sorted(one.id for one in taken if one.together) if rings else []
        hushed = await travelling.hush(tx, storming, per=STORM, now=now) if storming else set()
        claimed = [one for one in taken if one.id not in outrun | unwanted | hushed]
        if not outrun | unwanted | hushed:
            break
    return put_together(claimed), await sending.next_at(tx, channel=channel)


async def next_at(tx: AsyncConnection, *, channel: str) -> datetime | None:
    """When something is due next of this channel, what is on its way included: of that when its lease runs out."""
    return await sending.next_at(tx, channel=channel)


async def _along(tx: AsyncConnection, taken: Sequence[Claimed], *, channel: str, now: datetime, lease_until: datetime) -> list[Claimed]:
    """What waits to go to the same contact methods within a minute, and may travel with what was taken."""
    methods = sorted({one.contact_method_id for one in taken if one.together})
    if not methods:
        return []
    return await travelling.claim_along(
        tx, channel=channel, methods=methods, soon=now + LONGEST_WAIT, now=now, lease_until=lease_until, each=MOST_TOGETHER
    )


async def give_back(tx: AsyncConnection, claimed: Claimed, *, now: datetime) -> None:
    """It never came to the wire: whoever claims it next need not call it a repeat."""
    await sending.give_back(tx, claimed, next_at=now + RETRY_DELAYS[0])


async def still_mine(tx: AsyncConnection, bundle: Sequence[Claimed], *, now: datetime) -> tuple[Claimed, ...]:
    """Asked just before the wire: those that nobody cancelled, and whose lease has not run out."""
    mine = await sending.still_mine(tx, bundle, now=now)
    return tuple(one for one in bundle if one.id in mine)


async def print_list(tx: AsyncConnection, bundle: Sequence[Claimed], *, now: datetime) -> BundleId | None:
    """Keep the list that this message prints, on which its link acts; None if it is about one incident alone."""
    pages = printed([one.about for one in bundle if isinstance(one.about, Page)])
    if len(pages) < 2:
        return None
    id = BundleId(new_id())
    await bundle_store.add(tx, id, bundle[0].id, bundle[0].acts_for, as_printed(pages), now=now)
    return id


async def find_printed(tx: AsyncConnection, id: BundleId, user_id: UserId) -> list[Printed]:
    """The list that a message to this user printed, in the order of incidents; empty if there is none of theirs."""
    return await bundle_store.list_printed(tx, id, user_id)


async def record(
    tx: AsyncConnection,
    claimed: Claimed,
    outcome: Outcome,
    *,
    on_undeliverable: OnUndeliverable,
    on_sent: OnSent | None = None,
    now: datetime,
) -> Fate:
    """Write the attempt and what it makes of the notification, fenced by the attempt number; raises Fenced if it is not ours any more.

    Lock order is incident before notification: a lost way tells the escalation first, and lets the person's next one go at once
    (`reliability.md` F16). A notice has neither escalation nor timeline.
    """
    fate = decide_fate(outcome, id=claimed.id, attempt=claimed.attempt, may_have_arrived=claimed.may_have_arrived, now=now)
    page = claimed.about if isinstance(claimed.about, Page) else None
    if page and isinstance(fate, GiveUp):

        async def step_is_lost() -> bool:
            # At high urgency the account e-mail is a last resort, for which nobody waits.
            by_email = Urgency(page.subject.urgency) is Urgency.LOW
            return not await store.any_alive(tx, page.step, but=claimed.id, account_email=by_email)

        await on_undeliverable(tx, page.step, step_is_lost=step_is_lost, reason=fate.reason, now=now)
    status, next_at, may_have_arrived = _written(fate, claimed)
    method = await sending.record(tx, claimed, status=status, next_at=next_at, may_have_arrived=may_have_arrived)
    if method is None:
        raise Fenced
    # The account's e-mail has the user's own id, and no contact method.
    if method != claimed.user_id:
        match proof_of(outcome):
            case Works():
                await note_sent(tx, method, is_page=page is not None, now=now)
                if isinstance(claimed.about, Notice) and claimed.about.kind == "test":
                    await note_accepted(tx, method, claimed.id, now=now)
            case WorksNot(error=error):
                await note_failed(tx, method, error=error, now=now)
            case None:
                pass  # it was not even tried
    await sending.add_attempt(tx, claimed, outcome=word_for(outcome), detail=fate.reason, provider_id=provider_id_of(outcome), now=now)
    if on_sent and (provider_id := provider_id_of(outcome)):
        await on_sent(tx, claimed.id, channel=claimed.channel, provider_id=provider_id, now=now)
    if page:
        told = fate
        at = now + RETRY_DELAYS[0] if claimed.together else now  # what was lost in one message goes in one
        if isinstance(fate, GiveUp):
            told = GiveUp(await reach_otherwise(tx, claimed, page.step, fate.reason, at=at))
        await timeline.add(tx, [_entry(claimed, page.step, told, now=now)])
    return fate


async def record_bundle(
    tx: AsyncConnection, bundle: Sequence[Claimed], outcome: Outcome, *, on_sent: OnSent | None = None, now: datetime
) -> dict[NotificationId, Fate]:
    """The same for all that travelled in one message, which left us or is tried again; of those that were cancelled meanwhile only the try
    is kept. What can never arrive is recorded one by one instead: each has a step that may be lost.
    """
    carrier = bundle[0]
    fates = {
        one.id: decide_fate(outcome, id=carrier.id, attempt=one.attempt, may_have_arrived=one.may_have_arrived, now=now) for one in bundle
    }
    written = [(one, *_written(fates[one.id], one)) for one in bundle]
    rows = [
        (one, Status.BUNDLED if status is Status.SENT and one is not carrier else status, next_at, repeated)
        for one, status, next_at, repeated in written
    ]
    recorded = await sending.record_all(tx, rows, carrier=carrier.id)
    if recorded and carrier.contact_method_id != carrier.user_id:
        match proof_of(outcome):
            case Works():
                await note_sent(tx, ContactMethodId(carrier.contact_method_id), is_page=True, now=now)
            case WorksNot(error=error):
                await note_failed(tx, ContactMethodId(carrier.contact_method_id), error=error, now=now)
            case None:
                pass
    numbers = sorted({one.about.subject.number for one in bundle if isinstance(one.about, Page)})
    along = f"in one message about {len(numbers)} incidents" if len(numbers) > 1 else "in one message"
    details = {
        one.id: f"{along}: {fates[one.id].reason}"
        if one.id in recorded
        else f"{along}; cancelled or taken over while on the wire; {outcome.detail}"
        for one in bundle
    }
    await sending.add_attempts(tx, bundle, outcome=word_for(outcome), details=details, provider_id=provider_id_of(outcome), now=now)
    if on_sent and carrier.id in recorded and (provider_id := provider_id_of(outcome)):
        await on_sent(tx, carrier.id, channel=carrier.channel, provider_id=provider_id, now=now)
    await timeline.add(
        tx,
        [
            _entry(one, one.about.step, replace(fates[one.id], reason=details[one.id]), now=now)
            for one in sorted(bundle, key=lambda one: one.id)
            if one.id in recorded and isinstance(one.about, Page)
        ],
    )
    return {id: fate for id, fate in fates.items() if id in recorded}


async def record_fenced(tx: AsyncConnection, claimed: Claimed, outcome: Outcome, *, now: datetime) -> None:
    """The message went out although the notification was no longer ours: the attempt is recorded, nothing else changes."""
    detail = f"cancelled or taken over while on the wire; {outcome.detail}"
    await sending.add_attempt(tx, claimed, outcome=word_for(outcome), detail=detail, provider_id=provider_id_of(outcome), now=now)


def _written(fate: Fate, claimed: Claimed) -> tuple[Status, datetime | None, bool]:
    match fate:
        case Done():
            return Status.SENT, None, claimed.may_have_arrived
        case TryAgain(at=at, may_have_arrived=may_have_arrived):
            return Status.PENDING, at, may_have_arrived
        case GiveUp():
            return Status.FAILED, None, claimed.may_have_arrived


def _entry(claimed: Claimed, at: Step, fate: Fate, *, now: datetime) -> timeline.Entry:
    to = f"{claimed.user_name} by {claimed.channel} ({mask(claimed.address)})"
    detail: dict[str, object] = {
        "notification_id": str(claimed.id),
        "channel": claimed.channel,
        "cycle": at.cycle,
        "round": at.round,
        "step": at.step,
        "attempt": claimed.attempt,
    }
    match fate:
        case Done(reason=reason):
            kind, what = timeline.Kind.SENT, f"sent to {to}: {reason}"
        case TryAgain(reason=reason):
            kind, what = timeline.Kind.SEND_FAILED, f"not sent to {to}, will try again: {reason}"
        case GiveUp(reason=reason):
            kind, what = timeline.Kind.SEND_FAILED, f"cannot be sent to {to}: {reason}"
        case _:
            assert_never(fate)
    return timeline.Entry(at.incident_id, now, kind, ENGINE, what, detail)
