"""The whole system in one process, for tests that read like stories. The clock and the channels are fakes, everything else is real."""

import asyncio
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from httpx import ASGITransport, AsyncClient
from pydantic import SecretStr
from sqlalchemy import text

from oncall.app import Node
from oncall.channels.ports import Channel
from oncall.channels.values import BadAddress, BundleMessage, Message, NoticeMessage, Outcome, Sent
from oncall.communications.due.updates import UpdateDeliverer
from oncall.engine import DueSource
from oncall.kit.clock import ManualClock
from oncall.kit.compiled import CHECK_EVERY
from oncall.kit.db import Database, Pool
from oncall.kit.mail import check_mail_address
from oncall.kit.settings import PREFIX, Settings
from oncall.notifications.due import Sender
from oncall.webhooks.due import Deliverer

NEEDS = {
    "action_items": "action_items",
    "auto_close": "incident_records",
    "auto_resolve": "integrations WHERE auto_resolve_after IS NOT NULL",
    "calendars": "calendar_sources",
    "handoffs": "schedules",
    "heartbeats": "heartbeats",
    "incidents": "incidents WHERE next_at IS NOT NULL",
    "incidents.bridges": """(
        SELECT 1 FROM incidents WHERE NOT EXISTS (SELECT 1 FROM room_followers WHERE name = 'bridges')
        UNION ALL SELECT 1 FROM room_followers f JOIN timeline_entries t ON (t.xact, t.seq) > (f.xact, f.seq) WHERE f.name = 'bridges'
    ) AS happened""",
    "inquiries": "inquiries",
    "ledger": """attempts a WHERE NOT EXISTS (
        SELECT 1 FROM delivery_ledger l WHERE l.notification_id = a.notification_id AND l.number = a.number)""",
    "message_edits": "(SELECT 1 FROM message_edits UNION ALL SELECT 1 FROM list_standings WHERE is_new) AS edits",
    **{
        f"notifications.{channel}": f"notifications WHERE channel = '{channel}' AND next_at IS NOT NULL"
        for channel in ("email", "ntfy", "pushover", "slack", "sms", "telegram", "voice", "webhook")
    },
    "schedules": "schedules",
    "slas": "incident_records",
    "status_updates": "update_deliveries",
    "update_reminders": "(SELECT 1 FROM update_clocks UNION ALL SELECT 1 FROM incidents WHERE priority IS NOT NULL OR is_major) AS owed",
    "webhooks": "webhook_deliveries",
}
"""Sources that have nothing to do as long as there are no such rows: most of all, and most tests use a few of them."""
EVERY_TURN = {"auto_resolve": NEEDS["auto_resolve"], "listening": "heartbeats"}
"""Sources that never say when they are due, and have to be asked all the time while there are such rows."""
LOOK_ON = {"auditor", "coverage", "ledger", "measures"}
"""What these find out and write down makes nothing else due: they are asked when we have arrived, not on the way."""
BY_THE_CLOCK = {"auditor", "bodies", "coverage", "measures", "owed_postmortems", "webhook_log"}
"""Sources that look at nothing but the clock until it is time."""
IDLE = text(
    "SELECT array_remove(ARRAY["
    + ", ".join(f"CASE WHEN NOT EXISTS (SELECT 1 FROM {rows}) THEN '{name}' END" for name, rows in {**EVERY_TURN, **NEEDS}.items())
    + "], NULL)"
)

ADMIN_KEY = "admin-key-of-the-tests-0123456789abcdef"


@dataclass
class FakeChannel:
    """A channel without a wire: keeps what it was given, page updates by themselves; `outcomes` are answered in order, then everything is
    sent.
    """

    name: str
    sent: list[Message] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    always: Outcome | None = None
    takes_updates: bool = True
    rings: bool = False
    lacks: str | None = None
    updates: list[NoticeMessage] = field(default_factory=list)

    def check_address(self, address: str) -> str:
        try:
            return check_mail_address(address) if self.name == "email" else address.strip()
        except ValueError as error:
            raise BadAddress(str(error)) from error

    def signing_secret(self, address: str) -> str | None:
        return f"the secret of {address}" if self.name == "webhook" else None

    async def send(self, message: Message) -> Outcome:
        outcome = self.outcomes.pop(0) if self.outcomes else self.always or Sent(None, "accepted by the fake")
        if isinstance(message, NoticeMessage) and message.update:
            self.updates.append(message)
        else:
            self.sent.append(message)
        return outcome

    async def close(self) -> None:
        """Nothing is open."""


@cache
def settings_in(environment: tuple[tuple[str, str], ...]) -> Settings:
    """To read them takes longer than to make the node they are for."""
    return Settings(
        admin_key=SecretStr(ADMIN_KEY),
        secret_keys=(SecretStr("secret-key-of-the-tests-0123456789abcdef"),),
        public_url="http://oncall.test",
    )


class System:
    """`await system.event(...)`, `await system.advance(minutes=5)`, `system.pages()`: see tests/smoke."""

    def __init__(
        self, database: str | Database, clock: ManualClock, data_dir: Path, channels: Callable[[Settings], Iterable[Channel]] | None = None
    ) -> None:
        """`database`: the URL of one, or one that is open. `channels` are more of them, made for its settings."""
        self.clock = clock
        self._next_at: dict[str, datetime | None] = {}
        self._asked_at: dict[str, datetime] = {}
        self._idle: set[str] = set()
        self._looked = False
        self._later: asyncio.TimerHandle | None = None
        self.email, self.webhook = FakeChannel("email"), FakeChannel("webhook")
        settings = settings_in(tuple(item for item in os.environ.items() if item[0].startswith(PREFIX))).but(data_dir=data_dir)
        open = database if isinstance(database, Database) else Database(database)
        more = channels(settings) if channels else ()
        self.node = Node(settings, open, clock=clock, channels={c.name: c for c in (self.email, self.webhook, *more)})
        self.api = self.client({"Authorization": f"Bearer {ADMIN_KEY}"})
        self.api.app = self.node.app  # type: ignore[attr-defined]  # for tests that look at the routes

    def client(self, headers: dict[str, str] | None = None) -> AsyncClient:
        transport = ASGITransport(self.node.app, raise_app_exceptions=False)
        return AsyncClient(transport=transport, base_url="http://oncall.test", headers=headers or {})

    async def start(self) -> None:
        """As a node starts, but for the ticker: tests run what is due by hand. What is compiled is looked at when somebody asks for it, and
        by itself as often as always, but for the first time: most tests have ended by the second one.
        """
        self._later = asyncio.get_running_loop().call_later(CHECK_EVERY, self._keep_fresh)
        self.node.gate.start()

    def _keep_fresh(self) -> None:
        if not self.node.app.state.draining:
            self.node.compilation.start()

    async def stop(self) -> None:
        if self._later is not None:
            self._later.cancel()
        await self.api.aclose()
        await self.node.stop()

    # --- time ---------------------------------------------------------------------------------------------------------------

    async def run_due(self) -> None:
        """Do what is due now, sends included: each source is asked in turn, until all have had nothing to do since the last that had."""
        self._looked = False
        sources, quiet, n = self.node.sources, 0, 0
        while quiet < len(sources):
            source = sources[n % len(sources)]
            n, quiet = n + 1, quiet + 1
            while await self._ask(source):
                if source.name not in LOOK_ON:
                    quiet = 0
                    break

    async def _ask(self, source: DueSource) -> int:
        """Ask it, if it can have something to do, and wait until nothing of it is on the wire; returns how many rows were handled. Whoever
        was asked before, and has nothing to look at, is not asked again.
        """
        if not self._looked:
            async with self.node.database.transaction(Pool.API, read_only=True) as tx:
                self._idle = set((await tx.execute(IDLE)).scalar_one())
            self._looked = True
        if self._has_nothing_to_do(source.name):
            if source.name in NEEDS:
                self._next_at[source.name] = None
            return 0
        done = await source.run()
        self._next_at[source.name], self._asked_at[source.name] = done.next_at, self.clock.at
        if isinstance(source, Sender | Deliverer | UpdateDeliverer):
            await source.settle()
        if done.handled:
            self._looked = False
        return done.handled

    def _has_nothing_to_do(self, name: str) -> bool:
        if name in NEEDS and name in self._idle:
            return True
        asked_at, next_at = self._asked_at.get(name), self._next_at.get(name)
        if name in EVERY_TURN and name in self._idle and asked_at == self.clock.at:
            return True
        is_early = asked_at is not None and next_at is not None and asked_at <= self.clock.at < next_at
        return name in BY_THE_CLOCK and is_early

    async def advance(self, *, step: timedelta = timedelta(seconds=30), **by: float) -> None:
        """Move time on in small steps, doing what falls due on the way; where nothing is planned, steps are only taken by the clock."""
        left = timedelta(**by)
        asked_all = False
        while left > timedelta(0):
            self.clock.advance(min(step, left))
            left -= step
            on_the_way = [source for source in self.node.sources if self._may_be_due(source.name)] if left > timedelta(0) else []
            if left > timedelta(0) and asked_all and not on_the_way:
                continue
            # Only time has moved since all were asked: nobody is asked again on the way who said to come later.
            if left <= timedelta(0) or not asked_all or await self._ask_each(on_the_way):
                await self.run_due()
                asked_all = True

    async def _ask_each(self, sources: Iterable[DueSource]) -> bool:
        """Whether any of them had something to do."""
        self._looked = False
        return any([await self._ask(source) for source in sources])

    def _may_be_due(self, name: str) -> bool:
        if name in EVERY_TURN:
            return name not in self._idle
        next_at = self._next_at.get(name)
        return name not in LOOK_ON and next_at is not None and next_at <= self.clock.at

    # --- settings -----------------------------------------------------------------------------------------------------------

    async def make(self, path: str, **body: Any) -> dict[str, Any]:
        answer = await self.api.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def user(self, name: str, *, channel: str | None = "email", rules: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
        """A user with one verified contact method, and (urgency, delay) rules that name it."""
        email = f"{name.lower()}@example.com"
        user = await self.make("users", name=name, email=email)
        if channel:
            address = email if channel == "email" else f"https://hooks.example.com/{name.lower()}"
            method = await self.make(f"users/{user['id']}/contact-methods", channel=channel, address=address, verified=True)
            for urgency, delay in rules:
                await self.make(f"users/{user['id']}/notification-rules", urgency=urgency, delay=delay, contact_method_id=method["id"])
        return user

    async def service(self, *steps: list[dict[str, Any]], step_delay: str = "PT5M", type: str = "pagerduty", **more: Any) -> dict[str, Any]:
        """A service with a policy of these steps (each a list of targets), and an integration: {service, policy, key}."""
        policy_fields = {name: more.pop(name) for name in ("repeat", "exhausted_retry", "escalate_low", "team_id") if name in more}
        policy = await self.make(
            "escalation-policies", name="Payments", steps=[{"delay": step_delay, "targets": targets} for targets in steps], **policy_fields
        )
        service = await self.make("services", name="payments-api", escalation_policy_id=policy["id"], **more)
        integration = await self.make(f"services/{service['id']}/integrations", name="prod", type=type)
        return {"service": service, "policy": policy, "key": integration["key"], "integration": integration}

    # --- what happens -------------------------------------------------------------------------------------------------------

    async def event(
        self, key: str, dedup_key: str = "disk", *, action: str = "trigger", severity: str = "critical", summary: str = "Disk full"
    ) -> dict[str, Any]:
        """One event through the front door, and what it makes due at once. Returns the decision and incident id of the answer."""
        body = {"event_action": action, "dedup_key": dedup_key, "payload": {"summary": summary, "source": "db-1", "severity": severity}}
        answer = await self.api.post(f"/intake/{key}", json=body)
        assert answer.status_code == 202, answer.text
        await self.run_due()
        event: dict[str, Any] = answer.json()["events"][0]
        return event

    async def incident(self, id: str) -> dict[str, Any]:
        answer = await self.api.get(f"/api/v1/incidents/{id}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def reasons(self, id: str) -> list[str]:
        """The timeline as lines `kind: reason`."""
        answer = await self.api.get(f"/api/v1/incidents/{id}/timeline")
        return [f"{entry['kind']}: {entry['reason']}" for entry in answer.json()["items"]]

    def pages(self) -> list[str]:
        """Who was paged since the last call, in order, once for each incident; notices are no pages, and are forgotten with them."""
        messages = sorted(self.email.sent + self.webhook.sent, key=lambda m: m.notification_id.bytes)
        self.email.sent, self.webhook.sent = [], []
        pages = [(m.recipient, len(m.listed) if isinstance(m, BundleMessage) else 1) for m in messages if not isinstance(m, NoticeMessage)]
        return [recipient for recipient, incidents in pages for _ in range(incidents)]

    def updates(self) -> list[tuple[str, str]]:
        """(who, what was said) of the page updates since the last call, in order."""
        found = sorted(self.email.updates + self.webhook.updates, key=lambda m: m.notification_id.bytes)
        self.email.updates, self.webhook.updates = [], []
        return [(m.recipient, m.update.said) for m in found if m.update]


def to(user: dict[str, Any]) -> dict[str, Any]:
    return {"type": "user", "id": user["id"]}
