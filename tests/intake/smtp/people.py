"""A service to which people write, over a real connection, and what they find in their mailbox."""

import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtplib import SMTP
from tests.incidents.acting import Responder, responder
from tests.intake.smtp.wire import Wire
from tests.system import System, to

from oncall.channels.answers import Answers
from oncall.channels.values import NoticeMessage
from oncall.incidents.commands.following import REPORTERS
from oncall.incidents.commands.letters import Desk
from oncall.incidents.commands.reporters import asking
from oncall.intake.commands.people import People
from oncall.intake.smtp import Door, Listening, MailServer
from oncall.kit.db import Database
from oncall.timeline import tell_entries_to

JSON = dict[str, Any]
KIM = "Kim Ng <Kim@Customer.example>"
OURS = "oncall@oncall.test"
KEY = b"secret-key-of-the-tests-0123456789abcdef"
ANSWERS = Answers("oncall.test", True, (KEY,))


@dataclass
class Front:
    """The service desk's address at a listening node."""

    system: System
    server: MailServer
    service: JSON
    key: str
    ana: Responder
    sent: int = field(default=0)

    @property
    def address(self) -> str:
        return f"{self.key}@oncall.test"

    async def send(
        self, subject: str, text: str = "Since noon.", *, by: str = KIM, at: str | None = None, sender: str | None = None, **headers: str
    ) -> str:
        """A mail to the desk, or to another address of ours; the answer to it. Raises what the client raises."""
        self.sent += 1
        mail = EmailMessage()
        headers = {"Message-ID": f"<{self.sent}@customer.example>"} | {name.replace("_", "-"): said for name, said in headers.items()}
        mail["From"], mail["To"], mail["Subject"] = by, self.address, subject
        for name, said in headers.items():
            mail[name] = said
        mail.set_content(text)
        return await self.raw(mail.as_bytes(), at=at, sender="kim@customer.example" if sender is None else sender)

    async def raw(self, content: bytes, *, at: str | None = None, sender: str = "kim@customer.example") -> str:
        async with SMTP(hostname="127.0.0.1", port=self.server.port, start_tls=False) as client:
            _, answer = await client.sendmail(sender, [at or self.address], content)
        await self.system.run_due()
        return answer

    async def wire_says(self, line: str) -> str:
        """The answer to one command, after a greeting and a sender."""
        wire = await Wire.connect(self.server.port)
        await wire.say("EHLO m")
        await wire.say("MAIL FROM:<kim@customer.example>")
        answer = await wire.say(line)
        await wire.close()
        return answer

    async def incidents(self) -> list[JSON]:
        items: list[JSON] = (await self.system.api.get("/api/v1/incidents?limit=100")).json()["items"]
        return sorted(items, key=lambda one: one["number"])

    async def notes(self, id: str) -> list[tuple[str, str]]:
        """Who wrote what."""
        items = (await self.system.api.get(f"/api/v1/incidents/{id}/notes")).json()["items"]
        return [(one["author"]["name"], one["text"]) for one in items]

    async def events(self) -> list[tuple[str, str]]:
        """What is recorded: decision and reason."""
        items = (await self.system.api.get("/api/v1/events?limit=100")).json()["items"]
        return [(one["decision"], one["reason"]) for one in sorted(items, key=lambda one: one["id"])]

    def letters(self) -> list[NoticeMessage]:
        """What reporters were sent since the last call."""
        found = [one for one in self.system.email.sent if isinstance(one, NoticeMessage) and one.kind == "reporter"]
        self.system.email.sent.clear()
        return found


def words_of(letter: NoticeMessage) -> str:
    return "\n".join((letter.recipient, letter.subject, *letter.paragraphs))


def word_in(letter: NoticeMessage) -> str:
    found = re.search(r"\[#\d+-[0-9a-f]{12}\]", letter.subject)
    assert found, letter.subject
    return found[0]


def reply_to(letter: NoticeMessage) -> str:
    assert letter.thread is not None
    assert letter.thread.reply_to is not None
    return letter.thread.reply_to


async def listening_desk(system: System, *, kind: str = "customer", database: Database | None = None, **service: Any) -> Front:
    """Ana is on duty for a service to which people write; `database` is where that is logged, if not the system's own."""
    ana = await system.user("Ana", rules=(("high", "PT0S"),))
    made = await system.service([to(ana)], type="email", **({"process": "itil"} | service))
    integration, its = made["integration"], made["service"]
    path = f"/api/v1/services/{its['id']}/integrations/{integration['id']}"
    version = (await system.api.get(path)).headers["etag"]
    edited = await system.api.put(path, json={"reporter_kind": kind}, headers={"If-Match": version})
    assert edited.status_code == 200, edited.text
    node = system.node
    desk = Desk("http://oncall.test", [KEY], ANSWERS)
    tell_entries_to(REPORTERS, asking(desk))  # as a node does that listens
    door = Door(node.gate, node.compilation, node.keys, node.clock, people=People(desk, database or node.database, node.clock, ours=OURS))
    server = MailServer(Listening("127.0.0.1", 0, "oncall.test", None), door)
    await server.start()
    return Front(system, server, its, made["key"], await responder(system, "Ana"))
