"""REST for webhooks, their secrets and their deliveries. For admins: an address may hold a secret of its receiver's."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Admin
from oncall.kit.http import AgainRoute, IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import IncidentId, TeamId
from oncall.webhooks.commands import editing, looking
from oncall.webhooks.schemas import DeliveryOut, WebhookEdit, WebhookIn, WebhookMade, WebhookOut, WebhookSecretMade
from oncall.webhooks.values import DeliveryId, DeliveryStatus, WebhookId

router = APIRouter(prefix="/api/v1/webhooks", tags=["webhooks"], route_class=AgainRoute)


@router.post("", status_code=201)
async def create_webhook(body: WebhookIn, request: Request, response: Response, caller: Admin, tx: WriteTx) -> WebhookMade:
    """Tell a program what happens from now on; this answer is the only one that shows its secret."""
    state = request.app.state
    made, secret = await editing.create_webhook(
        tx,
        body.settings(),
        sealing=state.sealing,
        check_url=state.client.check_url,
        check_services=state.check_services,
        by=caller.user_id,
        now=await now_in(request, tx),
    )
    set_etag(response, made.version)
    return WebhookMade(**WebhookOut.of(made).model_dump(), secret=secret)


@router.get("")
async def list_webhooks(
    *, _: Admin, tx: ReadTx, page: Paging, team_id: TeamId | None = None, enabled: bool | None = None
) -> Listed[WebhookOut]:
    found = await editing.list_webhooks(tx, after=page.after, team_id=team_id, enabled=enabled, limit=page.limit + 1)
    shown, cursor = page.cut(found)
    return Listed(items=[WebhookOut.of(webhook) for webhook in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_webhook(id: WebhookId, response: Response, _: Admin, tx: ReadTx) -> WebhookOut:
    webhook = await editing.get_webhook(tx, id)
    set_etag(response, webhook.version)
    return WebhookOut.of(webhook)


@router.put("/{id}")
async def update_webhook(
    *, id: WebhookId, body: WebhookEdit, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> WebhookOut:
    """Edit all of it but its secret. `enabled: false` cancels what is still to be delivered; `enabled: true` switches on again what was
    disabled.
    """
    state = request.app.state
    edited = await editing.update_webhook(
        tx,
        id,
        body.settings(),
        expected_version=version,
        check_url=state.client.check_url,
        check_services=state.check_services,
        now=await now_in(request, tx),
    )
    set_etag(response, edited.version)
    return WebhookOut.of(edited)


@router.delete("/{id}", status_code=204)
async def delete_webhook(id: WebhookId, _: Admin, tx: WriteTx) -> None:
    """Delete it with its log; nothing more is sent."""
    await editing.delete_webhook(tx, id)


@router.post("/{id}/rotate-secret", status_code=201)
async def rotate_secret(id: WebhookId, request: Request, _: Admin, tx: WriteTx) -> WebhookSecretMade:
    """Make a new secret; for 24 hours the old one signs as well. This answer is the only one that shows the new one."""
    now = await now_in(request, tx)
    webhook, secret = await editing.rotate_secret(tx, id, sealing=request.app.state.sealing, now=now)
    return WebhookSecretMade(secret=secret, previous_secret_until=webhook.previous_secret_until or now)


@router.post("/{id}/test", status_code=202)
async def send_test(id: WebhookId, request: Request, caller: Admin, tx: WriteTx) -> DeliveryOut:
    """Send an event of type `webhook.test`, by the way of every other."""
    return DeliveryOut.of(await looking.send_test(tx, id, by=caller.name, now=await now_in(request, tx)))


@router.get("/{id}/deliveries")
async def list_deliveries(
    *,
    id: WebhookId,
    _: Admin,
    tx: ReadTx,
    page: Paging,
    status: Annotated[list[DeliveryStatus] | None, Query()] = None,
    incident_id: IncidentId | None = None,
) -> Listed[DeliveryOut]:
    """Newest first, with every try. Finished ones are kept for 30 days. Several values of `status` mean any of them."""
    found = await looking.list_deliveries(tx, id, before=page.after, statuses=status, incident_id=incident_id, limit=page.limit + 1)
    shown, cursor = page.cut(found)
    return Listed(items=[DeliveryOut.of(delivery) for delivery in shown], next_cursor=cursor)


@router.get("/{id}/deliveries/{delivery_id}")
async def get_delivery(id: WebhookId, delivery_id: DeliveryId, _: Admin, tx: ReadTx) -> DeliveryOut:
    return DeliveryOut.of(await looking.get_delivery(tx, id, delivery_id))


@router.post("/{id}/deliveries/{delivery_id}/redeliver", status_code=202)
async def redeliver(id: WebhookId, delivery_id: DeliveryId, request: Request, caller: Admin, tx: WriteTx) -> DeliveryOut:
    """Send the same message, with the same id, once more; by itself, whatever else its incident has waiting."""
    return DeliveryOut.of(await looking.redeliver(tx, id, delivery_id, by=caller.name, now=await now_in(request, tx)))
