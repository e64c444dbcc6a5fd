"""SQL about messages on their way out, whatever they are about: claimed under a lease, looked at again, recorded, given back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.values import PageUpdate, Thread
from oncall.kit.ids import IncidentId, NotificationId, UserId
from oncall.notifications.values import AttemptOutcome, Claimed, Notice, Page, Status, Step, Subject

# `notifications_next_at_idx (channel, urgency, next_at) WHERE next_at IS NOT NULL` holds exactly what is unfinished. High urgency goes
# first, page updates last ('high' sorts before 'low', and that before 'update'), and nobody gets more than their share of the slots.
# Fresh and stale (a lease that ran out) are claimed by one statement; of a stale one nobody knows whether it arrived, and its attempt says
# so. Each is of a page or of a notice.
CLAIM = text("""
    WITH first AS (
        (SELECT id, address, urgency, next_at FROM notifications
         WHERE channel = :channel AND urgency = 'high' AND next_at <= :now AND address <> ALL(CAST(:busy AS text[]))
         ORDER BY next_at LIMIT 1000)
        UNION ALL
        (SELECT id, address, urgency, next_at FROM notifications
         WHERE channel = :channel AND urgency = 'low' AND next_at <= :now AND address <> ALL(CAST(:busy AS text[]))
         ORDER BY next_at LIMIT 1000)
        UNION ALL
        (SELECT id, address, urgency, next_at FROM notifications
         WHERE channel = :channel AND urgency = 'update' AND next_at <= :now AND address <> ALL(CAST(:engaged AS text[]))
         ORDER BY next_at LIMIT :updates)
    ), fair AS (
        SELECT id, urgency, next_at, row_number() OVER (PARTITION BY address ORDER BY urgency, next_at, id) AS nth FROM first
    ), due AS MATERIALIZED (
        SELECT id, status, attempt, page_id, notice_id FROM notifications
        WHERE id IN (SELECT id FROM fair WHERE nth <= :each ORDER BY urgency, next_at, id LIMIT :limit) AND next_at <= :now
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), unknown AS (
        INSERT INTO attempts (notification_id, number, at, outcome, detail)
        SELECT id, attempt, :now, 'unknown', 'its sender did not report before the lease ran out' FROM due WHERE status = 'sending'
        ON CONFLICT DO NOTHING
    )
    UPDATE notifications n
    SET status = 'sending', attempt = n.attempt + 1, next_at = :lease_until,
        may_have_arrived = n.may_have_arrived OR due.status = 'sending'
    FROM due LEFT JOIN pages p ON p.id = due.page_id LEFT JOIN notices o ON o.id = due.notice_id WHERE n.id = due.id
    RETURNING n.id, n.notice_id, n.contact_method_id, n.gathers_from, n.incident_id, n.user_id,
        coalesce(p.user_name, o.user_name) AS user_name, n.cycle, n.round, n.step, n.nth, coalesce(o.urgency, n.urgency) AS urgency,
        n.channel, n.address, n.due_at, n.attempt, n.may_have_arrived, n.reason,
        p.subject::text AS subject, p.because, CASE WHEN p.team_id IS NOT NULL THEN p.user_id END AS recipient,
        o.kind, o.subject AS headline, o.body::text AS body, o.created_at, o.expires_at
""")
NEXT_AT = text("""
    SELECT nullif(least(
        (SELECT min(next_at) FROM notifications WHERE channel = :channel AND urgency = 'high' AND next_at IS NOT NULL),
        (SELECT min(next_at) FROM notifications WHERE channel = :channel AND urgency = 'low' AND next_at IS NOT NULL),
        (SELECT min(next_at) FROM notifications WHERE channel = :channel AND urgency = 'update' AND next_at IS NOT NULL)), 'infinity')
""")
# By the unique index of a position. A claim that ends here was no attempt.
CANCEL_OUTRUN = text("""
    UPDATE notifications n SET status = 'cancelled', next_at = NULL, attempt = n.attempt - 1
    WHERE n.id = ANY(:ids) AND n.status = 'sending' AND EXISTS (
        SELECT 1 FROM notifications later
        WHERE later.incident_id = n.incident_id AND (later.cycle, later.round, later.step) = (n.cycle, n.round, n.step)
            AND later.contact_method_id = n.contact_method_id AND later.nth > n.nth AND later.due_at <= :now
            AND later.status IN ('pending', 'sending', 'sent', 'delivered', 'read', 'bundled'))
    RETURNING n.id
""")
# Nor was this one an attempt.
CANCEL_CLAIMED = text("""
    UPDATE notifications SET status = 'cancelled', next_at = NULL, attempt = attempt - 1 WHERE id = ANY(:ids) AND status = 'sending'
""")
STILL_MINE = text("""
    SELECT n.id FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[])) AS mine (id, attempt)
    JOIN notifications n ON n.id = mine.id AND n.attempt = mine.attempt WHERE n.status = 'sending' AND n.next_at > :now
""")
RECORD = text("""
    UPDATE notifications SET status = CASE WHEN :status = 'sent' THEN coalesce(receipt, 'sent') ELSE :status END,
        next_at = :next_at, may_have_arrived = :may_have_arrived
    WHERE id = :id AND attempt = :attempt AND status = 'sending' RETURNING contact_method_id
""")
# Of the same page, by the unique index of a position: whoever has had it by no other way, and is not about to, has it by the next one now.
# What is of low urgency may be held by quiet hours, and stays as it was planned.
HASTEN = text("""
    WITH its AS (
        SELECT id, status, attempt, due_at, next_at FROM notifications
        WHERE incident_id = :incident_id AND (cycle, round, step) = (:cycle, :round, :step) AND urgency = 'high'
            AND page_id = (SELECT page_id FROM notifications WHERE id = :id) AND contact_method_id <> :method
    ), next AS (
        SELECT id FROM notifications WHERE id = (
            SELECT id FROM its WHERE status = 'pending' AND next_at > :at AND next_at < 'infinity' AND NOT EXISTS (
                SELECT FROM its WHERE status IN ('sending', 'sent', 'delivered', 'read', 'bundled')
                    OR status = 'pending' AND (next_at <= :at OR attempt > 0))
            ORDER BY next_at, id LIMIT 1)
        AND status = 'pending' FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE notifications n SET due_at = :at, next_at = :at FROM next WHERE n.id = next.id RETURNING n.channel
""")
# By the unique index of a position; its caller has locked the incident. What stood in for one that was given up by itself, while nothing
# had failed, stands in for the one before that.
STAND_IN = text("""
    WITH RECURSIVE lost AS (
        SELECT id FROM unnest(CAST(:ids AS uuid[])) AS l (id)
        UNION
        SELECT n.id FROM notifications n JOIN lost ON n.stands_in_for = lost.id
        WHERE n.incident_id = :incident_id AND (n.cycle, n.round, n.step) = (:cycle, :round, :step) AND n.status = 'failed'
    ), next AS (
        SELECT id FROM notifications
        WHERE incident_id = :incident_id AND (cycle, round, step) = (:cycle, :round, :step)
            AND stands_in_for IN (SELECT id FROM lost) AND status = 'pending' AND next_at = 'infinity'
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE notifications n SET due_at = :at, next_at = :at FROM next WHERE n.id = next.id RETURNING n.channel
""")
# Locked in the order of ids, as whoever cancels does.
RECORD_ALL = text("""
    WITH written AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[]), CAST(:statuses AS text[]), CAST(:next_ats AS timestamptz[]),
            CAST(:may_have_arrived AS boolean[])) AS w (id, attempt, status, next_at, may_have_arrived)
    ), mine AS MATERIALIZED (
        SELECT n.id FROM notifications n WHERE n.id = ANY(CAST(:ids AS uuid[])) ORDER BY n.id FOR NO KEY UPDATE
    )
    UPDATE notifications n SET status = CASE WHEN w.status = 'sent' THEN coalesce(n.receipt, 'sent') ELSE w.status END,
        next_at = w.next_at, may_have_arrived = w.may_have_arrived,
        carrier_id = CASE WHEN w.status = 'bundled' THEN CAST(:carrier AS uuid) END
    FROM written w JOIN mine ON mine.id = w.id WHERE n.id = w.id AND n.attempt = w.attempt AND n.status = 'sending'
    RETURNING n.id
""")
ADD_ATTEMPTS = text("""
    INSERT INTO attempts (notification_id, number, at, outcome, detail, provider_id)
    SELECT t.id, t.attempt, :now, :outcome, t.detail, CASE WHEN t.id = :carrier THEN CAST(:provider_id AS text) END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:attempts AS int[]), CAST(:details AS text[])) AS t (id, attempt, detail)
    ON CONFLICT DO NOTHING
""")
# It was no attempt: a claim that came to nothing uses up none of the tries.
GIVE_BACK = text("""
    UPDATE notifications SET status = 'pending', attempt = attempt - 1, next_at = :next_at
    WHERE id = :id AND attempt = :attempt AND status = 'sending'
""")
ADD_ATTEMPT = text("""
    INSERT INTO attempts (notification_id, number, at, outcome, detail, provider_id)
    VALUES (:id, :attempt, :now, :outcome, :detail, :provider_id)
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class _Body:
    """The JSON of a notice: links are (address, words)."""

    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    sealed: str | None = None
    update: PageUpdate | None = None
    thread: Thread | None = None


async def claim_due(
    tx: AsyncConnection,
    *,
    channel: str,
    busy: Sequence[str],
    engaged: Sequence[str],
    each: int,
    updates: int,
    now: datetime,
    lease_until: datetime,
    limit: int,
) -> list[Claimed]:
    """At most `each` to one address, and none to those that are busy; at most so many page updates, and none to those that are engaged."""
    params = {
        "channel": channel,
        "busy": list(busy),
        "engaged": list(engaged),
        "each": each,
        "updates": updates,
        "now": now,
        "lease_until": lease_until,
        "limit": limit,
    }
    return claimed_of(await tx.execute(CLAIM, params), lease_until)


def claimed_of(rows: Iterable[Row[Any]], lease_until: datetime) -> list[Claimed]:
    """What a claim returns."""
    return [
        Claimed(
            NotificationId(r.id),
            UserId(r.user_id),
            r.user_name,
            r.nth,
            r.channel,
            r.address,
            r.due_at,
            r.attempt,
            r.may_have_arrived,
            lease_until,
            _page(r) if r.notice_id is None else _notice(r),
            r.contact_method_id,
            r.gathers_from is not None,
        )
        for r in rows
    ]


async def cancel_outrun(tx: AsyncConnection, claimed: Sequence[Claimed], *, now: datetime) -> set[NotificationId]:
    """Those of these repetitions after which a later one to the same address is due already."""
    rows = await tx.execute(CANCEL_OUTRUN, {"ids": [one.id for one in claimed], "now": now})
    return {NotificationId(row.id) for row in rows}


async def cancel_claimed(tx: AsyncConnection, ids: Sequence[NotificationId]) -> None:
    """They were claimed in this transaction, and are not to be sent."""
    await tx.execute(CANCEL_CLAIMED, {"ids": list(ids)})


def _page(r: Row[Any]) -> Page:
    return Page(
        Step(IncidentId(r.incident_id), r.cycle, r.round, r.step),
        r.reason,
        msgspec.json.decode(r.subject, type=Subject),
        UserId(r.recipient) if r.recipient else None,
        because=r.because,
    )


def _notice(r: Row[Any]) -> Notice:
    body = msgspec.json.decode(r.body, type=_Body)
    words = r.kind, r.urgency, r.headline, body.paragraphs, body.links
    return Notice(*words, r.created_at, r.expires_at, body.sealed, body.update, body.thread)


async def next_at(tx: AsyncConnection, *, channel: str) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT, {"channel": channel})).scalar_one()
    return at


async def still_mine(tx: AsyncConnection, claimed: Sequence[Claimed], *, now: datetime) -> set[NotificationId]:
    params = {"ids": [one.id for one in claimed], "attempts": [one.attempt for one in claimed], "now": now}
    return {NotificationId(row.id) for row in await tx.execute(STILL_MINE, params)}


async def record(tx: AsyncConnection, claimed: Claimed, *, status: Status, next_at: datetime | None, may_have_arrived: bool) -> UUID | None:
    """Write what became of it, and say to which contact method; None if it was cancelled or claimed by another meanwhile (the fence)."""
    row = await tx.execute(
        RECORD,
        {
            "id": claimed.id,
            "attempt": claimed.attempt,
            "status": status.value,
            "next_at": next_at,
            "may_have_arrived": may_have_arrived,
        },
    )
    contact_method: UUID | None = row.scalar_one_or_none()
    return contact_method


async def let_stand_in(tx: AsyncConnection, lost: Sequence[NotificationId], step: Step, *, at: datetime) -> list[str]:
    """By which channels whoever had these messages coming is reached then, by what stood in for them."""
    its = {"incident_id": step.incident_id, "cycle": step.cycle, "round": step.round, "step": step.step}
    return sorted({row.channel for row in await tx.execute(STAND_IN, its | {"ids": list(lost), "at": at})})


async def hasten(tx: AsyncConnection, lost: Claimed, step: Step, *, at: datetime) -> str | None:
    """By which channel the person is reached then, now that this message is lost; None if they have another, or there is no other way."""
    its = {"incident_id": step.incident_id, "cycle": step.cycle, "round": step.round, "step": step.step}
    row = await tx.execute(HASTEN, its | {"id": lost.id, "method": lost.contact_method_id, "at": at})
    channel: str | None = row.scalar_one_or_none()
    return channel


async def record_all(
    tx: AsyncConnection, rows: Sequence[tuple[Claimed, Status, datetime | None, bool]], *, carrier: NotificationId
) -> set[NotificationId]:
    """The same for all of one message: (which, status, next_at, may have arrived). Those that were cancelled or claimed by another
    meanwhile are not among what is returned.
    """
    params = {
        "ids": [one.id for one, _, _, _ in rows],
        "attempts": [one.attempt for one, _, _, _ in rows],
        "statuses": [status.value for _, status, _, _ in rows],
        "next_ats": [next_at for _, _, next_at, _ in rows],
        "may_have_arrived": [repeated for _, _, _, repeated in rows],
        "carrier": carrier,
    }
    return {NotificationId(row.id) for row in await tx.execute(RECORD_ALL, params)}


async def add_attempts(
    tx: AsyncConnection,
    bundle: Sequence[Claimed],
    *,
    outcome: AttemptOutcome,
    details: Mapping[NotificationId, str],
    provider_id: str | None,
    now: datetime,
) -> None:
    """The provider knows the first of them, which carries the others."""
    params = {
        "ids": [one.id for one in bundle],
        "attempts": [one.attempt for one in bundle],
        "details": [details[one.id][:2_000] for one in bundle],
    }
    await tx.execute(ADD_ATTEMPTS, params | {"outcome": outcome, "carrier": bundle[0].id, "provider_id": provider_id, "now": now})


async def give_back(tx: AsyncConnection, claimed: Claimed, *, next_at: datetime) -> None:
    await tx.execute(GIVE_BACK, {"id": claimed.id, "attempt": claimed.attempt, "next_at": next_at})


async def add_attempt(
    tx: AsyncConnection, claimed: Claimed, *, outcome: AttemptOutcome, detail: str, provider_id: str | None, now: datetime
) -> None:
    its = {"id": claimed.id, "attempt": claimed.attempt, "now": now}
    await tx.execute(ADD_ATTEMPT, its | {"outcome": outcome, "detail": detail[:2_000], "provider_id": provider_id})
