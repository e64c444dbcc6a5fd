"""`oncall demo`: a real node of its own, two people, one alert, told step by step."""

import asyncio
import contextlib
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from oncall.cli import console, stop
from oncall.kit.settings import PREFIX
from oncall.kit.stopwatch import Stopwatch

DELAY = 3
PATIENCE = 30.0


class DemoFailed(Exception):
    """Something did not happen; the text says what, and ends with the node's last words."""


class Phones:
    """The people's webhook phones: a tiny HTTP server that keeps what it was sent."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[tuple[str, float, dict[str, Any]]] = asyncio.Queue()
        self.since_post = Stopwatch()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = int(re.search(r"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]  # our own client always says it
        body = msgspec.json.decode(await reader.readexactly(length))
        self.messages.put_nowait((head.split(" ", 2)[1].strip("/"), self.since_post.seconds, body))
        writer.write(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async def next(self, whose: str) -> tuple[float, dict[str, Any]]:
        try:
            async with asyncio.timeout(PATIENCE):
                who, at, body = await self.messages.get()
        except TimeoutError:
            raise DemoFailed(f"no page reached {whose} within {PATIENCE:.0f} s") from None
        if who != whose:
            raise DemoFailed(f"{who} was paged instead of {whose}")
        return at, body


def tell() -> None:
    """Run the story; every failure ends with one line and the node's last words."""
    try:
        asyncio.run(_until_stopped())
    except asyncio.CancelledError:
        stop("the demo was interrupted; its node is stopped and its data is gone.", code=130)
    except (DemoFailed, httpx.HTTPError) as error:
        stop(f"the demo did not work: {str(error) or type(error).__name__}", code=1)


async def _until_stopped() -> None:
    """The story, ended early and cleanly by Ctrl-C, a polite kill or a closed terminal; asking again does not hurry the cleaning up."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 — asyncio.run made it
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            asyncio.get_running_loop().add_signal_handler(number, lambda: task.cancelling() or task.cancel())
    await _story()


def _say(step: int | None, text: str) -> None:
    console.print(f"[bold]{step}[/bold]  {text}" if step else f"   {text}", soft_wrap=True, highlight=False)


async def _story() -> None:
    phones = Phones()
    sink = await asyncio.start_server(phones.answer, "127.0.0.1", 0)
    port = sink.sockets[0].getsockname()[1]
    _say(1, "Starting a node with a PostgreSQL of its own in a temporary folder …")
    async with sink, _node() as api:
        ana = await _person(api, "Ana", f"http://127.0.0.1:{port}/Ana")
        ben = await _person(api, "Ben", f"http://127.0.0.1:{port}/Ben")
        key = await _service(api, ana, ben)
        _say(2, f"Ana is on call by the schedule; if she does not acknowledge within {DELAY} s, Ben is paged.")
        _say(3, "A monitor posts an alert to /v2/enqueue, as it would to PagerDuty:")
        event = {"routing_key": key, "event_action": "trigger", "dedup_key": "db-1/disk"}
        payload = {"summary": "Disk is full on db-1", "source": "db-1", "severity": "critical"}
        phones.since_post = Stopwatch()
        _say(None, str(await _post(api, "/v2/enqueue", {**event, "payload": payload}, 202)))
        at, page = await phones.next("Ana")
        _say(4, f"{at * 1000:.0f} ms after the post Ana's phone rings: {page['data']['reason']}.")
        _say(5, "Ana sleeps on. Nobody acknowledges …")
        at, page = await phones.next("Ben")
        _say(6, f"{at:.1f} s after the post Ben's phone rings: {page['data']['reason']}.")
        link = page["data"]["acknowledge_url"]
        await _open(api, "GET", link)
        id = page["data"]["incident"]["id"]
        _say(
            7, f"Ben opens the link in the message. Looking changes nothing: the incident is still {(await _incident(api, id))['status']}."
        )
        await _open(api, "POST", link)
        incident = await _incident(api, id)
        _say(8, f"Ben presses the button: the incident is {incident['status']} by {incident['acknowledged_by']['name']}.")
        await _post(api, "/v2/enqueue", {**event, "event_action": "resolve"}, 202)
        _say(9, f"The monitor says that it is over: the incident is {(await _incident(api, id))['status']}. Why everything happened:")
        timeline = (await api.get(f"/api/v1/incidents/{id}/timeline")).json()["items"]
        for entry in timeline:
            _say(None, f"{entry['at'][11:23]}  {entry['kind']:<13} {entry['reason']}")


@asynccontextmanager
async def _node() -> AsyncIterator[httpx.AsyncClient]:
    """`oncall serve` as a subprocess with settings of its own; stopped, and its data removed, at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key = secrets.token_urlsafe(32)
    # The data folder is handed over empty: as root, PostgreSQL runs as another user and makes it its own.
    with (
        tempfile.TemporaryDirectory(prefix="oncall-demo-", ignore_cleanup_errors=True) as folder,
        tempfile.NamedTemporaryFile(prefix="oncall-demo-", suffix=".log") as out,
    ):
        ours = {"DATA_DIR": folder, "ADMIN_KEY": key, "OUTBOUND_ALLOW": "127.0.0.1", "PORT": str(port), "LOG_LEVEL": "WARNING"}
        env = {name: value for name, value in os.environ.items() if PREFIX not in name}
        env |= {PREFIX + name: value for name, value in ours.items()}
        command = [sys.executable, "-m", "oncall", "serve"]
        # A session of its own: Ctrl-C reaches us alone, and we stop it.
        process = await asyncio.create_subprocess_exec(*command, env=env, stdout=out, stderr=out, start_new_session=True)
        try:
            headers = {"Authorization": f"Bearer {key}"}
            # trust_env: a proxy of the user's is not for a loopback address.
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=10, trust_env=False) as api:
                await _ready(api, process)
                yield api
        except (DemoFailed, httpx.HTTPError) as error:
            raise DemoFailed(f"{str(error) or type(error).__name__}; the node's last words:\n{_last_words(out.name)}") from error
        finally:
            await _end(process, Path(folder))


def _last_words(log: str) -> str:
    return "\n".join(Path(log).read_text(errors="replace").splitlines()[-8:])


async def _end(process: asyncio.subprocess.Process, folder: Path) -> None:
    """SIGTERM, and SIGKILL for a node that does not obey; no PostgreSQL of a killed one is left behind."""
    with contextlib.suppress(ProcessLookupError):  # it ended by itself
        process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(PATIENCE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    if process.returncode and (folder / "users.lock").exists():  # ended by a signal, perhaps while its database was being made
        from oncall.kit.embedded import EmbeddedError, open_server  # noqa: PLC0415 — only then

        with contextlib.suppress(EmbeddedError):  # then none runs
            await asyncio.to_thread(lambda: open_server(folder).close())


async def _ready(api: httpx.AsyncClient, process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(60):
            while process.returncode is None:
                with contextlib.suppress(httpx.HTTPError):  # it does not listen yet
                    if (await api.get("/readyz")).status_code == 200:
                        return
                await asyncio.sleep(0.05)
    raise DemoFailed("the node did not start")


async def _open(api: httpx.AsyncClient, method: str, link: str) -> None:
    answer = await api.request(method, link)
    if answer.status_code != 200:
        raise DemoFailed(f"{method} of the acknowledge link answered {answer.status_code}")


async def _post(api: httpx.AsyncClient, path: str, body: dict[str, Any], status: int = 201) -> dict[str, Any]:
    answer = await api.post(path, json=body)
    if answer.status_code != status:
        raise DemoFailed(f"{path} answered {answer.status_code}: {answer.text}")
    made: dict[str, Any] = answer.json()
    return made


async def _incident(api: httpx.AsyncClient, id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/api/v1/incidents/{id}")).json()
    return found


async def _person(api: httpx.AsyncClient, name: str, phone: str) -> str:
    user = await _post(api, "/api/v1/users", {"name": name, "email": f"{name.lower()}@example.com"})
    await _post(api, f"/api/v1/users/{user['id']}/contact-methods", {"channel": "webhook", "address": phone, "verified": True})
    id: str = user["id"]
    return id


async def _service(api: httpx.AsyncClient, ana: str, ben: str) -> str:
    """A schedule with Ana on call, a policy that goes on to Ben, a service; the key of its integration."""
    layer = {
        "name": "weekly",
        "participants": [{"type": "user", "id": ana}],
        "rotation": {"unit": "week", "count": 1, "starts_at": "2026-01-05T09:00:00"},
    }
    schedule = await _post(api, "/api/v1/schedules", {"name": "Primary", "time_zone": "UTC", "layers": [layer]})
    targets = [{"type": "schedule", "id": schedule["id"]}], [{"type": "user", "id": ben}]
    steps = [{"delay": f"PT{DELAY}S", "targets": target} for target in targets]
    policy = await _post(api, "/api/v1/escalation-policies", {"name": "Payments", "steps": steps})
    service = await _post(api, "/api/v1/services", {"name": "payments-api", "escalation_policy_id": policy["id"]})
    path = f"/api/v1/services/{service['id']}/integrations"
    key: str = (await _post(api, path, {"name": "monitor", "type": "pagerduty"}))["key"]
    return key
