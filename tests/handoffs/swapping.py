"""Short words for the tests of swaps and notices: people with keys of their own, and what they say and hear."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from httpx import AsyncClient
from tests.schedules.asking import Json, day, post, rotating, scheduled
from tests.system import System

from oncall.channels.values import NoticeMessage

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNKNOWN = "00000000-0000-7000-8000-000000000000"
NIGHT = ("03-04 20:00", "03-05 08:00")
BOBS_NIGHT = ("03-11 20:00", "03-12 08:00")
THESE_DAYS = ("03-04 00:00", "03-06 00:00")
OURS = ["03-04 00:00 Ana"]
SWAPPED = ["03-04 00:00 Ana", "03-04 20:00 Bob", "03-05 08:00 Ana"]


async def key_of(system: System, user: Json | None, scope: str = "respond") -> AsyncClient:
    made = await post(system.api, "/api/v1/api-keys", name="laptop", scope=scope, user_id=user["id"] if user else None)
    return system.client({"Authorization": f"Bearer {made['key']}"})


@dataclass(frozen=True)
class Person:
    """Somebody, and a client with a `respond` key of their own."""

    row: Json
    api: AsyncClient

    @property
    def id(self) -> str:
        return str(self.row["id"])


@dataclass(frozen=True)
class Team:
    ana: Person
    bob: Person
    cem: Person
    payments: str


async def person(system: System, name: str) -> Person:
    row = await system.user(name)
    return Person(row, await key_of(system, row))


async def make_team(system: System) -> Team:
    """Ana, Bob, Cem, week by week; it is Monday, 2 March, 12:00, in Ana's first week."""
    ana, bob, cem = [await person(system, name) for name in ("Ana", "Bob", "Cem")]
    return Team(ana, bob, cem, await scheduled(system, rotating(ana.row, bob.row, cem.row)))


def span(start: str, end: str) -> Json:
    return {"start": day(start), "end": day(end)}


def wish(kind: str, to: Person | None = None, hours: tuple[str, str] = NIGHT, **more: Any) -> Json:
    return {"kind": kind, **span(*hours), "with_user_id": to.id if to else None, **more}


async def offer(by: Person, schedule: str, to: Person | None = None, hours: tuple[str, str] = NIGHT, **more: Any) -> Json:
    return await post(by.api, f"{schedule}/swaps", **wish("offer", to, hours, **more))


async def act(by: Person, schedule: str, swap: Json, verb: str, **body: Any) -> Json:
    answer = await by.api.post(f"{schedule}/swaps/{swap['id']}/{verb}", json=body)
    assert answer.status_code == 200, answer.text
    done: Json = answer.json()
    return done


async def told(system: System) -> list[tuple[str, str]]:
    """Who was told what of swaps since the last call."""
    await system.run_due()
    notices = [one for one in system.email.sent if isinstance(one, NoticeMessage) and one.kind == "swap"]
    system.email.sent = []
    return sorted((one.recipient, one.subject) for one in notices)
