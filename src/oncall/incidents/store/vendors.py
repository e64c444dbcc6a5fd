"""SQL about people outside who were asked for help. Whoever writes holds the lock of the incident."""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values.vendors import Vendor, VendorId, VendorState
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, NotificationId

ADD = text("""
    INSERT INTO vendors (id, incident_id, name, channel, address, message, asked_by, asked_at, notification_id, state, words)
    VALUES (:id, :incident_id, :name, :channel, :address, :message, CAST(:asked_by AS jsonb), :asked_at, :notification_id, :state, :words)
""")
# By `vendors_incident_idx (incident_id, id)`; there are at most `MOST_VENDORS` of one incident.
LIST = text("""
    SELECT id, incident_id, name, channel, address, message, asked_by::text AS asked_by, asked_at, notification_id, state, said_at, words
    FROM vendors WHERE incident_id = :incident_id ORDER BY id
""")
FIND = text("""
    SELECT id, incident_id, name, channel, address, message, asked_by::text AS asked_by, asked_at, notification_id, state, said_at, words
    FROM vendors WHERE id = :id
""")
SAVE = text("UPDATE vendors SET state = :state, said_at = :said_at, words = :words WHERE id = :id")


async def add_vendor(tx: AsyncConnection, vendor: Vendor) -> None:
    params = {
        "id": vendor.id,
        "incident_id": vendor.incident_id,
        "name": vendor.name,
        "channel": vendor.channel,
        "address": vendor.address,
        "message": vendor.message,
        "asked_by": msgspec.json.encode(vendor.asked_by).decode(),
        "asked_at": vendor.asked_at,
        "notification_id": vendor.notification_id,
        "state": vendor.state.value,
        "words": vendor.words,
    }
    await tx.execute(ADD, params)


async def list_vendors(tx: AsyncConnection, incident_id: IncidentId) -> list[Vendor]:
    """In the order in which they were asked."""
    return [_vendor(r) for r in await tx.execute(LIST, {"incident_id": incident_id})]


async def find_vendor(tx: AsyncConnection, id: UUID) -> Vendor | None:
    row = (await tx.execute(FIND, {"id": id})).first()
    return _vendor(row) if row else None


async def save_vendor(tx: AsyncConnection, vendor: Vendor) -> None:
    await tx.execute(SAVE, {"id": vendor.id, "state": vendor.state.value, "said_at": vendor.said_at, "words": vendor.words})


def _vendor(r: Row[Any]) -> Vendor:
    return Vendor(
        VendorId(r.id),
        IncidentId(r.incident_id),
        r.name,
        r.channel,
        r.address,
        r.message,
        msgspec.json.decode(r.asked_by, type=Actor),
        r.asked_at,
        NotificationId(r.notification_id),
        VendorState(r.state),
        r.said_at,
        r.words,
    )
