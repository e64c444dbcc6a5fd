"""A room, who writes there, and who listens: a listener is the far end of an ASGI connection, read frame by frame."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import text
from tests.system import ADMIN_KEY, System

from oncall.kit.streams import Fan


@dataclass(frozen=True)
class Event:
    """One server-sent event; `id` alone (no name) only moves the place on."""

    id: str
    name: str
    data: dict[str, Any]


def events_in(raw: str) -> list[Event]:
    """What the WHATWG algorithm makes of whole frames; comments and `retry` are nobody's business."""
    found = []
    for block in raw.split("\n\n"):
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            if name and not line.startswith(":"):
                fields[name] = value
        if "data" in fields or "id" in fields:
            found.append(Event(fields.get("id", ""), fields.get("event", ""), json.loads(fields.get("data", "null"))))
    return found


async def until(holds: Callable[[], bool], *, within: float = 30) -> None:
    """Wait for what is to happen, however long a busy machine takes for it."""
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.005)


def is_settled(fan: Fan[Any, Any], listeners: int) -> bool:
    """So many hear with the others, and the reader has looked since they do."""
    return sum(len(topic.listeners) for topic in fan._topics.values()) == listeners and fan.reads > 0 and not fan._wake.is_set()


@dataclass
class Ear:
    """One listener. What it does not `read` waits on its side of the wire, which holds `window` writes."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    raw: str = ""
    is_over: bool = False
    window: int = 1_000_000
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _room: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: Any) -> None:
        while self.window <= 0:
            self._room.clear()
            await self._room.wait()
        self.window -= 1
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.raw += message.get("body", b"").decode()
            self.is_over = not message.get("more_body", False)
        self._news.set()

    async def receive(self) -> Any:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    @property
    def events(self) -> list[Event]:
        return events_in(self.raw)

    async def heard(self, count: int, *, within: float = 30) -> list[Event]:
        """Wait for that many events."""
        async with asyncio.timeout(within):
            while len(self.events) < count and not self.is_over:
                self._news.clear()
                await self._news.wait()
        return self.events

    async def heard_of(self, incident: str, count: int, *, within: float = 30) -> list[Event]:
        """Wait for that many events about this incident: a stream may begin with what was committed a moment before."""

        def found() -> list[Event]:
            return [one for one in self.events if one.name and one.data["incident"]["id"] == incident]

        async with asyncio.timeout(within):
            while len(found()) < count:
                self._news.clear()
                await self._news.wait()
        return found()

    async def over(self, *, within: float = 30) -> None:
        async with asyncio.timeout(within):
            while not self.is_over:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(
    app: FastAPI,
    path: str,
    *,
    last_event_id: str | None = None,
    key: str = ADMIN_KEY,
    window: int = 1_000_000,
    wait: bool = True,
    **query: Any,
) -> AsyncIterator[Ear]:
    """A GET of a stream, from the response's first byte until the block ends."""
    headers = [(b"authorization", f"Bearer {key}".encode())]
    if last_event_id is not None:
        headers.append((b"last-event-id", last_event_id.encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": urlencode(query, doseq=True).encode(), "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("oncall.test", 80), "root_path": "",
    }  # fmt: skip
    ear = Ear(window=window)
    task = asyncio.create_task(app(scope, ear.receive, ear.send))
    try:
        await until(lambda: bool(ear.raw) or task.done())
        yield ear
    finally:
        ear._gone.set()
        ear.window = 1_000_000
        ear._room.set()
        await asyncio.wait_for(task, 10)


@dataclass
class Rooming:
    system: System
    people: dict[str, dict[str, Any]]
    made: dict[str, Any]
    incident: str
    _keys: dict[str, AsyncClient] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"/api/v1/incidents/{self.incident}/messages"

    async def as_(self, name: str, *, scope: str = "respond") -> AsyncClient:
        """The API as this person sees it."""
        if name not in self._keys:
            made = await self.system.make("api-keys", name=name, scope=scope, user_id=self.people[name]["id"])
            self._keys[name] = self.system.client({"Authorization": f"Bearer {made['key']}"})
        return self._keys[name]

    async def say(self, words: str, *, by: str = "Ana", status: int = 201) -> dict[str, Any]:
        answer = await (await self.as_(by)).post(self.path, json={"text": words})
        assert answer.status_code == status, answer.text
        await self.system.run_due()
        said: dict[str, Any] = answer.json()
        return said

    async def edit(self, message: dict[str, Any], words: str, *, by: str = "Ana", version: str = "*") -> Response:
        api = await self.as_(by)
        answer = await api.put(f"{self.path}/{message['id']}", json={"text": words}, headers={"If-Match": version})
        await self.system.run_due()
        return answer

    async def delete(self, message: dict[str, Any], *, by: str = "Ana") -> Response:
        return await (await self.as_(by)).delete(f"{self.path}/{message['id']}")

    async def followed(self) -> None:
        """Wait until all that happened was looked at: what a bystander's transaction delays, such as a vacuum's, takes a moment more."""
        behind = text("""
            SELECT EXISTS (SELECT 1 FROM timeline_entries t, room_followers f WHERE (t.xact, t.seq) > (f.xact, f.seq))
        """)
        async with asyncio.timeout(30):
            while True:
                await self.system.run_due()
                async with self.system.node.database.transaction(read_only=True) as tx:
                    if not (await tx.execute(behind)).scalar_one():
                        return
                await asyncio.sleep(0.01)

    async def read(self, **query: Any) -> dict[str, Any]:
        answer = await self.system.api.get(self.path, params=query)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def notices(self) -> list[tuple[str, str]]:
        """(who, subject) of what was told by mail since the last call, pages aside."""
        found = [(m.recipient, m.subject) for m in self.system.email.sent if hasattr(m, "subject")]
        self.system.email.sent = [m for m in self.system.email.sent if not hasattr(m, "subject")]
        return found
