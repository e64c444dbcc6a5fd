"""What was read a moment ago of the very same request is not read again: in a storm monitors say the same few things over and over."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from starlette.responses import Response

from oncall.incidents.values import Body, Decided, Event
from oncall.kit.ids import EventId, new_id
from oncall.kit.quick import Copies
from oncall.services.values import IntegrationRef

KEPT = 1_024
"""Requests that are remembered."""

LARGEST = 8 * 1024
"""Bytes of a request that is remembered, and of its body once it is inflated."""


Told = Callable[[Sequence[Decided]], Response]
"""How the decisions of a request's events are told to its sender."""

Again = Callable[[Body], Event]
"""An event once more, in this body."""


@dataclass(slots=True)
class Known:
    """Whose request it was, by the digest of its key, the events in it, how their decisions are told, and the body, once it is stored."""

    digest: bytes
    integration: IntegrationRef
    events: Sequence[Event]
    told: Told
    body: Body | None = None
    _again: Sequence[Again] = field(init=False, default=())

    def __post_init__(self) -> None:
        self._again = [_again(event) for event in self.events]

    def once_more(self) -> list[Event]:
        """The same events, each with an id of its own, in the same body if it is stored already, or in one of their own."""
        body = self.body or replace(self.events[0].body, id=new_id(), stored_at=None)
        return [again(body) for again in self._again]

    def keep(self, body: Body, received_at: datetime) -> None:
        """It is stored: what comes in the same bytes until they are forgotten, in a moment, need not store it again."""
        self.body = replace(body, stored_at=received_at)


Said = tuple[int, Hashable]
"""All that a reading depends on: about when, and the request as it came."""


class Lately:
    """That an integration is still as it was, and that its sender proves what it must, is for the caller to see, each time."""

    def __init__(self) -> None:
        self._moment = 0
        self._known: dict[Hashable, Known] = {}

    def find(self, said: Said | None) -> Known | None:
        if said is None:
            return None
        moment, request = said
        if moment != self._moment:  # whatever was said before is not asked for again
            self._moment = moment
            self._known.clear()
        return self._known.get(request)

    def keep(self, said: Said | None, known: Known) -> None:
        """Not what a mapping read, which counts what it does, nor what nobody could read, which is logged each time."""
        is_odd = known.integration.mapping is not None or any(e.unreadable or len(e.body.raw) > LARGEST for e in known.events)
        if said is None or is_odd or said[0] != self._moment or self._known.get(said[1]) is known:
            return
        if len(self._known) >= KEPT:
            del self._known[next(iter(self._known))]
        self._known[said[1]] = known


def _again(event: Event) -> Again:
    if event.dedup_key == f"{event.id}":  # without a key each event is a problem of its own, by its id
        copies = Copies(event, "id", "body", "dedup_key")

        def own(body: Body) -> Event:
            id = EventId(new_id())
            return copies(id, body, f"{id}")

        return own
    copies = Copies(replace(event, like=event), "id", "body")
    return lambda body: copies(EventId(new_id()), body)
