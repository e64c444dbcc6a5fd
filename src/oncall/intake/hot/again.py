"""Requests that came a moment ago, to the byte, with all that reads a request left out: in a storm nearly all are of that kind."""

from starlette.datastructures import State

from oncall.incidents.values import Action, Decided
from oncall.intake.commands import Gate
from oncall.intake.hot.lately import Lately
from oncall.intake.hot.receiving import moment_of
from oncall.kit.again import Awaited
from oncall.kit.compiled import Compilation, Compiled
from oncall.kit.turns import Turns
from oncall.services.compiled import Keys


class Again:
    """What connections ask about whole requests. It says no whenever there is more to do for one than to hand its events over, and while
    others stand in line to be read: what says that a problem is over may be among them, and no repeat of it passes that.
    """

    def __init__(self, state: State, turns: Turns) -> None:
        self._turns = turns
        self._lately: Lately = state.lately
        self._gate: Gate = state.gate
        self._clock = state.clock
        self._compilation: Compilation = state.compilation
        self._keys: Compiled[Keys] = state.integration_keys

    def __call__(self, whole: bytes) -> Awaited[list[Decided]] | None:
        if not self._turns.is_free:
            return None
        known = self._lately.find((moment_of(self._clock), whole))
        keys = self._compilation.current(self._keys)
        if known is None or keys is None or keys.get(known.digest) is not known.integration or known.integration.authentication is not None:
            return None
        if any(event.action is Action.CHECK_IN for event in known.events):
            return None
        decided = self._gate.accept_now(known.once_more(), known.keep)
        return None if decided is None else Awaited(decided, known.told)
