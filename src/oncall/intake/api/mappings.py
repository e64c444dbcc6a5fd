"""REST for mappings: tried on a body before they are kept, and ready ones to begin with."""

import asyncio
import json
from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.api import Reader
from oncall.access.values import Caller, Scope
from oncall.incidents.commands.lookup import get_body_of
from oncall.intake.commands import library, received_as
from oncall.intake.commands.dialects import DIALECTS
from oncall.intake.commands.preview import Preview, preview
from oncall.intake.schemas.mappings import EventPreview, PreviewedOut, PreviewIn, PreviewOut, ReadyMappingOut, RuleAskedOut, TriedOut
from oncall.intake.values import BodyNotYours, Received
from oncall.kit.http import Listed, ReadTx, now_in
from oncall.kit.ids import EventId, IntegrationId
from oncall.services.commands import get_integration_ref

router = APIRouter(prefix="/api/v1", tags=["mappings"])


@router.post("/integrations/{integration_id}/preview")
async def preview_mapping(integration_id: UUID, body: PreviewIn, request: Request, caller: Reader, tx: ReadTx) -> PreviewOut:
    """What a mapping would make of a body, and which expression gave what. Nothing is written, nobody is paged. With `event_id` an admin
    key is needed: an expression may show any part of a stored body, secrets of its sender included.
    """
    _check_may_look(caller, body)
    integration = await get_integration_ref(tx, IntegrationId(integration_id), sealing=request.app.state.sealing)
    received = await _received(tx, body, integration.id, request)
    return _shown(await asyncio.to_thread(preview, body.mapping, received, integration))


@router.get("/mappings")
async def list_mappings(_: Reader) -> Listed[ReadyMappingOut]:
    """Dialects of ours as mappings: copy the one that is nearest to what your monitor sends, and change it."""
    ready = library.ready_mappings()
    return Listed(items=[ReadyMappingOut(type=type, name=DIALECTS[type].name, mapping=mapping) for type, mapping in ready.items()])


@router.get("/mappings/{type}")
async def get_mapping(type: str, _: Reader) -> ReadyMappingOut:
    known, mapping = library.ready_mapping(type)
    return ReadyMappingOut(type=known, name=DIALECTS[known].name, mapping=mapping)


def _check_may_look(caller: Caller, said: PreviewIn) -> None:
    """A stored body is shown by its bytes to whoever may download it, and to nobody else; one that is pasted its reader has already."""
    if said.event_id is not None and caller.scope is not Scope.ADMIN:
        raise BodyNotYours


async def _received(tx: AsyncConnection, said: PreviewIn, integration_id: IntegrationId, request: Request) -> Received:
    """The request as it would come, or came: where it has no body, its query is what was sent."""
    text = said.body if isinstance(said.body, str | None) and not said.is_null else json.dumps(said.body, ensure_ascii=False)
    raw, content_type = (text or urlencode(said.query)).encode(), said.content_type
    kept: Mapping[str, str] = {}
    if said.event_id is not None:
        stored = await get_body_of(tx, integration_id, EventId(said.event_id))
        raw, content_type, kept = stored.raw, stored.content_type, stored.headers
    headers = dict(kept) | {name.lower(): value for name, value in said.headers.items()}
    headers.pop("content-encoding", None)  # it is stored, and pasted, as it was meant
    return received_as(raw, headers=headers | {"content-type": content_type}, query=said.query, at=await now_in(request, tx))


def _shown(made: Preview) -> PreviewOut:
    return PreviewOut(
        mapping=made.mapping,
        rules=[RuleAskedOut(rule=one.field, expression=one.source, gave=one.gave, why=one.why) for one in made.rules],
        events=[
            PreviewedOut(
                position=one.position,
                rule=one.rule,
                became=one.became,
                why=one.why,
                event=EventPreview.of(one.event, has_key=one.has_key),
                tried=[TriedOut(field=tried.field, expression=tried.source, gave=tried.gave, why=tried.why) for tried in one.tried],
                warnings=one.warnings,
            )
            for one in made.events
        ],
        more=made.more,
        warnings=made.warnings,
    )
