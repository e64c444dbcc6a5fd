"""`oncall serve` with a port for mails: encrypted, shared by workers, drained, and silent about keys."""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtplib import SMTP
from httpx import AsyncClient
from tests.intake.smtp.wire import Wire
from tests.serving import Served, free_port, serving
from tests.system import System, to

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("database")]


async def address_at(api: AsyncClient) -> str:
    """The address of a new integration."""
    user = (await api.post("/api/v1/users", json={"name": "Ana", "email": "ana@example.com"})).json()
    steps = [{"delay": "PT5M", "targets": [{"type": "user", "id": user["id"]}]}]
    policy = (await api.post("/api/v1/escalation-policies", json={"name": "p", "steps": steps})).json()
    service = (await api.post("/api/v1/services", json={"name": "shop", "escalation_policy_id": policy["id"]})).json()
    answer = await api.post(f"/api/v1/services/{service['id']}/integrations", json={"name": "mail", "type": "email"})
    address: str = answer.json()["email"]
    return address


def letter(to: str, subject: str = "Disk") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "m@example.com", to, subject
    mail.set_content("full")
    return mail


async def titles(node: Served | System) -> list[str]:
    items: list[dict[str, Any]] = (await node.api.get("/api/v1/incidents?limit=100")).json()["items"]
    return sorted(incident["title"] for incident in items)


@asynccontextmanager
async def taking_mails(database_url: str, **env: str) -> AsyncIterator[tuple[Served, int]]:
    port = free_port()
    settings = {"ONCALL_SMTP_LISTEN": f"127.0.0.1:{port}", "ONCALL_SMTP_HOSTNAME": "Oncall.Example.com", "ONCALL_LOG_LEVEL": "DEBUG"}
    async with serving(database_url, env=settings | env) as served:
        yield served, port


async def test_mails_are_taken_after_starttls_and_the_log_knows_no_key(database_url: str, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    made = authority.issue_cert("oncall.example.com")
    made.private_key_pem.write_to_path(tmp_path / "key.pem")
    for blob in made.cert_chain_pems:
        blob.write_to_path(tmp_path / "cert.pem", append=True)
    tls = {"ONCALL_SMTP_TLS_CERT": str(tmp_path / "cert.pem"), "ONCALL_SMTP_TLS_KEY": str(tmp_path / "key.pem")}
    async with taking_mails(database_url, **tls) as (served, port):
        address = await address_at(served.api)
        assert address.endswith("@oncall.example.com")
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        async with SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
            assert (await client.ehlo()).message.splitlines()[0] == "oncall.example.com"
            await client.starttls(tls_context=context, server_hostname="oncall.example.com")
            await client.ehlo()
            assert not client.supports_extension("starttls")
            await client.send_message(letter(address, "encrypted"))
            await client.send_message(letter(address.upper(), "and once more"))
        wire = await Wire.connect(port)
        await wire.say("EHLO m")
        injected = await wire.say(f"STARTTLS\r\nMAIL FROM:<m@x>\r\nRCPT TO:<{address}>\r\nNOOP {address}")
        assert injected.startswith("220")
        wire.writer.write(b"this is no TLS\r\n" * 10)
        assert await wire.answer() == "", "what was said in the clear is not done"
        await wire.close()
        plain = await Wire.connect(port)
        assert (await plain.say(f"{address}")).startswith("500")
        await plain.close()
        assert await titles(served) == ["and once more", "encrypted"]
        assert address.partition("@")[0] not in served.log().lower()


async def test_sigterm_finishes_the_mail_that_is_being_taken(database_url: str, system: System) -> None:
    key = (await system.service([to(await system.user("Ana"))], type="email"))["key"]
    async with taking_mails(database_url) as (served, port):
        wire = await Wire.connect(port)
        await wire.envelope(f"{key}@oncall.example.com")
        wire.writer.write(b"Subject: the last\r\n")
        served.send(signal.SIGTERM)
        await asyncio.sleep(2)  # longer than the notice, so that the node is being stopped
        assert (await wire.say("\r\nfull\r\n.")).startswith("250")
        assert await served.ended() == 0
        await wire.close()
    assert await titles(system) == ["the last"]


async def test_workers_share_the_port(database_url: str, system: System) -> None:
    key = (await system.service([to(await system.user("Ana"))], type="email"))["key"]
    port = free_port()
    async with serving(database_url, env={"ONCALL_SMTP_LISTEN": f"127.0.0.1:{port}"}, workers=2) as served:
        async with asyncio.timeout(20):
            while served.log().count("mails are taken") < 2:
                await asyncio.sleep(0.05)
        for n in range(8):
            async with SMTP(hostname="127.0.0.1", port=port, start_tls=False) as client:
                await client.send_message(letter(f"{key}@oncall.example.com", f"disk {n}"))
        assert await titles(served) == [f"disk {n}" for n in range(8)]


async def test_an_engine_takes_no_mails(database_url: str) -> None:
    port = free_port()
    async with serving(database_url, role="engine", env={"ONCALL_SMTP_LISTEN": f"127.0.0.1:{port}"}):
        with pytest.raises(ConnectionRefusedError):
            await Wire.connect(port)


async def test_a_port_that_is_taken_ends_the_start_with_one_line(database_url: str) -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with serving(database_url, env={"ONCALL_SMTP_LISTEN": f"127.0.0.1:{port}"}, wait=False) as served:
        assert await served.ended() == 1
        assert served.log().strip() == f"oncall: cannot listen on 127.0.0.1 port {port} (ONCALL_SMTP_LISTEN): Address already in use"
    server.close()
