"""REST for change events. Monitors and pipelines post them; here they are read, by themselves or beside an incident."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.api import Reader
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands import change_events as commands
from oncall.incidents.commands.alerts import names_of
from oncall.incidents.schemas.change_events import ChangeEventOut
from oncall.incidents.values.changes import LONGEST_BEFORE, USUAL_BEFORE, ChangeEvent, ChangeFilter
from oncall.kit.http import Duration, Instant, Listed, Paging, ReadTx, now_in
from oncall.kit.ids import EventId, IntegrationId, ServiceId

router = APIRouter(prefix="/api/v1", tags=["change events"])

Before = Annotated[Duration, Query(le=LONGEST_BEFORE, description="How long before it was triggered; P7D at most.")]


@router.get("/change-events")
async def list_change_events(
    _: Reader,
    tx: ReadTx,
    page: Paging,
    service_id: ServiceId | None = None,
    integration_id: IntegrationId | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> Listed[ChangeEventOut]:
    """Those that occurred in `[since, until)`, newest first."""
    asked = ChangeFilter(service_id, integration_id, since, until)
    shown, cursor = page.cut(await commands.list_changes(tx, asked, after=page.after, limit=page.limit + 1))
    return Listed(items=await shown_changes(tx, shown), next_cursor=cursor)


@router.get("/change-events/{id}")
async def get_change_event(id: EventId, _: Reader, tx: ReadTx) -> ChangeEventOut:
    return (await shown_changes(tx, [await commands.get_change(tx, id)]))[0]


@router.get("/incidents/{incident}/change-events")
async def list_beside_incident(
    ref: Ref, request: Request, _: Reader, tx: ReadTx, page: Paging, before: Before = USUAL_BEFORE
) -> Listed[ChangeEventOut]:
    """What changed on its service from `before` it was triggered until it was resolved, or until now; newest first."""
    now = await now_in(request, tx)
    found = await commands.list_beside(tx, ref, before=before, after=page.after, limit=page.limit + 1, now=now)
    shown, cursor = page.cut(found)
    return Listed(items=await shown_changes(tx, shown), next_cursor=cursor)


async def shown_changes(tx: AsyncConnection, changes: Sequence[ChangeEvent]) -> list[ChangeEventOut]:
    names = await names_of(tx, [change.service_id for change in changes])
    freezes = await commands.freezes_over(tx, changes, names)
    return [ChangeEventOut.of(change, names, its) for change, its in zip(changes, freezes, strict=True)]
