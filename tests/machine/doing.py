"""What every deed needs: the fleet, the setting, what there was before, and what came of it as the outside sees it."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from httpx import Response
from tests.machine.fleet import Fleet
from tests.machine.reading import Incident, Rows
from tests.machine.setting import Setting

from oncall.access.values import BundleToken, LinkToken

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node answered; from one that died meanwhile nobody hears."""

    to: str
    status: int
    body: Any

    @property
    def changed(self) -> bool:
        return self.status == 200 and isinstance(self.body, dict) and bool(self.body.get("changed"))


@dataclass(slots=True)
class Did:
    """What a deed was, and what came of it as the outside sees it."""

    name: str
    args: JSON
    answers: list[Answer] = field(default_factory=list)
    rested: bool = False
    """A node did all that was due, and nobody died or stood still meanwhile."""
    pressed: LinkToken | BundleToken | None = None
    """What the link said that was pressed; None if none was, or it was none of ours."""
    waited: bool = False
    """What was done while a node stood still had to wait for that node's lock."""


class Doing:
    """How a deed is done to the fleet: what it may know, and whom it asks."""

    def __init__(self, fleet: Fleet, setting: Setting) -> None:
        self.fleet, self.setting = fleet, setting
        self.rows = Rows([], [], [], [], [], [], [], [], [], [])
        """As they were before this deed."""
        self.did = Did("", {})
        self._silence: str | None = None

    async def _ask(self, node: int, method: str, path: str, body: Any = None, **headers: str) -> Response:
        answer = await self.fleet.ask(node, method, path, body, **headers)
        said = answer.json() if answer.content and answer.headers.get("content-type", "").startswith("application/") else answer.text
        self.did.answers.append(Answer(f"{method} {path}", answer.status_code, said))
        return answer

    def _incident(self, n: int) -> Incident | None:
        """The n-th from the last."""
        its = self.rows.incidents
        return its[-1 - n % len(its)] if its else None

    async def _verb(self, n: int, verb: str, node: int, who: str | None = None, **body: Any) -> None:
        incident = self._incident(n)
        if incident is not None:
            person = {"user_id": self.setting.ids[who]} if who else {}
            await self._ask(node, "POST", f"/api/v1/incidents/{incident.id}/{verb}", body | person)

    async def passes(self, seconds: int) -> None:
        """Nobody does anything meanwhile: all nodes are away."""
        self.fleet.clock.advance(timedelta(seconds=seconds))
