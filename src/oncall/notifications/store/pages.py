"""SQL about pages and their messages: made, cancelled, revived, failed and asked about by their incident."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Reach
from oncall.kit.ids import ContactMethodId, IncidentId, NotificationId, PageId, TeamId, UserId, new_id
from oncall.notifications.values import Attempt, AttemptOutcome, NewPage, Notification, Status, Step, Way
from oncall.notifications.values.travelling import LONGEST_WAIT, LOOKED_BACK, MOST_LOOKED_AT, STORM, Lately, Travel

# A page that exists already (same user, cycle, round, step) is left alone, and none of its messages is made. What stands in for another
# message is due at no instant, until that one has failed.
ADD = text("""
    WITH added AS (
        INSERT INTO pages (id, incident_id, user_id, user_name, cycle, round, step, reason, subject, until_resolved, team_id,
            pace, goes_at, because, created_at)
        SELECT p.*, CAST(:now AS timestamptz) FROM unnest(
            CAST(:ids AS uuid[]), CAST(:incident_ids AS uuid[]), CAST(:user_ids AS uuid[]), CAST(:user_names AS text[]),
            CAST(:cycles AS int[]), CAST(:rounds AS int[]), CAST(:steps AS int[]), CAST(:reasons AS text[]), CAST(:subjects AS jsonb[]),
            CAST(:until_resolved AS boolean[]), CAST(:team_ids AS uuid[]), CAST(:paces AS text[]), CAST(:goes_ats AS timestamptz[]),
            CAST(:becauses AS text[])) AS p
        ON CONFLICT ON CONSTRAINT pages_once_per_user_and_step DO NOTHING
        RETURNING id, incident_id, coalesce(team_id, user_id) AS user_id, cycle, round, step, reason, subject
    ), messages AS (
        INSERT INTO notifications (id, page_id, contact_method_id, channel, address, nth, again, urgency, due_at, next_at, gathers_from,
            incident_id, user_id, cycle, round, step, status, reason, attempt, may_have_arrived, created_at, stands_in_for)
        SELECT n.id, n.page_id, n.contact_method_id, n.channel, n.address, n.nth, n.again, p.subject ->> 'urgency',
            CASE WHEN n.stands_in_for IS NULL THEN n.due_at ELSE 'infinity' END,
            CASE WHEN n.stands_in_for IS NULL THEN n.next_at ELSE 'infinity' END, n.gathers_from,
            p.incident_id, p.user_id, p.cycle, p.round, p.step, 'pending', p.reason, 0, false, :now, n.stands_in_for
        FROM unnest(CAST(:message_ids AS uuid[]), CAST(:page_ids AS uuid[]), CAST(:contact_method_ids AS uuid[]),
            CAST(:channels AS text[]), CAST(:addresses AS text[]), CAST(:nths AS int[]), CAST(:agains AS boolean[]),
            CAST(:due_ats AS timestamptz[]), CAST(:next_ats AS timestamptz[]), CAST(:gathers AS timestamptz[]), CAST(:stand_ins AS uuid[]))
            AS n (id, page_id, contact_method_id, channel, address, nth, again, due_at, next_at, gathers_from, stands_in_for)
        JOIN added p ON p.id = n.page_id
        ON CONFLICT ON CONSTRAINT notifications_once_per_position_and_contact_method DO NOTHING
    )
    SELECT id FROM added
""")
# Round 0 is of people who were asked to join: that goes on until they answer, or it is over.
CANCEL_REQUESTS = text("""
    UPDATE notifications SET status = 'cancelled', next_at = NULL
    WHERE id IN (
        SELECT n.id FROM notifications n
        JOIN unnest(CAST(:incident_ids AS uuid[]), CAST(:cycles AS int[]), CAST(:nths AS int[])) AS r (incident_id, cycle, nth)
            ON n.incident_id = r.incident_id AND n.cycle = r.cycle AND n.round = 0 AND n.step = r.nth
        WHERE n.next_at IS NOT NULL
        ORDER BY n.id FOR NO KEY UPDATE OF n)
""")
# By pages_user_idx (user_id, created_at). Summed up here, since each page of a storm looks at hundreds of these.
LATELY = text("""
    SELECT u.user_id, p.urgency,
        count(DISTINCT p.incident_id) FILTER (WHERE p.created_at > :storm_since) AS incidents,
        coalesce(array_agg(DISTINCT p.incident_id) FILTER (
            WHERE p.created_at > :storm_since AND p.incident_id IN (SELECT unnest(CAST(:about AS uuid[])))), '{}') AS these,
        coalesce(array_agg(DISTINCT p.service) FILTER (WHERE p.created_at > :storm_since), '{}') AS services,
        count(*) FILTER (WHERE p.pace <> 'digest' AND p.goes_at > :minute_since AND p.goes_at <= :now) AS in_a_minute,
        max(p.goes_at) FILTER (WHERE p.pace <> 'digest') AS last_alone_at,
        max(p.goes_at) FILTER (WHERE p.pace = 'digest') AS last_list_at
    FROM unnest(CAST(:users AS uuid[])) AS u (user_id) CROSS JOIN LATERAL (
        SELECT incident_id, subject ->> 'service' AS service, created_at, coalesce(goes_at, created_at) AS goes_at,
            coalesce(pace, 'at_once') AS pace, subject ->> 'urgency' AS urgency
        FROM pages WHERE user_id = u.user_id AND created_at > :since ORDER BY created_at DESC LIMIT :most) p
    GROUP BY u.user_id, p.urgency
""")
CANCEL = text("""
    WITH cancelled AS (
        UPDATE notifications SET status = 'cancelled', next_at = NULL
        WHERE id IN (SELECT id FROM notifications WHERE incident_id = ANY(:incident_ids) AND next_at IS NOT NULL AND round > 0
                         AND NOT (:acknowledged AND NOT again AND EXISTS (SELECT FROM pages p WHERE p.id = page_id AND p.until_resolved))
                     ORDER BY id FOR NO KEY UPDATE)
        RETURNING incident_id
    ) SELECT incident_id, count(*) AS cancelled FROM cancelled GROUP BY incident_id
""")
# What was cancelled of the step that fired last in this cycle: an acknowledgement, or whoever gave it to others, has ended those before.
# Whoever was on the wire when it was cancelled finds itself fenced; what was accepted all the same has been told, and is not sent again.
REVIVE = text("""
    WITH last AS (
        SELECT DISTINCT ON (n.incident_id) n.incident_id, n.cycle, n.round, n.step
        FROM unnest(CAST(:ids AS uuid[]), CAST(:cycles AS int[])) AS i (id, cycle)
        JOIN notifications n ON n.incident_id = i.id AND n.cycle = i.cycle AND n.round > 0
        ORDER BY n.incident_id, n.round DESC, n.step DESC
    ), cancelled AS (
        SELECT n.id, EXISTS (SELECT FROM attempts a WHERE a.notification_id = n.id AND a.outcome = 'sent') AS was_sent
        FROM last JOIN notifications n
            ON n.incident_id = last.incident_id AND (n.cycle, n.round, n.step) = (last.cycle, last.round, last.step)
        WHERE n.status = 'cancelled'
    )
    UPDATE notifications n
    SET status = CASE WHEN c.was_sent THEN coalesce(n.receipt, 'sent') ELSE 'pending' END,
        next_at = CASE WHEN NOT c.was_sent THEN greatest(n.due_at, :now) END,
        may_have_arrived = n.may_have_arrived OR (n.attempt > 0 AND NOT c.was_sent)
    FROM cancelled c WHERE n.id = c.id AND n.status = 'cancelled'
""")
# Whoever is paged again, at a later position: what was still to repeat the pages before.
CANCEL_REPETITIONS = text("""
    UPDATE notifications SET status = 'cancelled', next_at = NULL
    WHERE id IN (
        SELECT n.id FROM notifications n
        JOIN unnest(CAST(:incident_ids AS uuid[]), CAST(:user_ids AS uuid[])) AS p (incident_id, user_id)
            ON n.incident_id = p.incident_id AND n.user_id = p.user_id
        WHERE n.status = 'pending' AND n.nth > 1 AND n.page_id <> ALL(CAST(:page_ids AS uuid[]))
        ORDER BY n.id FOR NO KEY UPDATE OF n)
""")
# An address that has just failed for good is not waited for a second time, though its repetitions are still tried.
ANY_ALIVE = text("""
    SELECT EXISTS (SELECT 1 FROM notifications WHERE incident_id = :incident_id AND cycle = :cycle AND round = :round AND step = :step
        AND id IS DISTINCT FROM CAST(:but AS uuid) AND user_id IS DISTINCT FROM CAST(:but_user AS uuid)
        AND (status IN ('sent', 'delivered', 'read', 'bundled') OR status IN ('pending', 'sending')
            AND contact_method_id IS DISTINCT FROM (SELECT contact_method_id FROM notifications WHERE id = CAST(:but AS uuid)))
        AND (contact_method_id <> user_id OR :account_email))
""")
UNFINISHED_OF = text("""
    SELECT DISTINCT incident_id, cycle, round, step FROM notifications
    WHERE next_at IS NOT NULL AND page_id IS NOT NULL AND user_id = :user_id
        AND (CAST(:method AS uuid) IS NULL OR contact_method_id = :method)
    ORDER BY incident_id, cycle, round, step
""")
# Failed, not cancelled: should the incident go on, there is nobody to tell. Of what only stood in for another nobody has lost anything.
FAIL_OF = text("""
    UPDATE notifications SET status = 'failed', next_at = NULL
    WHERE incident_id = :incident_id AND next_at IS NOT NULL AND user_id = :user_id
        AND (CAST(:method AS uuid) IS NULL OR contact_method_id = :method)
    RETURNING id, due_at < 'infinity' AS was_due
""")
# What would have gone by now, and only waits to travel with others, counts: of it nobody can say that it could not be delivered. What
# stands in for another waits for no others.
HEARD = text("""
    SELECT DISTINCT n.incident_id FROM unnest(CAST(:ids AS uuid[]), CAST(:cycles AS int[])) AS i (id, cycle)
    JOIN notifications n ON n.incident_id = i.id AND n.cycle = i.cycle AND n.round > 0
        AND (n.status IN ('sent', 'delivered', 'read', 'bundled')
            OR n.status = 'pending' AND n.attempt = 0 AND n.gathers_from <= :now AND n.next_at < 'infinity')
""")
# By the unique index (incident_id, cycle, …): a link counts in its own cycle, and in the newest one if that paged its user too.
PAGED_SINCE = text("""
    SELECT coalesce(max(cycle) FILTER (WHERE round > 0), 0) <= :cycle OR bool_or(user_id = :user_id AND cycle > :cycle) AS counts
    FROM pages WHERE incident_id = :incident_id
""")
# By attempts_at_idx (at): one night's.
PAGED_BETWEEN = text("""
    SELECT max(a.at) FROM attempts a JOIN notifications n ON n.id = a.notification_id
    WHERE a.at >= :since AND a.at < :until AND a.outcome = 'sent' AND n.user_id = :user_id AND n.page_id IS NOT NULL
""")
LIST = text("""
    SELECT n.id, n.incident_id, n.user_id, p.user_name, p.team_id, n.channel, n.address, n.status, n.reason, n.cycle, n.round, n.step,
        n.nth, nullif(n.due_at, 'infinity') AS due_at, p.because, n.carrier_id, n.stands_in_for
    FROM notifications n JOIN pages p ON p.id = n.page_id WHERE n.incident_id = :incident_id
        AND (CAST(:cycles AS int[]) IS NULL OR n.cycle = ANY(CAST(:cycles AS int[])))
        AND (CAST(:after AS uuid) IS NULL OR n.id > CAST(:after AS uuid))
    ORDER BY n.id LIMIT :limit
""")
ATTEMPTS = text("""
    SELECT a.notification_id, a.number, a.at, a.outcome, a.detail FROM attempts a
    WHERE a.notification_id = ANY(:ids) ORDER BY a.notification_id, a.number
""")


async def sum_lately(
    tx: AsyncConnection, users: Collection[UserId], about: Collection[IncidentId], *, now: datetime
) -> dict[tuple[UserId, str], Lately]:
    """What these people, who are to be paged about these incidents, were paged for lately, by person and urgency: of each person's newest
    pages.
    """
    asked = {
        "users": sorted(users),
        "about": list(about),
        "most": MOST_LOOKED_AT,
        "since": now - LOOKED_BACK,
        "storm_since": now - STORM,
        "minute_since": now - LONGEST_WAIT,
        "now": now,
    }
    return {
        (user, urgency): Lately(incidents, frozenset(these), frozenset(services), *rest)
        for user, urgency, incidents, these, services, *rest in await tx.execute(LATELY, asked)
    }


async def add_pages(
    tx: AsyncConnection,
    pages: Sequence[tuple[PageId, Reach, NewPage]],
    travels: Mapping[PageId, Travel],
    messages: Sequence[tuple[PageId, Way]],
    *,
    now: datetime,
) -> set[PageId]:
    """Insert pages (id, who is reached, page) with their messages; returns the ids of those pages that did not exist yet."""
    ids = {(page, way.contact_method_id, way.nth): new_id() for page, way in messages}
    rows = await tx.execute(
        ADD,
        {
            "now": now,
            "ids": [id for id, _, _ in pages],
            "incident_ids": [p.incident_id for _, _, p in pages],
            "user_ids": [p.user_id for _, _, p in pages],
            "user_names": [reach.name for _, reach, _ in pages],
            "cycles": [p.cycle for _, _, p in pages],
            "rounds": [p.round for _, _, p in pages],
            "steps": [p.step for _, _, p in pages],
            "reasons": [p.reason for _, _, p in pages],
            "subjects": [msgspec.json.encode(p.subject).decode() for _, _, p in pages],
            "until_resolved": [p.until_resolved for _, _, p in pages],
            "team_ids": [reach.team_id for _, reach, _ in pages],
            "paces": [travels[id].pace.value for id, _, _ in pages],
            "goes_ats": [now + travels[id].wait for id, _, _ in pages],
            "becauses": [travels[id].reason for id, _, _ in pages],
            "message_ids": list(ids.values()),
            "stand_ins": [ids[page, *way.stands_in_for] if way.stands_in_for else None for page, way in messages],
            "page_ids": [page for page, _ in messages],
            "contact_method_ids": [way.contact_method_id for _, way in messages],
            "channels": [way.channel for _, way in messages],
            "addresses": [way.address for _, way in messages],
            "nths": [way.nth for _, way in messages],
            "agains": [way.again for _, way in messages],
            "due_ats": [way.due_at for _, way in messages],
            "next_ats": [way.next_at for _, way in messages],
            "gathers": [way.gathers_from for _, way in messages],
        },
    )
    return {PageId(row.id) for row in rows}


async def cancel(tx: AsyncConnection, incident_ids: Sequence[IncidentId], *, acknowledged: bool) -> Mapping[IncidentId, int]:
    rows = await tx.execute(CANCEL, {"incident_ids": list(incident_ids), "acknowledged": acknowledged})
    return {IncidentId(r.incident_id): r.cancelled for r in rows}


async def cancel_requests(tx: AsyncConnection, asked: Sequence[tuple[IncidentId, int, int]]) -> None:
    params = {"incident_ids": [id for id, _, _ in asked], "cycles": [c for _, c, _ in asked], "nths": [n for _, _, n in asked]}
    await tx.execute(CANCEL_REQUESTS, params)


async def revive(tx: AsyncConnection, cycles: Mapping[IncidentId, int], *, now: datetime) -> int:
    return (await tx.execute(REVIVE, {"ids": list(cycles), "cycles": list(cycles.values()), "now": now})).rowcount


async def cancel_repetitions(tx: AsyncConnection, pages: Mapping[PageId, NewPage]) -> None:
    params = {"incident_ids": [p.incident_id for p in pages.values()], "user_ids": [p.user_id for p in pages.values()]}
    await tx.execute(CANCEL_REPETITIONS, params | {"page_ids": list(pages)})


async def any_alive(
    tx: AsyncConnection, step: Step, *, but: NotificationId | None = None, but_user: UserId | None = None, account_email: bool
) -> bool:
    """Is there another message of this step that has arrived or still may? Those to an account e-mail count only if it says so."""
    params = {"incident_id": step.incident_id, "cycle": step.cycle, "round": step.round, "step": step.step}
    row = await tx.execute(ANY_ALIVE, params | {"but": but, "but_user": but_user, "account_email": account_email})
    return bool(row.scalar_one())


async def list_unfinished_of(tx: AsyncConnection, user_id: UserId, method: ContactMethodId | None) -> list[Step]:
    rows = await tx.execute(UNFINISHED_OF, {"user_id": user_id, "method": method})
    return [Step(IncidentId(r.incident_id), r.cycle, r.round, r.step) for r in rows]


async def fail_of(tx: AsyncConnection, incident_id: IncidentId, user_id: UserId, method: ContactMethodId | None) -> list[NotificationId]:
    """Those that are lost by it; what only stood in for others is not among them."""
    rows = await tx.execute(FAIL_OF, {"incident_id": incident_id, "user_id": user_id, "method": method})
    return [NotificationId(row.id) for row in rows if row.was_due]


async def was_paged_since(tx: AsyncConnection, incident_id: IncidentId, user_id: UserId, *, cycle: int) -> bool:
    row = await tx.execute(PAGED_SINCE, {"incident_id": incident_id, "user_id": user_id, "cycle": cycle})
    return bool(row.scalar_one())


async def find_heard(tx: AsyncConnection, cycles: Mapping[IncidentId, int], *, now: datetime) -> set[IncidentId]:
    rows = await tx.execute(HEARD, {"ids": list(cycles), "cycles": list(cycles.values()), "now": now})
    return {IncidentId(r.incident_id) for r in rows}


async def paged_between(tx: AsyncConnection, user_id: UserId, *, since: datetime, until: datetime) -> datetime | None:
    at: datetime | None = (await tx.execute(PAGED_BETWEEN, {"user_id": user_id, "since": since, "until": until})).scalar_one()
    return at


async def list_for_incident(
    tx: AsyncConnection, incident_id: IncidentId, cycles: Sequence[int] | None, *, after: UUID | None, limit: int
) -> list[Notification]:
    asked = {"incident_id": incident_id, "cycles": cycles, "after": after, "limit": limit}
    rows = (await tx.execute(LIST, asked)).all()
    tries: dict[UUID, list[Attempt]] = {row.id: [] for row in rows}
    for a in await tx.execute(ATTEMPTS, {"ids": list(tries)}) if tries else ():
        tries[a.notification_id].append(Attempt(a.number, a.at, AttemptOutcome(a.outcome), a.detail))
    return [
        Notification(
            NotificationId(r.id),
            IncidentId(r.incident_id),
            UserId(r.user_id),
            r.user_name,
            r.channel,
            r.address,
            Status(r.status),
            r.reason,
            r.cycle,
            r.round,
            r.step,
            r.nth,
            r.due_at,
            tuple(tries[r.id]),
            TeamId(r.team_id) if r.team_id else None,
            r.because,
            NotificationId(r.carrier_id) if r.carrier_id else None,
            stands_in_for=NotificationId(r.stands_in_for) if r.stands_in_for else None,
        )
        for r in rows
    ]
