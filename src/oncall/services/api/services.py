"""REST for services, integrations and their keys."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.kit.http import IfMatch, Listed, Paging, PagingIfAsked, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import IntegrationId, ServiceId, new_id
from oncall.services import commands
from oncall.services.schemas.integrations import (
    IntegrationEdit,
    IntegrationIn,
    IntegrationMade,
    IntegrationOut,
    KeyMade,
    KeyShown,
    address_of,
    mail_address_of,
)
from oncall.services.schemas.services import ServiceEdit, ServiceIn, ServiceOut

router = APIRouter(prefix="/api/v1/services", tags=["services"])


@router.post("", status_code=201)
async def create_service(body: ServiceIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> ServiceOut:
    service, profile = body.to_service(ServiceId(new_id())), body.to_profile()
    await commands.create_service(tx, service, profile, now=await now_in(request, tx))
    set_etag(response, service.version)
    return ServiceOut.of(service, profile)


@router.get("")
async def list_services(_: Reader, tx: ReadTx, page: Paging) -> Listed[ServiceOut]:
    shown, cursor = page.cut(await commands.list_services(tx, after=page.after, limit=page.limit + 1))
    profiles = await commands.get_profiles(tx, [service.id for service in shown])
    return Listed(items=[ServiceOut.of(service, profiles[service.id]) for service in shown], next_cursor=cursor)


@router.get("/{service_id}")
async def get_service(service_id: UUID, response: Response, _: Reader, tx: ReadTx) -> ServiceOut:
    service = await commands.get_service(tx, ServiceId(service_id))
    profiles = await commands.get_profiles(tx, [service.id])
    set_etag(response, service.version)
    return ServiceOut.of(service, profiles[service.id])


@router.put("/{service_id}")
async def update_service(
    *, service_id: UUID, body: ServiceEdit, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> ServiceOut:
    on_changed, now = request.app.state.on_service_changed, await now_in(request, tx)
    wanted, profile = body.to_service(ServiceId(service_id)), body.to_profile()
    service = await commands.update_service(tx, wanted, profile, expected_version=version, on_changed=on_changed, now=now)
    set_etag(response, service.version)
    return ServiceOut.of(service, profile)


@router.delete("/{service_id}", status_code=204)
async def delete_service(service_id: UUID, _: Admin, tx: WriteTx) -> None:
    """Delete a service and its integrations; one that has had incidents stays."""
    await commands.delete_service(tx, ServiceId(service_id))


@router.post("/{service_id}/integrations", status_code=201)
async def create_integration(
    service_id: UUID, body: IntegrationIn, request: Request, response: Response, _: Admin, tx: WriteTx
) -> IntegrationMade:
    """Make an integration; this answer is the only one that shows its key."""
    state = request.app.state
    integration, key = await commands.create_integration(
        tx,
        ServiceId(service_id),
        body.settings(),
        sealing=state.sealing,
        check_mapping=state.check_mapping,
        now=await now_in(request, tx),
    )
    set_etag(response, integration.version)
    shown = IntegrationOut.model_validate(integration).model_dump()
    email = mail_address_of(key, integration, state.settings.mail_domain)
    return IntegrationMade(**shown, key=key, url=address_of(key, state.settings.base_url), email=email)


@router.get("/{service_id}/integrations")
async def list_integrations(service_id: UUID, request: Request, _: Reader, tx: ReadTx, page: PagingIfAsked) -> Listed[IntegrationOut]:
    found = await commands.list_integrations(tx, ServiceId(service_id), sealing=request.app.state.sealing)
    shown, cursor = page.part(found)
    return Listed(items=[IntegrationOut.model_validate(integration) for integration in shown], next_cursor=cursor)


@router.get("/{service_id}/integrations/{integration_id}")
async def get_integration(
    service_id: UUID, integration_id: UUID, request: Request, response: Response, _: Reader, tx: ReadTx
) -> IntegrationOut:
    sealing = request.app.state.sealing
    found = await commands.get_integration(tx, ServiceId(service_id), IntegrationId(integration_id), sealing=sealing)
    set_etag(response, found.version)
    return IntegrationOut.model_validate(found)


@router.put("/{service_id}/integrations/{integration_id}")
async def update_integration(
    *,
    service_id: UUID,
    integration_id: UUID,
    body: IntegrationEdit,
    request: Request,
    response: Response,
    _: Admin,
    tx: WriteTx,
    version: IfMatch,
) -> IntegrationOut:
    """Edit all of it but its keys: what is left out stays, null takes away, and all of what GET shows may be written back."""
    edited = await commands.update_integration(
        tx,
        ServiceId(service_id),
        IntegrationId(integration_id),
        body.settings(),
        sealing=request.app.state.sealing,
        check_mapping=request.app.state.check_mapping,
        expected_version=version,
    )
    set_etag(response, edited.version)
    return IntegrationOut.model_validate(edited)


@router.delete("/{service_id}/integrations/{integration_id}", status_code=204)
async def delete_integration(service_id: UUID, integration_id: UUID, _: Admin, tx: WriteTx) -> None:
    await commands.delete_integration(tx, ServiceId(service_id), IntegrationId(integration_id))


@router.post("/{service_id}/integrations/{integration_id}/keys", status_code=201)
async def create_key(service_id: UUID, integration_id: UUID, request: Request, _: Admin, tx: WriteTx) -> KeyMade:
    """Make a second key beside the first; this answer is the only one that shows it."""
    state, now = request.app.state, await now_in(request, tx)
    integration, key = await commands.create_key(tx, ServiceId(service_id), IntegrationId(integration_id), sealing=state.sealing, now=now)
    shown = KeyShown.model_validate(integration.keys[-1]).model_dump()
    email = mail_address_of(key, integration, state.settings.mail_domain)
    return KeyMade(**shown, key=key, url=address_of(key, state.settings.base_url), email=email)


@router.delete("/{service_id}/integrations/{integration_id}/keys/{key_prefix}", status_code=204)
async def delete_key(service_id: UUID, integration_id: UUID, key_prefix: str, request: Request, _: Admin, tx: WriteTx) -> None:
    """Revoke one of two keys, once no sender uses it any more."""
    sealing = request.app.state.sealing
    await commands.delete_key(tx, ServiceId(service_id), IntegrationId(integration_id), key_prefix, sealing=sealing)
