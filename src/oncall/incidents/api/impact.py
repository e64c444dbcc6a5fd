"""REST for what the outage of a service does to others."""

from uuid import UUID

from fastapi import APIRouter

from oncall.access.api import Reader
from oncall.incidents.commands.impact import impact_of
from oncall.incidents.schemas.impact import ImpactShown
from oncall.kit.http import ReadTx
from oncall.kit.ids import ServiceId

router = APIRouter(prefix="/api/v1/services/{service_id}/impact", tags=["services"])


@router.get("")
async def get_impact(service_id: UUID, _: Reader, tx: ReadTx) -> ImpactShown:
    """Who depends on a service, directly or through others, and who owns that; what it depends on itself, and what is open there."""
    return ImpactShown.of(await impact_of(tx, ServiceId(service_id)))
