"""Read-only questions about the data of lower rooms."""

from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.health.values import LATELY, SENTENCES, Red

# Each by a partial index: none of them reads more than what is open or unfinished.
FINDINGS = text("""
    SELECT
        (SELECT count(*) FROM incidents WHERE status = 'triggered' AND next_at IS NULL AND escalation_state <> 'exhausted') AS no_next_at,
        (SELECT count(*) FROM incidents WHERE next_at < :overdue) AS incidents_overdue,
        (SELECT count(*) FROM notifications WHERE next_at < :overdue) AS notifications_overdue,
        (SELECT count(*) FROM incidents WHERE status = 'triggered' AND escalation_state = 'exhausted') AS exhausted,
        (SELECT count(*) FROM incidents WHERE status = 'triggered' AND escalation_state = 'unroutable') AS unroutable,
        (SELECT count(*) FROM incidents WHERE next_at IS NOT NULL AND failures > 0) AS failing,
        (SELECT count(DISTINCT n.channel) FROM attempts a JOIN notifications n ON n.id = a.notification_id
            WHERE a.at > :lately AND a.outcome = 'bad_credential' AND NOT EXISTS (
                SELECT 1 FROM attempts later JOIN notifications m ON m.id = later.notification_id
                WHERE later.at > a.at AND later.outcome = 'sent' AND m.channel = n.channel)) AS bad_credential
""")


async def findings(tx: AsyncConnection, *, now: datetime, overdue: timedelta) -> list[Red]:
    row = (await tx.execute(FINDINGS, {"overdue": now - overdue, "lately": now - LATELY})).one()
    return [
        Red(reason, getattr(row, reason), f"{getattr(row, reason)} {sentence}")
        for reason, sentence in SENTENCES.items()
        if getattr(row, reason)
    ]
