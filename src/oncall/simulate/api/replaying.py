"""REST for what rules would have done with the events of the past."""

from fastapi import APIRouter, Request

from oncall.access.api import Reader
from oncall.kit.ids import RoutingRuleId, new_id
from oncall.services.commands.proposing import RuleProposed
from oncall.silences.values.inhibitions import InhibitionId
from oncall.simulate.commands.proposals import Proposal
from oncall.simulate.commands.replaying import Asked, Replays
from oncall.simulate.schemas.replaying import ProposedIn, ReplayIn, ReplayOut
from oncall.simulate.values.replaying import EPOCH

router = APIRouter(prefix="/api/v1", tags=["routing"])


@router.post("/replay")
async def replay(body: ReplayIn, request: Request, caller: Reader) -> ReplayOut:
    """What rules would have done with stored events: today's rules beside what was recorded or, with anything `proposed`, that beside
    today's rules. Nothing is written and nobody is paged. One at a time on each node (429 for others).
    """
    replays: Replays = request.app.state.replays
    proposal = _proposal(body.proposed) if body.proposed else Proposal()
    return ReplayOut.of(await replays.replay(Asked(body.since, body.until, body.service_id, proposal), caller=caller))


def _proposal(said: ProposedIn) -> Proposal:
    return Proposal(
        None
        if said.routing_rules is None
        else [RuleProposed(one.to_rule(RoutingRuleId(new_id())), one.position, one.matches_everything) for one in said.routing_rules],
        None if said.services is None else {id: one.to_edited for id, one in said.services.items()},
        None if said.silences is None else [one.settings() for one in said.silences],
        None if said.maintenance_windows is None else [one.settings() for one in said.maintenance_windows],
        None if said.inhibitions is None else [one.to_inhibition(InhibitionId(new_id()), now=EPOCH) for one in said.inhibitions],
    )
