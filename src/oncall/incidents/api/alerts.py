"""REST for alerts: look them up, and read what their monitors said."""

from fastapi import APIRouter, Request

from oncall.access.api import Reader
from oncall.incidents.commands import alerts as commands
from oncall.incidents.schemas.alerts import AlertAroundOut, AlertState
from oncall.incidents.schemas.incidents import EventOut
from oncall.incidents.values import Severity
from oncall.incidents.values.alerts import AlertFilter
from oncall.kit.http import DedupKey, Listed, Paging, ReadTx, now_in
from oncall.kit.ids import AlertId, IncidentId, IntegrationId, ServiceId

router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])


@router.get("")
async def list_alerts(
    request: Request,
    _: Reader,
    tx: ReadTx,
    page: Paging,
    service_id: ServiceId | None = None,
    incident_id: IncidentId | None = None,
    integration_id: IntegrationId | None = None,
    dedup_key: DedupKey | None = None,
    state: AlertState | None = None,
    severity: Severity | None = None,
) -> Listed[AlertAroundOut]:
    """Newest first. Of several filters an alert passes all."""
    is_open = None if state is None else state is AlertState.OPEN
    asked = AlertFilter(service_id, incident_id, integration_id, dedup_key, is_open, severity)
    shown, cursor = page.cut(await commands.list_alerts(tx, asked, before=page.after, limit=page.limit + 1))
    names, now = await commands.names_of(tx, [found.service_id for found in shown]), await now_in(request, tx)
    return Listed(items=[AlertAroundOut.around(found, names, now=now) for found in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_alert(id: AlertId, request: Request, _: Reader, tx: ReadTx) -> AlertAroundOut:
    """One alert in its monitor's words, with its service and its incident."""
    found = await commands.get_alert(tx, id)
    return AlertAroundOut.around(found, await commands.names_of(tx, [found.service_id]), now=await now_in(request, tx))


@router.get("/{id}/events")
async def list_events(id: AlertId, _: Reader, tx: ReadTx, page: Paging) -> Listed[EventOut]:
    """What its monitor said, newest first, each with what was decided about it."""
    shown, cursor = page.cut(await commands.list_events_of(tx, id, before=page.after, limit=page.limit + 1))
    return Listed(items=[EventOut.model_validate(event) for event in shown], next_cursor=cursor)
