"""What monitors, people, time and bad luck may do, each by its name and with plain arguments, so that a story is a list that can be told
again. Where a deed finds nothing to be done to, nothing happens.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from httpx import Response
from sqlalchemy import text
from tests.machine.fleet import Fleet
from tests.machine.reading import Incident, Rows
from tests.machine.setting import POLICIES, Setting
from tests.machine.wire import LEASE

from oncall.access.rules import read_link
from oncall.access.values import LinkToken
from oncall.channels.values import PageMessage

JSON = dict[str, Any]

STOPS = 12
"""Instants at which something falls due on the way of `lives`; where there are more, the rest is one leap."""

NEXT = text("""
    SELECT least((SELECT min(next_at) FROM incidents WHERE next_at > :now), (SELECT min(next_at) FROM notifications WHERE next_at > :now))
""")
TICKS = ("engine.post_claim", "engine.pre_commit", "send.post_claim", "send.post_wire", "send.pre_record")
ASKS = ("intake.pre_commit", "intake.post_commit", "ack.pre_commit")


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
    pressed: LinkToken | None = None
    """What the link said that was pressed; None if none was, or it was none of ours."""
    waited: bool = False
    """What was done while a node stood still had to wait for that node's lock."""


class Deeds:
    """One story's deeds, done to the fleet."""

    def __init__(self, fleet: Fleet, setting: Setting) -> None:
        self.fleet, self.setting = fleet, setting
        self.rows = Rows([], [], [], [], [], [], [])
        """As they were before this deed."""
        self.did = Did("", {})
        self._silence: str | None = None

    async def do(self, name: str, args: JSON, rows: Rows) -> Did:
        self.rows, self.did = rows, Did(name, args)
        await getattr(self, name)(**args)
        return self.did

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

    # --- monitors -----------------------------------------------------------------------------------------------------------

    async def says(self, service: str, key: str, action: str = "trigger", severity: str = "critical", node: int = 0) -> None:
        payload = {"summary": f"{key} is wrong", "source": "db-1", "severity": severity}
        body = {"event_action": action, "dedup_key": key, "payload": payload}
        await self._ask(node, "POST", f"/intake/{self.setting.keys[service]}", body)

    # --- people -------------------------------------------------------------------------------------------------------------

    async def acknowledges(self, n: int, who: str, node: int = 0) -> None:
        await self._verb(n, "acknowledge", node, who)

    async def both_acknowledge(self, n: int, one: str, other: str) -> None:
        await asyncio.gather(self._verb(n, "acknowledge", 0, one), self._verb(n, "acknowledge", 1, other))

    async def unacknowledges(self, n: int, who: str, node: int = 0) -> None:
        await self._verb(n, "unacknowledge", node, who)

    async def resolves(self, n: int, who: str, node: int = 0) -> None:
        await self._verb(n, "resolve", node, who)

    async def reopens(self, n: int, who: str, node: int = 0) -> None:
        await self._verb(n, "reopen", node, who)

    async def snoozes(self, n: int, who: str, minutes: int, node: int = 0) -> None:
        await self._verb(n, "snooze", node, who, duration=f"PT{minutes}M")

    async def escalates(self, n: int, who: str, level: int | None = None, node: int = 0) -> None:
        await self._verb(n, "escalate", node, who, level=level)

    async def reassigns(self, n: int, to: str, node: int = 0) -> None:
        """To a person or to a policy."""
        field = "escalation_policy_id" if to in POLICIES else "user_id"
        await self._verb(n, "reassign", node, **{field: self.setting.ids[to]})

    async def takes_policy_anew(self, n: int, who: str, node: int = 0) -> None:
        await self._verb(n, "resnapshot", node, who)

    async def merges(self, n: int, into: int, node: int = 0) -> None:
        source = self._incident(n)
        if source is not None:
            await self._verb(into, "merge", node, incidents=[str(source.id)])

    async def does_to_many(self, verb: str, who: str, node: int = 0) -> None:
        """To the last three at once."""
        ids = [str(incident.id) for incident in self.rows.incidents[-3:]]
        if ids:
            more = {"duration": "PT10M"} if verb == "snooze" else {}
            body = {"ids": ids, "action": verb, "user_id": self.setting.ids[who], **more}
            await self._ask(node, "POST", "/api/v1/incidents/bulk", body)

    async def presses(self, n: int, verb: str, forged: bool = False, node: int = 0) -> None:
        """The n-th from the last link that anybody was sent; `forged`: one sign of it is another."""
        links = self._links(verb)
        if not links:
            return
        link = links[-1 - n % len(links)]
        if forged:
            at = len(link) // 2
            link = link[:at] + ("A" if link[at] != "A" else "B") + link[at + 1 :]
        self.did.pressed = read_link(link, self.fleet.nodes[node].app.state.link_keys)
        await self._ask(node, "POST", f"/l/{link}")

    def _links(self, verb: str) -> list[str]:
        """Each once, in an order that is the same in every telling."""
        pages = [call.message for call in self.fleet.providers.journal if isinstance(call.message, PageMessage) and call.arrived]
        found: dict[tuple[Any, ...], str] = {}
        for page in pages:
            url = (page.acknowledge_url if verb == "acknowledge" else page.resolve_url) or ""
            token = read_link(url.rpartition("/")[2], self.fleet.nodes[0].app.state.link_keys)
            if token is not None:
                found[page.number, token.cycle, token.round, page.recipient] = url.rpartition("/")[2]
        return [found[key] for key in sorted(found)]

    # --- settings -----------------------------------------------------------------------------------------------------------

    async def covers(self, who: str, hours: int, node: int = 0) -> None:
        """Somebody takes the shift, from now on for so many hours."""
        start = (self.fleet.clock.at + timedelta(seconds=1)).replace(microsecond=0)
        body = {"start": start.isoformat(), "end": (start + timedelta(hours=hours)).isoformat(), "user_id": self.setting.ids[who]}
        await self._ask(node, "POST", f"/api/v1/schedules/{self.setting.ids['primary']}/overrides", body)

    async def rotates(self, people: list[str], node: int = 0) -> None:
        """The schedule names other people; nobody: a gap. At that very second nobody else is paged by it."""
        await self.passes(1)
        named = [{"type": "user", "id": self.setting.ids[who]} for who in people] or [{"type": "vacant"}]
        rotation = {"unit": "day", "count": 1, "starts_at": "2026-03-01T13:00:00"}
        layers = [{"name": "by day", "participants": named, "rotation": rotation}]
        path = f"/api/v1/schedules/{self.setting.ids['primary']}"
        await self._ask(node, "PATCH", path, {"layers": layers}, **{"If-Match": "*"})

    async def edits(self, policy: str, shape: str, node: int = 0) -> None:
        """A policy becomes shorter or longer, or begins with a step that reaches nobody; or is as it was."""
        its = self.setting.policy(policy)
        match shape:
            case "short":
                its["steps"] = its["steps"][-1:]
            case "long":
                its["steps"] = [*its["steps"], self.setting.step("ana", delay="PT1M")]
            case "nobody":
                its["steps"] = [self.setting.step("dan"), *its["steps"]]
        await self._ask(node, "PUT", f"/api/v1/escalation-policies/{self.setting.ids[policy]}", its, **{"If-Match": "*"})

    async def deletes(self, what: str, node: int = 0) -> None:
        """A person, a schedule or a policy; refused while others need it. At that very second nobody else is paged."""
        await self.passes(1)
        path = "escalation-policies" if what in POLICIES else "schedules" if what in {"primary", "empty"} else "users"
        await self._ask(node, "DELETE", f"/api/v1/{path}/{self.setting.ids[what]}")

    async def loses(self, who: str, channel: str, node: int = 0) -> None:
        """An address is taken away; who has none there has none to lose."""
        id = self.setting.ids.get(f"{who}-{channel}")
        if id is not None:
            await self._ask(node, "DELETE", f"/api/v1/users/{self.setting.ids[who]}/contact-methods/{id}")

    async def mutes(self, service: str, minutes: int, node: int = 0) -> None:
        end = self.fleet.clock.at + timedelta(minutes=minutes)
        body = {"matchers": [], "matches_everything": True, "service_id": self.setting.ids[service], "comment": "known"}
        made = await self._ask(node, "POST", "/api/v1/silences", body | {"ends_at": end.isoformat()})
        self._silence = made.json().get("id")

    async def unmutes(self, node: int = 0) -> None:
        if self._silence is not None:
            await self._ask(node, "POST", f"/api/v1/silences/{self._silence}/expire")

    # --- time ---------------------------------------------------------------------------------------------------------------

    async def passes(self, seconds: int) -> None:
        """Nobody does anything meanwhile: all nodes are away."""
        self.fleet.clock.advance(timedelta(seconds=seconds))

    async def ticks(self, node: int = 0) -> None:
        await self.fleet.tick(node)
        self.did.rested = True

    async def lives(self, seconds: int, node: int = 0) -> None:
        """So much time passes, and a node does everything in its time."""
        until = self.fleet.clock.at + timedelta(seconds=seconds)
        for _ in range(STOPS):
            await self.fleet.tick(node)
            async with self.fleet.database.transaction(read_only=True) as tx:
                at = (await tx.execute(NEXT, {"now": self.fleet.clock.at})).scalar_one()
            if at is None or at >= until:
                break
            self.fleet.clock.at = at
        self.fleet.clock.at = until
        await self.ticks(node)

    # --- bad luck -----------------------------------------------------------------------------------------------------------

    async def provides(self, channel: str, mode: str) -> None:
        """From now on this provider behaves like that; whoever waits for an answer still does."""
        self.fleet.providers.modes[channel] = mode

    async def answers(self) -> None:
        """The slow providers answer at last."""
        self.fleet.providers.answer()
        await self.fleet.rest()

    async def dies(self, node: int, at: str, n: int = 0) -> None:
        """A node is killed at a failpoint, and another one starts in its place. The one who asked hears nothing."""
        doing: Callable[[], Awaitable[object]] = partial(self.fleet.tick, node)
        if at.startswith("intake."):
            doing = partial(self.says, "payments", f"k{n % 3}", node=node)
        elif at.startswith("ack."):
            doing = partial(self.acknowledges, n, "ana", node)
        await self.fleet.crash(node, at, doing)
        self.did.answers = [answer for answer in self.did.answers if answer.status < 500]

    async def restarts(self) -> None:
        """All nodes are killed at once, and start anew."""
        for node in (0, 1):
            await self.fleet.replace(node)

    async def stands_still(self, node: int, at: str, meanwhile: str, n: int = 0) -> None:
        """A node stands still in its work, for as long as something else takes; then it goes on as if nothing had been."""
        other = 1 - node
        deeds: dict[str, Callable[[], Awaitable[object]]] = {
            "acknowledges": partial(self.acknowledges, n, "ben", other),
            "resolves": partial(self.resolves, n, "ben", other),
            "snoozes": partial(self.snoozes, n, "ben", 10, other),
            "says": partial(self.says, "payments", f"k{n % 3}", node=other),
            "deletes": partial(self.deletes, "ana", node=other),
            "loses": partial(self.loses, "ana", "email", node=other),
            "ticks": partial(self.fleet.tick, other),
            "overtakes": partial(self._overtakes, other),
        }
        self.did.waited = await self.fleet.hold(at, partial(self.fleet.tick, node), deeds[meanwhile])
        await self.fleet.rest()

    async def _overtakes(self, node: int) -> None:
        """The lease runs out, and another node does what was left."""
        await self.passes(int(LEASE.total_seconds()) + 1)
        await self.fleet.tick(node)
