"""REST for the report forms of services."""

from fastapi import APIRouter, Request

from oncall.access.api import Admin, Reader
from oncall.kit.http import ReadTx, Shown, WriteTx
from oncall.kit.ids import ServiceId
from oncall.services.commands import report_forms

router = APIRouter(prefix="/api/v1/services/{service_id}/report-form", tags=["services"])


class ReportFormOut(Shown):
    """Whoever knows the address reports without an account."""

    url: str


@router.put("")
async def open_report_form(service_id: ServiceId, request: Request, _: Admin, tx: WriteTx) -> ReportFormOut:
    """Open it, under a new address; the one it had before is good no more."""
    return _out(request, await report_forms.open_form(tx, service_id))


@router.get("")
async def get_report_form(service_id: ServiceId, request: Request, _: Reader, tx: ReadTx) -> ReportFormOut:
    return _out(request, await report_forms.get_form(tx, service_id))


@router.delete("", status_code=204)
async def close_report_form(service_id: ServiceId, _: Admin, tx: WriteTx) -> None:
    await report_forms.close_form(tx, service_id)


def _out(request: Request, key: str) -> ReportFormOut:
    return ReportFormOut(url=f"{request.app.state.settings.base_url}/report/{key}")
