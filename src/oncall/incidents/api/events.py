"""REST for events: what came in, whether or not it became an incident."""

from typing import Annotated

from fastapi import APIRouter, Query

from oncall.access.api import Reader
from oncall.incidents.commands import verbs
from oncall.incidents.schemas.incidents import EventOut
from oncall.incidents.values import Decision
from oncall.kit.http import Listed, Paging, ReadTx
from oncall.kit.ids import IntegrationId, ServiceId

router = APIRouter(prefix="/api/v1/events", tags=["incidents"])


@router.get("")
async def list_all_events(
    _: Reader,
    tx: ReadTx,
    page: Paging,
    integration_id: IntegrationId | None = None,
    service_id: ServiceId | None = None,
    decision: Annotated[list[Decision] | None, Query()] = None,
) -> Listed[EventOut]:
    """What came in, newest first, whether or not it became an incident: changes, check-ins and what was ignored, each with its reason."""
    found = await verbs.list_all_events(
        tx, before=page.after, integration_id=integration_id, service_id=service_id, decisions=decision, limit=page.limit + 1
    )
    shown, cursor = page.cut(found)
    return Listed(items=[EventOut.model_validate(event) for event in shown], next_cursor=cursor)
