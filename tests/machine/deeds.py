"""What monitors, people, time and bad luck may do, each by its name and with plain arguments, so that a story is a list that can be told
again. Where a deed finds nothing to be done to, nothing happens.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import text
from tests.machine.changing import Changing
from tests.machine.doing import JSON, Did
from tests.machine.reading import Rows
from tests.machine.setting import POLICIES
from tests.machine.wire import LEASE

from oncall.access.rules import read_link
from oncall.access.values import LinkToken
from oncall.channels.values import BundleMessage, NoticeMessage
from oncall.kit.ids import NotificationId
from oncall.notifications import receive
from oncall.notifications.values.receipts import Receipt, ReceiptState, UnknownMessage

STOPS = 12
"""Instants at which something falls due on the way of `lives`; where there are more, the rest is one leap."""

NEXT = text("""
    SELECT least((SELECT min(next_at) FROM incidents WHERE next_at > :now), (SELECT min(next_at) FROM notifications WHERE next_at > :now))
""")
TICKS = ("engine.post_claim", "engine.pre_commit", "send.post_claim", "send.post_wire", "send.pre_record")
ASKS = ("intake.pre_commit", "intake.post_commit", "ack.pre_commit")


class Deeds(Changing):
    """One story's deeds, done to the fleet."""

    async def do(self, name: str, args: JSON, rows: Rows) -> Did:
        self.rows, self.did = rows, Did(name, args)
        await getattr(self, name)(**args)
        return self.did

    # --- monitors -----------------------------------------------------------------------------------------------------------

    async def says(self, service: str, key: str, action: str = "trigger", severity: str = "critical", node: int = 0) -> None:
        payload = {"summary": f"{key} is wrong", "source": "db-1", "severity": severity}
        body = {"event_action": action, "dedup_key": key, "payload": payload}
        await self._ask(node, "POST", f"/intake/{self.setting.keys[service]}", body)

    async def floods(self, service: str, count: int, severity: str = "error", node: int = 0) -> None:
        """Many things are wrong at once."""
        for n in range(count):
            await self.says(service, f"flood-{n}", severity=severity, node=node)

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
        found: dict[tuple[Any, ...], str] = {}
        for call in self.fleet.providers.journal:
            page = call.message
            if isinstance(page, NoticeMessage) or not call.arrived:
                continue
            acknowledges = page.acknowledge_url or ""
            url = acknowledges if verb == "acknowledge" or isinstance(page, BundleMessage) else page.resolve_url or ""
            token = read_link(url.rpartition("/")[2], self.fleet.nodes[0].app.state.link_keys)
            if isinstance(page, BundleMessage):
                numbers = tuple(one.number for one in page.listed)
                found[numbers[-1], 0, 0, page.recipient, call.channel, call.at, numbers] = url.rpartition("/")[2]
            elif isinstance(token, LinkToken):
                found[page.number, token.cycle, token.round, page.recipient] = url.rpartition("/")[2]
        return [found[key] for key in sorted(found)]

    async def pages(self, whom: str, service: str, urgency: str, node: int = 0) -> None:
        """Somebody pages a person, or whoever is on call for the team, with no monitor having said anything."""
        field = "team_id" if whom == "core" else "user_id"
        body = {field: self.setting.ids[whom], "title": "come and see", "urgency": urgency, "service_id": self.setting.ids[service]}
        await self._ask(node, "POST", "/api/v1/pages", body)

    async def asks(self, n: int, people: list[str], node: int = 0) -> None:
        await self._verb(n, "responders", node, user_ids=[self.setting.ids[who] for who in people])

    async def answers_request(self, n: int, how: str, node: int = 0) -> None:
        """The n-th from the last that anybody made; `how`: accept, decline or, by whoever asked, withdraw."""
        its = self.rows.requests
        if its:
            one = its[-1 - n % len(its)]
            path = f"/api/v1/incidents/{one.incident_id}/responders/{one.id}"
            await (self._ask(node, "DELETE", path) if how == "withdraw" else self._ask(node, "POST", f"{path}/{how}"))

    # --- time ---------------------------------------------------------------------------------------------------------------

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

    async def receives(self, n: int, state: str, by: str) -> None:
        """A provider tells of the n-th from the last message that arrived, whatever it told before; `by`: our id, or its own."""
        calls = [(n, call) for n, call in enumerate(self.fleet.providers.journal) if call.arrived]
        if not calls:
            return
        calls.sort(key=lambda one: (one[1].at, one[1].message.address, one[1].message.attempt, one[0]))
        number, call = calls[-1 - n % len(calls)]
        id = NotificationId(call.id) if by == "ours" else f"{call.channel}-{number}"
        receipt = Receipt(ReceiptState(state), self.fleet.clock.at, "said by the fake")
        try:
            async with self.fleet.database.transaction() as tx:
                await receive(tx, id, receipt, channel=call.channel, now=self.fleet.clock.at)
        except UnknownMessage:
            pass  # it is not recorded yet

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
