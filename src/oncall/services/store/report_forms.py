"""SQL about the report forms of services."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId

# By services_report_key_idx.
FIND = text("SELECT id FROM services WHERE report_key = :key AND report_key IS NOT NULL")
GET = text("SELECT report_key FROM services WHERE id = :id")
SET = text("UPDATE services SET report_key = :key WHERE id = :id")


async def find_service(tx: AsyncConnection, key: str) -> ServiceId | None:
    id = (await tx.execute(FIND, {"key": key})).scalar_one_or_none()
    return ServiceId(id) if id else None


async def find_key(tx: AsyncConnection, id: ServiceId) -> str | None:
    key: str | None = (await tx.execute(GET, {"id": id})).scalar_one_or_none()
    return key


async def set_key(tx: AsyncConnection, id: ServiceId, key: str | None) -> None:
    await tx.execute(SET, {"id": id, "key": key})
