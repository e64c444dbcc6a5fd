"""An e-mail of ours comes back to the listener: its person is reached by the next way at once."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from aiosmtplib import SMTP, SMTPRecipientsRefused
from tests.channels.test_bounces import report
from tests.system import System, to

from oncall.channels.bounces import ReturnPath, return_path
from oncall.channels.values import PageMessage
from oncall.intake.commands.bounces import Bounces
from oncall.intake.smtp import Door, Listening, MailServer

RETURNS = return_path("oncall.test", ["secret-key-of-the-tests-0123456789abcdef"])


@pytest.fixture
async def server(system: System) -> AsyncIterator[MailServer]:
    node = system.node
    door = Door(node.gate, node.compilation, node.keys, node.clock, bounces=Bounces(RETURNS, node.database, node.clock))
    server = MailServer(Listening("127.0.0.1", 0, "oncall.test", None), door)
    await server.start()
    yield server
    await server.stop()


async def paged(system: System) -> tuple[str, str]:
    """Ana is paged by e-mail, and in ten minutes by a webhook; the incident, and the return path of the e-mail."""
    ana = await system.user("Ana", rules=(("high", "PT0S"),))
    hook = await system.make(f"users/{ana['id']}/contact-methods", channel="webhook", address="https://hooks.example.com/a", verified=True)
    await system.make(f"users/{ana['id']}/notification-rules", urgency="high", delay="PT10M", contact_method_id=hook["id"])
    service = await system.service([to(ana)], step_delay="PT30M")
    incident = (await system.event(service["key"]))["incident_id"]
    [page] = system.email.sent
    assert isinstance(page, PageMessage)
    return incident, RETURNS.address(page.notification_id)


async def comes_back(server: MailServer, address: str, content: bytes) -> None:
    async with SMTP(hostname="127.0.0.1", port=server.port, start_tls=False) as client:
        await client.sendmail("", [address], content)


async def test_what_comes_back_makes_the_next_way_due_once(system: System, server: MailServer) -> None:
    incident, address = await paged(system)
    for _ in range(2):
        await comes_back(server, address, report())
        await system.run_due()
    assert len(system.webhook.sent) == 1, "and not in ten minutes, and not twice"
    first, *_ = (await system.api.get(f"/api/v1/incidents/{incident}/notifications")).json()["items"]
    assert (first["status"], first["receipts"][0]["detail"]) == ("failed", "it came back: 5.1.1 550 5.1.1 no such user")
    assert any("did not arrive at Ana by email (a…@example.com): it came back" in line for line in await system.reasons(incident))


@pytest.mark.parametrize("content", [report(action="delayed"), b"Subject: Away\r\n\r\nI am on holiday.\r\n"])
async def test_anything_else_that_comes_there_changes_nothing(system: System, server: MailServer, content: bytes) -> None:
    incident, address = await paged(system)
    await comes_back(server, address, content)
    await system.run_due()
    assert system.webhook.sent == []
    assert len((await system.api.get("/api/v1/incidents")).json()["items"]) == 1, "nor is it an alert"
    assert not any(line.startswith("send_failed") for line in await system.reasons(incident))


async def test_a_return_path_that_somebody_made_up_is_an_unknown_address(system: System, server: MailServer) -> None:
    incident, _ = await paged(system)
    [page] = system.email.sent
    forged = ReturnPath("oncall.test", (b"guessed",)).address(page.notification_id)
    with pytest.raises(SMTPRecipientsRefused):
        await comes_back(server, forged, report())
    assert not any(line.startswith("send_failed") for line in await system.reasons(incident))


async def test_a_message_that_is_kept_no_longer_is_let_be(system: System, server: MailServer) -> None:
    incident, _ = await paged(system)
    await comes_back(server, RETURNS.address(UUID(int=5)), report())
    assert not any(line.startswith("send_failed") for line in await system.reasons(incident))
