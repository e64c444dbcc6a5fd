"""Mails over real sockets: taken is what is committed, and every answer says what to do."""

import asyncio
import tracemalloc
from typing import Any

import aiosmtplib
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.intake.postgres_proxy import PostgresProxy
from tests.intake.smtp.conftest import Mailbox, listening
from tests.intake.smtp.wire import Wire
from tests.system import System, to

from oncall.intake.commands import gate
from oncall.intake.commands.showing import NEVER_KEPT
from oncall.intake.smtp import Door, Listening, MailServer, server, session
from oncall.intake.smtp.door import key_in
from oncall.kit.compiled import CONFIGURATION, Compilation
from oncall.kit.db import Database
from oncall.kit.limits import FailureLimiter
from oncall.services.commands import integration_keys

NOBODY = "550 5.1.1 No integration has this address: copy it again, or make a new integration.\r\n"
BODIES = text("SELECT raw, content_type FROM event_bodies ORDER BY id")


async def test_a_mail_pages_and_its_recovery_resolves(mailbox: Mailbox) -> None:
    answer = await mailbox.send("[PROBLEM] Disk of db-1", Message_ID="<1@m>")
    (event,) = await mailbox.events()
    assert answer == f"2.0.0 Taken as {event['id']}"
    assert mailbox.system.pages() == ["Ana"]
    (incident,) = await mailbox.incidents()
    assert (incident["title"], incident["status"]) == ("Disk of db-1", "triggered")
    await mailbox.send("[RECOVERY] Disk of db-1", Message_ID="<2@m>")
    (incident,) = await mailbox.incidents()
    assert incident["status"] == "resolved"


async def test_a_mail_that_comes_twice_counts_once(mailbox: Mailbox) -> None:
    for _ in range(2):
        await mailbox.send("Disk", Message_ID="<1@m>")
    assert [event["decision"] for event in await mailbox.events()] == ["opened", "duplicate_delivery"]


@pytest.mark.parametrize(
    "written",
    [
        "{key}@oncall.test",
        "{KEY}@ONCALL.TEST",
        "monitors+{key}@example.com",
        "{key}+db-1@example.com",
        "monitors+{KEY}+db-1@example.com",
        "a+b+{Key}@relay.local",
        '"{key}"@oncall.test',
        "{key}@[127.0.0.1]",
        "{key}",
    ],
)
async def test_an_address_is_its_key_however_it_is_written(mailbox: Mailbox, written: str) -> None:
    key = mailbox.key
    wire = await mailbox.wire()
    assert (await wire.envelope(written.format(key=key, KEY=key.upper(), Key=key.title()))).startswith("354")
    assert (await wire.say("Subject: Disk\r\n\r\nfull\r\n.")).startswith("250")
    assert [incident["title"] for incident in await mailbox.incidents()] == ["Disk"]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("Ab9@x", "ab9"),
        ("a+Ab9@x", "ab9"),
        ("a+b+c@x", "c"),
        (f"a+{'K7' * 16}+c@x", "k7" * 16),
        (f"{'k7' * 16}+@x", "k7" * 16),
        (f"{'k7' * 16}+{'k8' * 16}@x", "k8" * 16),
        (f"{'k7' * 16}-tag@x", "k7" * 16 + "-tag"),
        ('"k"@x', "k"),
        ("k", "k"),
        ("", ""),
        ("@x", "@x"),
        ("a@b@c", "a@b"),
        ("k+@x", ""),
    ],
)
def test_the_key_in_an_address(address: str, key: str) -> None:
    assert key_in(address) == key


async def test_a_mail_for_two_integrations_is_an_event_for_each_and_one_for_each_however_often_named(mailbox: Mailbox) -> None:
    other = await mailbox.system.service([to(await mailbox.system.user("Ben", rules=(("high", "PT0S"),)))], type="generic")
    both = [mailbox.address, f"{other['key']}@oncall.test", mailbox.address.upper()]
    await mailbox.send("Disk", to=both)
    assert sorted(mailbox.system.pages()) == ["Ana", "Ben"]
    assert len(await mailbox.events()) == 2


async def test_one_unknown_address_among_known_ones_refuses_only_itself(mailbox: Mailbox) -> None:
    await mailbox.send("Disk", to=["nobody@oncall.test", mailbox.address])
    assert mailbox.system.pages() == ["Ana"]


async def test_an_address_that_nobody_has_is_refused_with_what_to_do_and_leaves_nothing(mailbox: Mailbox) -> None:
    for unknown in ("nobody@oncall.test", f"{'x' * 32}@oncall.test", f"{mailbox.key}x@oncall.test", "ü@example.com", "a b@c"):
        wire = await mailbox.wire()
        await wire.say("EHLO m")
        await wire.say("MAIL FROM:<m@example.com>")
        assert await wire.say(f"RCPT TO:<{unknown}>") == NOBODY
        assert (await wire.say("DATA")).startswith("503 5.5.1 First say whom")
    assert await mailbox.events() == []


async def test_an_integration_made_a_moment_ago_through_another_node_has_its_address_already(mailbox: Mailbox) -> None:
    system = mailbox.system
    service = (await system.api.get("/api/v1/services")).json()["items"][0]
    body = {"name": "new", "type": "email"}
    made = (await system.api.post(f"/api/v1/services/{service['id']}/integrations", json=body)).json()  # and nothing is refreshed
    await mailbox.send("Disk", to=[f"{made['key']}@oncall.test"])
    assert system.pages() == ["Ana"]


async def test_who_asks_for_many_unknown_addresses_waits_but_a_known_one_is_taken(mailbox: Mailbox) -> None:
    limited = listening(mailbox.system, limiter=FailureLimiter(limit=2))
    await mailbox.system.node.compilation.refresh()
    await limited.start()
    wire = await Wire.connect(limited.port)
    await wire.say("EHLO m")
    await wire.say("MAIL FROM:<>")
    answers = [await wire.say(f"RCPT TO:<nobody{n}@oncall.test>") for n in range(4)]
    assert [answer[:3] for answer in answers] == ["550", "550", "450", "450"]
    assert "try again in 60 seconds" in answers[-1]
    assert (await wire.say(f"RCPT TO:<{mailbox.address}>")).startswith("250")
    await wire.close()
    await limited.stop()


def counted(outcome: str) -> float:
    return REGISTRY.get_sample_value("oncall_mails_total", {"outcome": outcome}) or 0


async def test_a_refused_mail_is_counted_and_told_in_the_log_but_not_without_end(mailbox: Mailbox) -> None:
    """And neither line holds an address."""
    service = (await mailbox.system.api.get("/api/v1/services")).json()["items"][0]
    proof = {"scheme": "bearer", "token": "correct-horse"}
    made = await mailbox.system.make(f"services/{service['id']}/integrations", name="asks", type="generic", authentication=proof)
    before = {outcome: counted(outcome) for outcome in ("taken", "unproven", "unknown_address", "too_many_unknown")}
    wire = await mailbox.wire()
    await wire.say("EHLO m")
    await wire.say("MAIL FROM:<>")
    with capture_logs() as logs:
        for n in range(25):
            await wire.say(f"RCPT TO:<{made['key']}@oncall.test>")
            await wire.say(f"RCPT TO:<k7k7{n}secretsecret@oncall.test>")
    await mailbox.send("Disk")
    assert {outcome: counted(outcome) - n for outcome, n in before.items()} == {
        "taken": 1, "unproven": 25, "unknown_address": 20, "too_many_unknown": 5,
    }  # fmt: skip
    said = [line for line in logs if line["log_level"] == "warning"]
    unproven = [line for line in said if line.get("integration") == "asks"]
    unknown = [line for line in said if line.get("begins") == "k7k7"]
    assert (len(said), len(unproven), len(unknown)) == (40, 20, 20)
    assert {line["network"] for line in said} == {"127.0.0.1"}
    assert "secret" not in str(logs)
    assert made["key"] not in str(logs)


@pytest.mark.parametrize(("type", "answer"), [("generic", "550 5.7.1 This integration asks its senders to prove"), ("email", "250")])
async def test_who_must_prove_themselves_cannot_by_mail(mailbox: Mailbox, type: str, answer: str) -> None:
    service = (await mailbox.system.api.get("/api/v1/services")).json()["items"][0]
    proof = {"scheme": "basic", "username": "m", "password": "correct-horse"}
    made = await mailbox.system.make(f"services/{service['id']}/integrations", name="x", type=type, authentication=proof)
    wire = await mailbox.wire()
    await wire.say("EHLO m")
    await wire.say("MAIL FROM:<>")
    assert (await wire.say(f"RCPT TO:<{made['key']}@oncall.test>")).startswith(answer)


async def test_a_deleted_integration_has_no_address_any_more(mailbox: Mailbox) -> None:
    (service,) = (await mailbox.system.api.get("/api/v1/services")).json()["items"]
    (integration,) = (await mailbox.system.api.get(f"/api/v1/services/{service['id']}/integrations")).json()["items"]
    await mailbox.system.api.delete(f"/api/v1/services/{service['id']}/integrations/{integration['id']}")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused, match="550"):
        await mailbox.send("Disk")


SIZE = 4 * 1024 * 1024 + 1


@pytest.mark.parametrize(
    ("announced", "details"),
    [
        (f" SIZE={SIZE}", {"announced_size": SIZE}),
        ("", {"subject": "Report to [redacted]", "from": "NAS <nas@example.com>"}),
    ],
)
async def test_more_than_4_mib_are_refused_announced_or_not_and_an_alert_says_so(
    mailbox: Mailbox, announced: str, details: dict[str, Any]
) -> None:
    wire = await mailbox.wire()
    await wire.say("EHLO m")
    await wire.say(f"MAIL FROM:<m@example.com>{announced}")
    answer = await wire.say(f"RCPT TO:<{mailbox.address}>")
    if not announced:
        await wire.say("DATA")
        head = f"From: NAS <nas@example.com>\r\nTo: {mailbox.address}\r\nSubject: Report to {mailbox.key}\r\n\r\n".encode()
        answer = await wire.say(head + (b"x" * 998 + b"\r\n") * 4_200 + b".")
    assert answer == "552 5.3.4 A mail may have at most 4 MiB; an alert was opened that says so.\r\n", announced
    assert (await wire.say("NOOP")).startswith("250"), "the session goes on"
    await mailbox.system.run_due()
    (incident,) = await mailbox.incidents()
    assert incident["title"] == "oversized event from prod"
    assert mailbox.system.pages() == ["Ana"]
    (alert,) = (await mailbox.system.api.get(f"/api/v1/incidents/{incident['id']}/alerts")).json()["items"]
    assert alert["details"] == {"why": "it is larger than 4096 KiB", "envelope_sender": "m@example.com"} | details
    (event,) = await mailbox.events()
    shown = (await mailbox.system.api.get(f"/api/v1/events/{event['id']}")).json()
    assert (shown["body"], shown["body_gone"]) == (None, NEVER_KEPT)


async def test_4_mib_and_a_line_without_an_end_are_taken(mailbox: Mailbox, database: Database) -> None:
    wire = await mailbox.wire()
    await wire.envelope(mailbox.address)
    content = b"Subject: long\r\n\r\n" + b"x" * 3_000_000 + b"\r\n"
    content += b"y" * (4 * 1024 * 1024 - len(content) - 2) + b"\r\n"
    assert (await wire.say(content + b".")).startswith("250")
    async with database.transaction() as tx:
        raw = (await tx.execute(BODIES)).one().raw
    assert raw.endswith(content)


async def test_dots_are_undone_and_only_a_lone_one_between_crlf_ends_a_mail(mailbox: Mailbox, database: Database) -> None:
    wire = await mailbox.wire()
    await wire.envelope(mailbox.address)
    said = b"Subject: dots\r\n\r\n..one\r\n...\r\nx\n.\nRCPT TO:<smuggled@example.com>\r\n.\r.\r\n" + b"z" * 70_000 + b"\r\n."
    assert (await wire.say(said)).startswith("250")
    async with database.transaction() as tx:
        raw = (await tx.execute(BODIES)).one().raw
    assert raw.partition(b"\r\n\r\n")[2] == b".one\r\n..\r\nx\n.\nRCPT TO:<smuggled@example.com>\r\n\r.\r\n" + b"z" * 70_000 + b"\r\n"


async def test_what_is_kept_says_who_brought_it_and_holds_no_key_of_anybody(mailbox: Mailbox, database: Database) -> None:
    other = (await mailbox.system.service([to(await mailbox.system.user("Ben"))], type="generic"))["key"]
    wire = await mailbox.wire()
    await wire.envelope(mailbox.address, sender="Root@DB-1")
    head = f"From: root@db-1\r\nTo: <{mailbox.key.upper()}@x>, {other}@x\r\nMessage-ID: <{'0a' * 16}@m>\r\nSubject: {mailbox.key}\r\n"
    encoded = "Content-Transfer-Encoding: quoted-printable\r\n\r\n" + mailbox.key[:5] + "=\r\n" + mailbox.key[5:]
    await wire.say(f"{head}{encoded}\r\n.")
    async with database.transaction() as tx:
        raw = (await tx.execute(BODIES)).one().raw.decode()
    trace = "Received: from monitor.example.com ([127.0.0.1]) by oncall.test with ESMTP; Mon, 02 Mar 2026"
    assert raw.startswith(f"Return-Path: <Root@DB-1>\r\n{trace}")
    assert "To: <[redacted]@x>, [redacted]@x\r\n" in raw
    assert f"<{'0a' * 16}@m>" in raw, "which is nobody's key"
    (event,) = await mailbox.events()
    shown = (await mailbox.system.api.get(f"/api/v1/events/{event['id']}")).text
    assert mailbox.key not in shown.lower()
    assert event["summary"] == "[redacted]"


async def test_while_the_database_hangs_a_mail_is_asked_for_again_and_counts_once_in_the_end(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BUDGET", 0.3)
    async with mailbox.system.node.database.transaction() as tx:
        await tx.execute(text("LOCK TABLE events IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(aiosmtplib.SMTPDataError) as refused:
            await mailbox.send("Disk", Message_ID="<1@m>")
    assert (refused.value.code, refused.value.message) == (451, "4.3.0 The database is too slow just now; send this event again shortly.")
    monkeypatch.undo()
    await mailbox.send("Disk", Message_ID="<1@m>")
    assert [event["decision"] for event in await mailbox.events()] == ["opened", "duplicate_delivery"]
    assert mailbox.system.pages() == ["Ana"]


async def test_without_the_database_an_address_is_asked_for_again(mailbox: Mailbox, database_url: str) -> None:
    async with PostgresProxy(database_url) as proxy:
        database = Database(proxy.url)
        compilation = Compilation(database)
        keys = compilation.add(CONFIGURATION, integration_keys)
        node = mailbox.system.node
        cut_off = MailServer(Listening("127.0.0.1", 0, "oncall.test", None), Door(node.gate, compilation, keys, node.clock))
        await cut_off.start()
        proxy.mode = "refuse"
        wire = await Wire.connect(cut_off.port)
        await wire.say("EHLO m")
        await wire.say("MAIL FROM:<>")
        assert (await wire.say(f"RCPT TO:<{mailbox.address}>")).startswith("451 4.3.0 The database cannot be reached")
        await wire.close()
        await cut_off.stop()
        await database.close()


async def test_a_mail_that_does_not_arrive_in_time_is_cut_off_and_leaves_nothing(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAIL_SECONDS", 0.2)
    wire = await mailbox.wire()
    await wire.envelope(mailbox.address)
    wire.writer.write(b"Subject: slow\r\n")
    assert await wire.answer() == "421 4.4.2 That took too long; try again.\r\n"
    assert await wire.answer() == ""
    await wire.close()
    assert await mailbox.events() == []


async def test_who_says_nothing_is_sent_away(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "IDLE_SECONDS", 0.1)
    wire = await mailbox.wire()
    assert (await wire.answer()).startswith("421 4.4.2")


async def test_who_talks_and_names_no_address_is_sent_away_and_who_names_one_is_not(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "STRANGER_SECONDS", 0.3)
    stranger, known = await mailbox.wire(), await mailbox.wire()
    assert (await known.envelope(mailbox.address)).startswith("354")
    await stranger.envelope("x@oncall.test")
    began, answer = asyncio.get_running_loop().time(), "250"
    while answer.startswith("250"):
        await asyncio.sleep(0.02)
        answer = await stranger.say("NOOP")
    assert answer == "421 4.4.2 That took too long; try again.\r\n"
    assert asyncio.get_running_loop().time() - began < 5
    assert (await known.say("Subject: Disk\r\n\r\nfull\r\n.")).startswith("250")


async def test_a_mail_of_the_shortest_lines_takes_no_more_room_than_any(mailbox: Mailbox) -> None:
    mail = b"\r\n" * 50_000
    reading = session.Session(mailbox.server._door, mailbox.server._listening, "n", gone=lambda _: None)
    reading._reader = asyncio.StreamReader(limit=session.LINE)
    reading._reader.feed_data(mail + session.END)
    tracemalloc.start()
    try:
        assert await reading._content() == (mail, True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(mail)


async def test_a_sender_that_hangs_up_in_the_middle_leaves_nothing_and_no_session(mailbox: Mailbox) -> None:
    wire = await mailbox.wire()
    await wire.envelope(mailbox.address)
    wire.writer.write(b"Subject: half a ma")
    await wire.close()
    async with asyncio.timeout(5):
        while mailbox.server._sessions:
            await asyncio.sleep(0.01)
    assert await mailbox.events() == []


async def test_commands_may_come_all_at_once(mailbox: Mailbox) -> None:
    wire = await mailbox.wire()
    await wire.say(f"EHLO m\r\nMAIL FROM:<>\r\nRCPT TO:<{mailbox.address}>\r\nDATA\r\nSubject: at once\r\n\r\n.\r\nQUIT")
    answers = [await wire.answer() for _ in range(5)]
    assert [answer[:3] for answer in answers] == ["250", "250", "354", "250", "221"]
    assert [incident["title"] for incident in await mailbox.incidents()] == ["at once"]


async def test_who_says_everything_and_closes_their_side_is_still_answered(mailbox: Mailbox) -> None:
    wire = await mailbox.wire()
    wire.writer.write(f"HELO m\r\nMAIL FROM:<>\r\nRCPT TO:<{mailbox.address}>\r\nDATA\r\nSubject: nc\r\n\r\n.\r\n".encode())
    wire.writer.write_eof()
    assert [(await wire.answer())[:3] for _ in range(6)] == ["250", "250", "250", "354", "250", ""]
    assert [incident["title"] for incident in await mailbox.incidents()] == ["nc"]


@pytest.mark.parametrize(
    "sender",
    [
        "<>",
        "m@example.com",
        "<root>",
        "<a b@c>",
        "<a@b@c>",
        "<@a,@b:m@c>",
        "<ü@bücher.example>",
        "<%s@x>" % ("a" * 300),
        "<m@c> BODY=8BITMIME SMTPUTF8",
    ],
)
async def test_a_sender_may_be_anything(mailbox: Mailbox, sender: str) -> None:
    wire = await mailbox.wire()
    await wire.say("EHLO m")
    assert (await wire.say(f"MAIL FROM:{sender}")).startswith("250")
    await wire.say(f"RCPT TO:<{mailbox.address}>")
    await wire.say("DATA")
    assert (await wire.say(b"Subject: by whom\r\n\r\n.")).startswith("250")
    assert [incident["title"] for incident in await mailbox.incidents()] == ["by whom"]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("VRFY root", "502 5.5.1"),
        ("EXPN staff", "502"),
        ("AUTH PLAIN AGEAYg==", "502 5.5.1 There is no log-in"),
        ("STARTTLS", "454 4.7.0 TLS is not available"),
        ("MAIL FROM:", "501"),
        ("MAIL", "501"),
        ("RCPT TO:<x@y>", "503"),
        ("DATA", "503 5.5.1"),
        ("MAIL FROM:<m@x> SIZE=x", "501"),
        ("MAIL FROM:<m@x> SIZE=²", "501"),
        ("MAIL FROM:<m@x> RET=FULL", "555"),
        ("HELP", "250"),
        ("BDAT 5 LAST", "500"),
        ("\x00\xff\x16\x03\x01", "500"),
        ("", "500"),
        ("x" * 100_000, "500"),
        ("MAIL FROM:<" + "x" * 600 + "@y>", "500"),
    ],
)
async def test_what_is_wrong_or_not_offered_is_said_and_the_session_goes_on(mailbox: Mailbox, said: str, expected: str) -> None:
    wire = await mailbox.wire()
    offered = await wire.say("EHLO m")
    assert "SIZE 4194304" in offered
    assert "AUTH" not in offered
    assert "STARTTLS" not in offered
    assert (await wire.say(said.encode("latin-1"))).startswith(expected)
    assert (await wire.say("NOOP")).startswith("250")


GARBAGE = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 30,
    "TLS": b"\x16\x03\x01\x02\x00" * 20_000,
    "nothing": b"\r\n" * 5_000,
    "one word": b"NOOP\r\n" * 5_000,
    "bytes": b"\xff\xfe" * 300_000,
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_ends_its_own_session_and_nothing_else(mailbox: Mailbox, garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    wire = await mailbox.wire()
    wire.writer.write(garbage)
    wire.writer.write_eof()
    async with asyncio.timeout(10):
        try:
            while await wire.reader.read(65_536):
                pass
        except ConnectionError:
            pass  # it may be cut off while it still speaks
    await wire.close()
    assert "nobody foresaw" not in caplog.text
    await mailbox.send("Disk")
    assert mailbox.system.pages() == ["Ana"]


async def test_many_recipients_are_taken_in_several_goes(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "MAX_RECIPIENTS", 2)
    wire = await mailbox.wire()
    await wire.say("EHLO m")
    await wire.say("MAIL FROM:<>")
    answers = [await wire.say(f"RCPT TO:<{mailbox.address}>") for _ in range(3)]
    assert [answer[:3] for answer in answers] == ["250", "250", "452"]


async def test_too_many_connections_are_told_to_come_again(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in ("MAX_SESSIONS", "MAX_PER_NETWORK"):
        with monkeypatch.context() as patched:
            patched.setattr(server, limit, 1)
            first = await mailbox.wire()
            second = await mailbox.wire()
            assert second.greeting == "421 4.7.0 Too many connections; try again shortly.\r\n"
            await first.say("QUIT")
            async with asyncio.timeout(5):
                while mailbox.server._sessions:
                    await asyncio.sleep(0.01)
        await (await mailbox.wire()).say("QUIT")


async def test_stopping_finishes_the_mail_that_is_being_taken_and_sends_the_others_away(mailbox: Mailbox) -> None:
    idle, busy = await mailbox.wire(), await mailbox.wire()
    await busy.envelope(mailbox.address)
    busy.writer.write(b"Subject: the last\r\n")
    await asyncio.sleep(0.05)
    stopping = asyncio.create_task(mailbox.server.stop())
    assert (await idle.answer()).startswith("421 4.3.2 This server is being stopped")
    with pytest.raises(ConnectionError):
        await mailbox.wire()
    assert (await busy.say("\r\n.")).startswith("250 2.0.0 Taken as")
    assert (await busy.answer()).startswith("421 4.3.2")
    await asyncio.wait_for(stopping, 5)
    assert [incident["title"] for incident in await mailbox.incidents()] == ["the last"]


async def test_stopping_waits_only_so_long_for_a_mail(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DRAIN_SECONDS", 0.1)
    wire = await mailbox.wire()
    await wire.envelope(mailbox.address)
    await mailbox.server.stop()
    assert await wire.answer() == ""


async def test_the_answer_that_makes_an_integration_has_its_address_where_mails_are_taken(system: System) -> None:
    ana = await system.user("Ana")
    assert (await system.service([to(ana)], type="email"))["integration"]["email"] is None
    system.node.app.state.settings = system.node.settings.but(smtp_listen="127.0.0.1:2525")
    made = (await system.service([to(ana)], type="email"))["integration"]
    assert made["email"] == f"{made['key']}@oncall.test"
    second = await system.make(f"services/{made['service_id']}/integrations/{made['id']}/keys")
    assert second["email"] == f"{second['key']}@oncall.test"
