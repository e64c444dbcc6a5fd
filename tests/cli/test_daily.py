"""The daily verbs, as a person with a terminal uses them: commands against a really served node."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from tests.serving import free_port, serving
from tests.system import ADMIN_KEY
from typer.testing import CliRunner

from oncall.cli import app
from oncall.cli.client import _begins
from oncall.cli.daily import _follows
from oncall.kit.db import Database

JSON = dict[str, Any]


SMTP = {"ONCALL_SMTP_URL": f"smtp://127.0.0.1:{free_port()}"}
"""Nobody is paged directly whom this node could not write to; no mail has to arrive."""


class Terminal:
    """`await at("who", "payments")` gives code, stdout, stderr."""

    def __init__(self, url: str, key: str = ADMIN_KEY) -> None:
        self.env = {"ONCALL_URL": url, "ONCALL_API_KEY": key}

    async def __call__(self, *words: str, stdin: str = "") -> tuple[int, str, str]:
        done = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=self.env, input=stdin)
        return done.exit_code, done.stdout, done.stderr


async def make(api: AsyncClient, path: str, **body: Any) -> JSON:
    answer = await api.post(f"/api/v1/{path}", json=body)
    assert answer.status_code == 201, answer.text
    made: JSON = answer.json()
    return made


async def person(api: AsyncClient, name: str) -> JSON:
    user = await make(api, "users", name=name, email=f"{name.split(maxsplit=1)[0].lower()}@example.com")
    await make(api, f"users/{user['id']}/contact-methods", channel="email", address=user["email"], verified=True)
    return user


async def test_a_day_at_the_terminal(database: Database, database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, env=SMTP, wait=False) as node:
        await node.ready(within=60)
        api, at = node.api, Terminal(node.url)
        ana, _ben = await person(api, "Ana Lopes"), await person(api, "Ben Okri")
        await person(api, "Benita")
        policy = await make(api, "escalation-policies", name="P", steps=[{"delay": "PT5M", "targets": [{"type": "user", "id": ana["id"]}]}])
        service = await make(api, "services", name="payments-api", escalation_policy_id=policy["id"])

        assert await at("who", "payments-api") == (0, "level 1: Ana Lopes, named in the policy\n", "")
        assert (await at("who", "nothing"))[::2] == (1, "oncall: there is no service 'nothing'.\n")
        assert await at("incidents") == (0, "No incident is open.\n", "")

        code, out, err = await at("page", "ben okri", "The release hangs", "--service", "payments-api")
        assert (code, err) == (0, "")
        first, second = out.splitlines()
        assert first.startswith("Ben Okri is paged about #")
        assert first.endswith(" The release hangs (payments-api).")
        assert second == "Ben Okri is paged directly; then policy P begins."
        number = first.split("#")[1].split()[0]

        code, out, _ = await at("incidents")
        assert (code, out.startswith(f"#{number} triggered, high: The release hangs (payments-api)")) == (0, True), out
        code, out, _ = await at("incidents", "--json")
        assert [one["number"] for one in json.loads(out)["items"]] == [int(number)]

        code, out, err = await at("ack", f"#{number}")
        assert (code, err) == (0, "")
        assert out.startswith(f"#{number} The release hangs: acknowledged by ")
        assert "was acknowledged before, by" in (await at("ack", number))[1]
        assert (await at("ack", "999999"))[::2] == (1, "oncall: There is no incident with this id or number.\n")
        assert (await at("ack", "../users"))[0] == 1

        code, out, _ = await at("page", "ana", "look at the disk", "--incident", number)
        assert (code, out.splitlines()[0]) == (0, f"Ana Lopes is paged about #{number} The release hangs (payments-api).")

        await person(api, "thr49050")
        code, out, _ = await at("page", "thr49050", "hello", "--service", "payments-api")
        assert (code, out.splitlines()[1]) == (0, "thr49050 is paged directly; then policy P begins.")
        code, _, err = await at("page", "ben", "hello")
        assert (code, err.startswith("oncall: user 'ben' may be any of Ben Okri (ben@example.com), Benita (")) == (1, True), err

        flags = ("--service", "payments-api", "--acknowledge", "ana=PT7M")
        code, out, err = await at("simulate", *flags)
        assert (code, err) == (0, "")
        assert "an event comes to payments-api: opened" in out.splitlines()[0]
        assert any("Ana Lopes is paged" in line or "pages Ana Lopes" in line for line in out.splitlines())
        assert any("acknowledged" in line for line in out.splitlines())
        asked = {"service_id": service["id"], "event": {"severity": "warning"}}
        file = tmp_path / "event.json"
        file.write_text(json.dumps(asked))
        by_file, by_stdin = await at("simulate", str(file), "--json"), await at("simulate", "-", "--json", stdin=json.dumps(asked))
        for code, out, _ in (by_file, by_stdin):
            assert (code, json.loads(out)["service"]["name"]) == (0, "payments-api")
        assert (await at("simulate", "--service", "payments-api", "--severity", "odd"))[0] == 1
        assert (await at("simulate", str(tmp_path / "none.json")))[::2] == (
            1,
            f"oncall: {tmp_path / 'none.json'} cannot be read: No such file or directory.\n",
        )

        code, out, err = await Terminal(node.url, "no-such-key")("incidents")
        assert (code, out) == (1, "")
        assert err == "oncall: This needs a valid API key in the header: Authorization: Bearer oc_…\n"


async def test_what_stands_in_the_way_is_one_line() -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    code, out, err = await Terminal(nowhere)("incidents")
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert err.startswith(f"oncall: {nowhere} cannot be reached (")
    assert err.endswith("is it ONCALL_URL?\n")
    without = await Terminal(nowhere, "")("who", "x")
    assert (without[0], without[2].startswith("oncall: ONCALL_API_KEY is not set")) == (2, True)
    odd = await Terminal("ftp://somewhere")("who", "x")
    assert (odd[0], odd[2].startswith("oncall: ONCALL_URL must be where the server is")) == (2, True)


@pytest.mark.parametrize(
    ("action", "said"),
    [("escalate", "the next step pages at 2026-03-08T03:05:00Z"), ("release", "it is held until 2026-03-08T03:05:00Z")],
)
def test_what_happens_next_is_a_sentence_to_the_second(action: str, said: str) -> None:
    assert _follows({"action": action, "at": "2026-03-08T03:05:00.798938Z"}) == said
    assert _follows({"action": action, "at": "2026-03-08T03:05:00Z"}) == said


@pytest.mark.parametrize(
    ("name", "wanted", "expected"),
    [("ben okri", "ben", True), ("ben okri", "okri", True), ("reuben", "ben", False), ("ben@example.com", "ben@", True)],
)
def test_somebody_is_called_by_how_a_word_of_their_name_begins(name: str, wanted: str, *, expected: bool) -> None:
    assert _begins(name, wanted) is expected
