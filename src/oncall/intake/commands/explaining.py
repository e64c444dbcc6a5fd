"""How an event came and how its body reads, and then what became of it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands import explaining
from oncall.incidents.commands.alerts import names_of
from oncall.incidents.commands.verbs import get_event
from oncall.incidents.values import Body, EventSeen
from oncall.incidents.values.explaining import Arrival, Line
from oncall.intake.commands.dialects import DIALECTS, dialect_of
from oncall.intake.commands.mapping import maps
from oncall.intake.commands.reading import received_as
from oncall.intake.commands.showing import gone_after, why_never_kept
from oncall.intake.rules import decode, redacted, sent_as, why_only_recorded
from oncall.intake.values import Unreadable
from oncall.kit.ids import EventId
from oncall.kit.sealing import Sealing
from oncall.services.commands import get_integration_ref
from oncall.services.values import IntegrationRef, IntegrationType, UnknownIntegration


async def explain_event(tx: AsyncConnection, id: EventId, *, sealing: Sealing, kept: timedelta, now: datetime) -> Sequence[Line]:
    """The whole way of an event in sentences. What was deleted since, and a body that is gone after `kept`, are told of as such."""
    event, body = await get_event(tx, id)
    integration: IntegrationRef | None = None
    with suppress(UnknownIntegration):
        integration = await get_integration_ref(tx, event.integration_id, sealing=sealing)
    service = (await names_of(tx, [event.service_id])).get(event.service_id)
    arrival = await asyncio.to_thread(_arrival, event, body, integration, service, kept)
    return await explaining.explain(tx, event, arrival, now=now)


def _arrival(event: EventSeen, body: Body | None, integration: IntegrationRef | None, service: str | None, kept: timedelta) -> Arrival:
    """Takes a while where the body is large."""
    name, type = (integration.name, integration.type.value) if integration else (None, None)
    never, only_recorded = why_never_kept(event, body), why_only_recorded(event.action, event.reason)
    if body is None or never:
        gone = never or gone_after(kept)
        return Arrival(name, type, service, body_gone=gone, was_too_large=never is not None, only_recorded=only_recorded)
    reads_as = _reads_as(body, integration) if integration else None
    compressed = sent_as(body.raw, body.content_type, body.headers)
    type_of_body, size = redacted(body.content_type), len(body.raw)
    return Arrival(name, type, service, type_of_body, size, compressed, reads_as=reads_as, only_recorded=only_recorded)


def _reads_as(body: Body, integration: IntegrationRef) -> str | None:
    """By what a body is read today: its integration may have been edited since it came. None: nobody can."""
    received = received_as(body.raw, headers={**body.headers, "content-type": body.content_type})
    try:
        value = decode(received)
    except Unreadable:
        return None
    if integration.mapping is not None and maps(value, received, integration):
        return "the mapping of its integration"
    own = DIALECTS[integration.type]
    if own.knows(value, received):
        return f"the dialect of {own.name}"
    other = dialect_of(value, received, but=own)
    if other is not None:
        return f"the dialect of {other.name}, which its integration is not of"
    if own is not DIALECTS[IntegrationType.GENERIC]:
        return f"what it has in common with the dialect of {own.name}"
    how = "its text as it stands" if isinstance(value, str) else "common words"
    return f"{how}, since no dialect knows it{', nor the mapping of its integration' if integration.mapping is not None else ''}"
