"""SQL about what people want to know of services."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId, TeamId
from oncall.services.values.dependencies import Known
from oncall.services.values.profile import Link, Profile

# Both by `services_pkey`.
PROFILES = text("""
    SELECT id, description, tier, links::text AS links, runbook_url, owner_contact FROM services WHERE id = ANY(CAST(:ids AS uuid[]))
""")
KNOWN = text("SELECT id, name, tier, team_id, owner_contact, runbook_url FROM services WHERE id = ANY(CAST(:ids AS uuid[]))")
SAVE = text("""
    UPDATE services SET description = :description, tier = :tier, links = CAST(:links AS jsonb), runbook_url = :runbook_url,
        owner_contact = :owner_contact
    WHERE id = :id
""")


async def get_profiles(tx: AsyncConnection, ids: Sequence[ServiceId]) -> dict[ServiceId, Profile]:
    return {
        ServiceId(r.id): Profile(r.description, r.tier, msgspec.json.decode(r.links, type=tuple[Link, ...]), r.runbook_url, r.owner_contact)
        for r in await tx.execute(PROFILES, {"ids": list(ids)})
    }


async def get_known(tx: AsyncConnection, ids: Sequence[ServiceId]) -> dict[ServiceId, Known]:
    """Those of the services that exist; the names of their teams are not here."""
    return {
        ServiceId(r.id): Known(
            ServiceId(r.id),
            r.name,
            r.tier,
            TeamId(r.team_id) if r.team_id else None,
            owner_contact=r.owner_contact,
            runbook_url=r.runbook_url,
        )
        for r in await tx.execute(KNOWN, {"ids": list(ids)})
    }


async def save_profile(tx: AsyncConnection, id: ServiceId, profile: Profile) -> None:
    await tx.execute(
        SAVE,
        {
            "id": id,
            "description": profile.description,
            "tier": profile.tier,
            "links": msgspec.json.encode(profile.links).decode(),
            "runbook_url": profile.runbook_url,
            "owner_contact": profile.owner_contact,
        },
    )
