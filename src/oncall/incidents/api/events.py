"""REST for events: what came in, whether or not it became an incident."""

from typing import Annotated

from fastapi import APIRouter, Query

from oncall.access.api import Reader
from oncall.incidents.commands import verbs
from oncall.incidents.schemas.incidents import EventOut
from oncall.incidents.values import Decision
from oncall.incidents.values.alerts import EventFilter
from oncall.kit.http import DedupKey, Instant, Listed, Paging, ReadTx
from oncall.kit.ids import IntegrationId, ServiceId

router = APIRouter(prefix="/api/v1/events", tags=["incidents"])


@router.get("")
async def list_all_events(
    _: Reader,
    tx: ReadTx,
    page: Paging,
    integration_id: IntegrationId | None = None,
    service_id: ServiceId | None = None,
    dedup_key: DedupKey | None = None,
    decision: Annotated[list[Decision] | None, Query()] = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> Listed[EventOut]:
    """What came in, newest first, whether or not it became an incident: changes, check-ins and what was ignored, each with its reason.
    By time those received in `[since, until)`.
    """
    asked = EventFilter(integration_id, service_id, dedup_key, tuple(decision or ()), since, until)
    shown, cursor = page.cut(await verbs.list_all_events(tx, asked, before=page.after, limit=page.limit + 1))
    return Listed(items=[EventOut.model_validate(event) for event in shown], next_cursor=cursor)
