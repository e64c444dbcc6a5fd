"""Check-ins that come as other tools send them: by the name of a heartbeat in the integration's service."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request

from oncall.heartbeats.commands.check_ins import CheckIns
from oncall.incidents.values import Action, Event

NAMED = "heartbeat="
"""How a dedup key of a check-in begins; then comes the name."""

NOBODY_WAITS = "no heartbeat of this name exists in the service: recorded, and nobody is paged if the next one stays away"


async def checked_in(request: Request, events: Sequence[Event]) -> list[Event]:
    """The events, of which those that check in say what came of it. A check-in is stored when this returns, before its event is: what is
    answered after both is never lost, and one that comes again does no harm.
    """
    check_ins: CheckIns = request.app.state.check_ins
    return [await _checked_in(check_ins, event) if event.action is Action.CHECK_IN else event for event in events]


async def _checked_in(check_ins: CheckIns, event: Event) -> Event:
    name = event.dedup_key.removeprefix(NAMED)
    found = await check_ins.by_name(event.service_id, name, via=event.integration_name)
    if found is None:
        return replace(event, reason=NOBODY_WAITS)
    return replace(event, reason=f"heartbeat {found.name} checked in")
