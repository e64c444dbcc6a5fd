"""REST for the first diagnosis of an incident, and for what a new one may be another of."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from oncall.access.api import Reader
from oncall.incidents.api.change_events import Before, shown_changes
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands.beside import known_problems
from oncall.incidents.commands.context import context_of
from oncall.incidents.commands.similar import similar_incidents
from oncall.incidents.schemas.context import ContextOut, SimilarListed
from oncall.incidents.schemas.pages import Title
from oncall.incidents.values.context import LOOKED_BACK
from oncall.kit.http import ReadTx, now_in
from oncall.kit.ids import ServiceId

router = APIRouter(prefix="/api/v1", tags=["incidents"])


@router.get("/incidents/{incident}/context")
async def get_context(ref: Ref, request: Request, _: Reader, tx: ReadTx, before: Before = LOOKED_BACK) -> ContextOut:
    """Its alerts, what changed from `before` it was triggered on, incidents like it and how they ended, and what it depends on."""
    now = await now_in(request, tx)
    seen = await context_of(tx, ref, before=before, now=now)
    return ContextOut.of(seen, await shown_changes(tx, seen.changes), now=now)


@router.get("/similar-incidents")
async def list_similar(_: Reader, tx: ReadTx, title: Annotated[Title, Query()], service_id: ServiceId) -> SimilarListed:
    """What an incident with this title may be another of, the most alike first, and known problems that may be behind it: to be asked
    before it is logged.
    """
    return SimilarListed.of(await similar_incidents(tx, title, service_id), await known_problems(tx, title, service_id))
