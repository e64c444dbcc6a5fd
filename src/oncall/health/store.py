"""Read-only questions about the data of lower rooms."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.health.values import LATELY, SENTENCES, Fault, Red

# Each by an index: none of them reads more than what is open or unfinished, or was tried lately.
FINDINGS = text("""
    SELECT
        (SELECT count(*) FROM incidents WHERE status = 'triggered' AND next_at IS NULL
            AND (escalation_state <> 'exhausted' OR policy_snapshot -> 'policy' ->> 'exhausted_retry' IS NOT NULL)) AS no_next_at,
        (SELECT count(*) FROM incidents WHERE next_at < :overdue) AS incidents_overdue,
        (SELECT count(*) FROM notifications WHERE next_at < :overdue AND urgency <> 'update') AS notifications_overdue,
        (SELECT count(*) FROM incidents WHERE status = 'triggered' AND escalation_state = 'exhausted') AS exhausted,
        (SELECT count(*) FROM incidents WHERE status = 'triggered' AND escalation_state = 'unroutable') AS unroutable,
        (SELECT count(*) FROM incidents WHERE next_at IS NOT NULL AND failures > 0) AS failing,
        (SELECT array_agg(channel ORDER BY channel) FROM (
            SELECT n.channel, max(a.at) FILTER (WHERE a.outcome = 'bad_credential') AS refused,
                max(a.at) FILTER (WHERE a.outcome = 'sent') AS sent
            FROM attempts a JOIN notifications n ON n.id = a.notification_id
            WHERE a.at > :lately AND a.outcome IN ('bad_credential', 'sent') GROUP BY n.channel) tried
            WHERE refused >= coalesce(sent, refused)) AS bad_credential,
        (SELECT array_agg(channel) FROM spending WHERE day = :today AND refused > 0) AS daily_cap
""")

# What follows reads whole tables: for `oncall audit`, not for every minute. Each gives a sentence for each row that must not be.
#
# After an acknowledgement nothing of its cycle, or of an earlier one, is paged or sent: their order is that of the timeline, which a lock
# on the message decides. What broke through an acknowledgement is a cycle of its own, and a step for what is unresolved goes on.
# Round 0 is of people who were asked to join, whoever has it.
AFTER_ACKNOWLEDGEMENT = text("""
    SELECT format('incident #%s: %s of cycle %s is in the timeline (%s) behind its acknowledgement (%s): %s',
        i.number, later.kind, later.detail ->> 'cycle', later.seq, ack.seq, later.reason) AS sentence
    FROM timeline_entries ack
    JOIN incidents i ON i.id = ack.incident_id
    CROSS JOIN LATERAL (SELECT max(CAST(p.detail ->> 'cycle' AS int)) AS cycle FROM timeline_entries p
        WHERE p.incident_id = ack.incident_id AND p.seq < ack.seq AND p.kind = 'paged'
            AND coalesce(p.detail ->> 'round', '1') <> '0') paged
    JOIN timeline_entries later ON later.incident_id = ack.incident_id AND later.seq > ack.seq
        AND later.kind IN ('paged', 'sent') AND coalesce(later.detail ->> 'round', '1') <> '0'
        AND CAST(later.detail ->> 'cycle' AS int) <= paged.cycle
    WHERE ack.kind = 'acknowledged'
        AND coalesce(i.policy_snapshot -> 'policy' -> 'steps' -> CAST(later.detail ->> 'step' AS int) ->> 'condition', '') <> 'unresolved'
        AND coalesce(i.policy_snapshot -> 'fallback' -> 'steps' -> CAST(later.detail ->> 'step' AS int) ->> 'condition', '') <> 'unresolved'
    ORDER BY later.seq LIMIT :limit
""")
TWO_OPEN_ALERTS = text("""
    SELECT format('service %s has %s open alerts with the dedup key "%s"', service_id, count(*), dedup_key) AS sentence
    FROM alerts WHERE state = 'open' GROUP BY service_id, dedup_key HAVING count(*) > 1 ORDER BY 1 LIMIT :limit
""")
UNDECIDED = text("""
    SELECT format('event %s is decided as "%s", %s', id, decision,
        CASE WHEN decision = ANY(CAST(:decisions AS text[])) THEN 'but names no alert' ELSE 'which is no decision' END) AS sentence
    FROM events WHERE decision <> ALL(CAST(:known AS text[])) OR (decision = ANY(CAST(:decisions AS text[])) AND alert_id IS NULL)
    ORDER BY id LIMIT :limit
""")
TWICE_DECIDED = text("""
    SELECT format('event %s is there %s times', id, count(*)) AS sentence
    FROM events GROUP BY id HAVING count(*) > 1 ORDER BY 1 LIMIT :limit
""")
ODD_STATES = text("""
    SELECT format('notification %s is %s, %s', n.id, n.status, CASE
        WHEN n.attempt < tries.last THEN format('at try %s, although try %s is recorded', n.attempt, tries.last)
        ELSE 'although no try that may have arrived is recorded' END) AS sentence
    FROM notifications n
    LEFT JOIN LATERAL (SELECT max(a.number) AS last, bool_or(a.outcome IN ('sent', 'unknown')) AS arrived
        FROM attempts a WHERE a.notification_id = n.id) tries ON true
    WHERE (n.status IN ('sent', 'delivered', 'read', 'bundled') AND tries.arrived IS NOT TRUE) OR n.attempt < tries.last
    ORDER BY n.id LIMIT :limit
""")


async def faults(tx: AsyncConnection, *, known: Sequence[str], with_alert: Sequence[str], limit: int) -> list[Fault]:
    """Rows that contradict what must always hold, at most `limit` of each kind."""
    found: list[Fault] = []
    words = {"known": list(known), "decisions": list(with_alert)}
    for invariant, statement, more in (
        ("paged_after_acknowledgement", AFTER_ACKNOWLEDGEMENT, {}),
        ("two_open_alerts", TWO_OPEN_ALERTS, {}),
        ("undecided", UNDECIDED, words),
        ("undecided", TWICE_DECIDED, {}),
        ("odd_state", ODD_STATES, {}),
    ):
        found += [Fault(invariant, r.sentence) for r in await tx.execute(statement, {"limit": limit, **more})]
    return found


# There are a handful of webhooks.
DISABLED_WEBHOOKS = text("SELECT count(*) FROM webhooks WHERE NOT enabled AND failing_since IS NOT NULL")


async def count_disabled_webhooks(tx: AsyncConnection) -> int:
    """Those that were disabled by us, and not switched off by a person."""
    count: int = (await tx.execute(DISABLED_WEBHOOKS)).scalar_one()
    return count


async def findings(tx: AsyncConnection, *, now: datetime, overdue: timedelta) -> list[Red]:
    row = (await tx.execute(FINDINGS, {"overdue": now - overdue, "lately": now - LATELY, "today": now.date()})).one()
    named = {reason: sorted(getattr(row, reason) or ()) for reason in ("bad_credential", "daily_cap")}
    counts = {reason: len(named[reason]) if reason in named else getattr(row, reason) for reason in SENTENCES}
    which = {reason: f" ({', '.join(channels)})" for reason, channels in named.items()}
    return [
        Red(reason, counts[reason], f"{counts[reason]} {sentence}{which.get(reason, '')}")
        for reason, sentence in SENTENCES.items()
        if counts[reason]
    ]
