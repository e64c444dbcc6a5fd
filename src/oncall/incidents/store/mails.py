"""SQL about the mails of reporters: which was heard before, which conversation one belongs to, and how many there were."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values.mails import PER, Became, HeardLately, SentLately
from oncall.kit.ids import IncidentId, new_id

# Of two at once the second waits for the first, and meets the unique (message_id, heard_by).
HEAR = text("""
    INSERT INTO reporter_mails (id, became, address, at, heard_by, message_id, proves)
    VALUES (:id, 'note', :address, :now, :heard_by, :message_id, false)
    ON CONFLICT ON CONSTRAINT reporter_mails_heard_once DO NOTHING
""")
ADD = text("""
    INSERT INTO reporter_mails (id, incident_id, became, address, at, proves)
    VALUES (:id, :incident_id, :became, :address, :now, :proves)
""")
HEARD = text("SELECT incident_id, became FROM reporter_mails WHERE message_id = :message_id AND heard_by = :heard_by")
DECIDE = text("""
    UPDATE reporter_mails SET incident_id = :incident_id, became = :became, proves = :proves
    WHERE message_id = :message_id AND heard_by = :heard_by
""")
# By reporter_mails_heard_once.
CONVERSATION = text("""
    SELECT incident_id FROM reporter_mails WHERE message_id = ANY(CAST(:message_ids AS text[])) AND incident_id IS NOT NULL
    ORDER BY at DESC LIMIT 1
""")
IS_OF = text("SELECT EXISTS (SELECT FROM reporter_mails WHERE message_id = :message_id AND incident_id = :incident_id) AS it")
# By reporter_mails_address_idx, reporter_mails_heard_by_idx and reporter_mails_incident_idx.
HEARD_LATELY = text("""
    SELECT (SELECT count(*) FROM reporter_mails WHERE address = :address AND at > :since AND heard_by IS NOT NULL) AS mails,
        (SELECT count(*) FROM reporter_mails WHERE address = :address AND at > :since AND became = 'incident') AS incidents,
        (SELECT count(*) FROM reporter_mails WHERE heard_by = :heard_by AND at > :since AND became = 'incident') AS of_box,
        (SELECT count(*) FROM reporter_mails WHERE incident_id = :incident_id AND at > :since AND became = 'note') AS of_incident
""")
# By reporter_mails_address_idx and reporter_mails_proven_idx.
SENT_LATELY = text("""
    SELECT (SELECT count(*) FROM reporter_mails WHERE address = :address AND at > :hour AND became = 'sent') AS in_hour,
        (SELECT count(*) FROM reporter_mails WHERE address = :address AND at > :day AND became = 'sent') AS in_day,
        EXISTS (SELECT FROM reporter_mails WHERE address = :address AND proves) AS is_proven
""")
LAST_HEARD = text("""
    SELECT message_id FROM reporter_mails WHERE incident_id = :incident_id AND address = :address AND heard_by IS NOT NULL
    ORDER BY at DESC LIMIT 1
""")
# By reporter_mails_incident_idx.
WROTE_SINCE = text("""
    SELECT EXISTS (SELECT FROM reporter_mails
        WHERE incident_id = :incident_id AND at >= :since AND address = :address AND became = 'note') AS did
""")
# By incidents_follows_idx.
FOLLOWER = text("SELECT id FROM incidents WHERE follows_id = :id ORDER BY id DESC LIMIT 1")


async def hear(tx: AsyncConnection, box: UUID, message_id: str, address: str, *, now: datetime) -> bool:
    """False if it was heard there before."""
    params = {"id": new_id(), "address": address, "now": now, "heard_by": box, "message_id": message_id}
    return (await tx.execute(HEAR, params)).rowcount == 1


async def find_heard(tx: AsyncConnection, box: UUID, message_id: str) -> tuple[IncidentId, Became]:
    """What became of one that was heard before."""
    row = (await tx.execute(HEARD, {"heard_by": box, "message_id": message_id})).one()
    return IncidentId(row.incident_id), Became(row.became)


async def decide(tx: AsyncConnection, box: UUID, message_id: str, incident_id: IncidentId, became: Became, *, proves: bool) -> None:
    params = {"heard_by": box, "message_id": message_id, "incident_id": incident_id, "became": became.value, "proves": proves}
    await tx.execute(DECIDE, params)


async def find_conversation(tx: AsyncConnection, message_ids: Sequence[str]) -> IncidentId | None:
    """Whose conversation these mails, of whoever reported it, are of."""
    row = (await tx.execute(CONVERSATION, {"message_ids": list(message_ids)})).first()
    return IncidentId(row.incident_id) if row else None


async def is_of(tx: AsyncConnection, message_id: str, incident_id: IncidentId) -> bool:
    """Whether this very mail belongs to that incident already."""
    it: bool = (await tx.execute(IS_OF, {"message_id": message_id, "incident_id": incident_id})).scalar_one()
    return it


async def heard_lately(tx: AsyncConnection, box: UUID, address: str, incident_id: IncidentId | None, *, now: datetime) -> HeardLately:
    asked = {"heard_by": box, "address": address, "incident_id": incident_id, "since": now - PER}
    row = (await tx.execute(HEARD_LATELY, asked)).one()
    return HeardLately(row.mails, row.incidents, row.of_box, row.of_incident)


async def sent_lately(tx: AsyncConnection, address: str, *, now: datetime) -> SentLately:
    row = (await tx.execute(SENT_LATELY, {"address": address, "hour": now - timedelta(hours=1), "day": now - timedelta(days=1)})).one()
    return SentLately(row.in_hour, row.in_day, row.is_proven)


async def add_sent(tx: AsyncConnection, incident_id: IncidentId, address: str, *, now: datetime) -> None:
    await _add(tx, incident_id, "sent", address, proves=False, now=now)


async def add_proof(tx: AsyncConnection, incident_id: IncidentId, address: str, *, now: datetime) -> None:
    """Whoever has the address has used the link that was sent there."""
    await _add(tx, incident_id, "word", address, proves=True, now=now)


async def last_heard(tx: AsyncConnection, incident_id: IncidentId, address: str) -> str | None:
    """The mail of theirs that one to them answers."""
    row = (await tx.execute(LAST_HEARD, {"incident_id": incident_id, "address": address})).first()
    return row.message_id if row else None


async def wrote_since(tx: AsyncConnection, incident_id: IncidentId, address: str, *, since: datetime) -> bool:
    """Whether a mail of theirs became a note on it since then."""
    did: bool = (await tx.execute(WROTE_SINCE, {"incident_id": incident_id, "address": address, "since": since})).scalar_one()
    return did


async def find_follower(tx: AsyncConnection, id: IncidentId) -> IncidentId | None:
    """The newest incident that follows this one."""
    row = (await tx.execute(FOLLOWER, {"id": id})).first()
    return IncidentId(row.id) if row else None


async def _add(tx: AsyncConnection, incident_id: IncidentId, became: str, address: str, *, proves: bool, now: datetime) -> None:
    params = {"id": new_id(), "incident_id": incident_id, "became": became, "address": address, "now": now, "proves": proves}
    await tx.execute(ADD, params)
