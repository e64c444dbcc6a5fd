"""By what events and incidents are judged: kept ready, and exact in each transaction that asks."""

from dataclasses import dataclass

from oncall.kit.compiled import Exact
from oncall.services.rules.routing import Routing
from oncall.silences.rules.muting import Mutings


@dataclass(frozen=True, slots=True)
class Judging:
    """What a transaction that may page must know of settings, as they are in that very transaction."""

    mutings: Exact[Mutings]
    routing: Exact[Routing]
