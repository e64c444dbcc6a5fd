"""A listener beside the whole system, and clients that speak to it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtplib import SMTP
from tests.intake.smtp.wire import Wire
from tests.system import System, to

from oncall.intake.smtp import Door, Listening, MailServer
from oncall.kit.limits import FailureLimiter


@dataclass
class Mailbox:
    """One integration's address at a listening node."""

    system: System
    server: MailServer
    key: str
    wires: list[Wire] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.key}@oncall.test"

    async def send(self, subject: str, text: str = "The disk is full.", *, to: list[str] | None = None, **headers: str) -> str:
        """A mail by a real client; its answer to DATA. Raises what the client raises."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "Monitor <m@example.com>", ", ".join(to or [self.address]), subject
        for name, said in headers.items():
            mail[name.replace("_", "-")] = said
        mail.set_content(text)
        async with SMTP(hostname="127.0.0.1", port=self.server.port, start_tls=False) as client:
            _, answer = await client.send_message(mail, sender="m@example.com", recipients=to or [self.address])
        await self.system.run_due()
        return answer

    async def wire(self) -> Wire:
        """A connection, which the end of the test closes."""
        self.wires.append(await Wire.connect(self.server.port))
        return self.wires[-1]

    async def incidents(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.system.api.get("/api/v1/incidents?limit=100")).json()["items"]
        return items

    async def events(self) -> list[dict[str, Any]]:
        """What was recorded, first things first."""
        items: list[dict[str, Any]] = (await self.system.api.get("/api/v1/events?limit=100")).json()["items"]
        return sorted(items, key=lambda event: event["id"])


def listening(system: System, **more: Any) -> MailServer:
    """A listener on any free port of a system; `listening` and `limiter` may be given."""
    node = system.node
    door = Door(node.gate, node.compilation, node.keys, node.clock, more.get("limiter") or FailureLimiter())
    return MailServer(more.get("listening") or Listening("127.0.0.1", 0, "oncall.test", None), door)


@pytest.fixture
async def mailbox(system: System) -> AsyncIterator[Mailbox]:
    ana = await system.user("Ana", rules=(("high", "PT0S"),))
    made = await system.service([to(ana)], type="email")
    server = listening(system)
    await server.start()
    mailbox = Mailbox(system, server, made["key"])
    yield mailbox
    for wire in mailbox.wires:
        await wire.close()
    await server.stop()
