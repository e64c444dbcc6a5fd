"""REST for services and integrations."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import IntegrationId, ServiceId, new_id
from oncall.services import commands
from oncall.services.schemas import IntegrationIn, IntegrationMade, IntegrationOut, ServiceIn, ServiceOut

router = APIRouter(prefix="/api/v1/services", tags=["services"])


@router.post("", status_code=201)
async def create_service(body: ServiceIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> ServiceOut:
    service = await commands.create_service(tx, body.to_service(ServiceId(new_id())), now=await now_in(request, tx))
    set_etag(response, service.version)
    return ServiceOut.of(service)


@router.get("")
async def list_services(_: Reader, tx: ReadTx, page: Paging) -> Listed[ServiceOut]:
    shown, cursor = page.cut(await commands.list_services(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[ServiceOut.of(service) for service in shown], next_cursor=cursor)


@router.get("/{service_id}")
async def get_service(service_id: UUID, response: Response, _: Reader, tx: ReadTx) -> ServiceOut:
    service = await commands.get_service(tx, ServiceId(service_id))
    set_etag(response, service.version)
    return ServiceOut.of(service)


@router.put("/{service_id}")
async def update_service(service_id: UUID, body: ServiceIn, response: Response, _: Admin, tx: WriteTx, version: IfMatch) -> ServiceOut:
    service = await commands.update_service(tx, body.to_service(ServiceId(service_id)), expected_version=version)
    set_etag(response, service.version)
    return ServiceOut.of(service)


@router.delete("/{service_id}", status_code=204)
async def delete_service(service_id: UUID, _: Admin, tx: WriteTx) -> None:
    """Delete a service and its integrations; one that has had incidents stays."""
    await commands.delete_service(tx, ServiceId(service_id))


@router.post("/{service_id}/integrations", status_code=201)
async def create_integration(service_id: UUID, body: IntegrationIn, request: Request, _: Admin, tx: WriteTx) -> IntegrationMade:
    """Make an integration; this answer is the only one that shows its key."""
    integration, key = await commands.create_integration(
        tx, ServiceId(service_id), name=body.name, type=body.type, now=await now_in(request, tx)
    )
    settings = request.app.state.settings
    return IntegrationMade.of(integration, key, settings.base_url, settings.mail_domain)


@router.get("/{service_id}/integrations")
async def list_integrations(service_id: UUID, _: Reader, tx: ReadTx) -> Listed[IntegrationOut]:
    found = await commands.list_integrations(tx, ServiceId(service_id))
    return Listed(items=[IntegrationOut.model_validate(integration) for integration in found])


@router.delete("/{service_id}/integrations/{integration_id}", status_code=204)
async def delete_integration(service_id: UUID, integration_id: UUID, _: Admin, tx: WriteTx) -> None:
    await commands.delete_integration(tx, ServiceId(service_id), IntegrationId(integration_id))
