"""Short words for tests over REST: schedules are written, and answers read, as a person would note them down."""

from datetime import UTC, datetime
from typing import Any

from httpx import AsyncClient, Response
from tests.system import System

Json = dict[str, Any]
ANY = {"If-Match": "*"}


def z(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def day(text: str) -> str:
    """An instant of the tests' spring: `day("03-09 09:00")` is 2026-03-09T09:00:00Z."""
    return f"2026-{text.replace(' ', 'T')}:00Z"


def turn(who: Json) -> Json:
    """A user by their row; anything else with a type of its own is a participant already."""
    return who if "type" in who else {"type": "user", "id": who["id"]}


def rotating(*who: Json, unit: str = "week", count: int = 1, starts: str = "03-02 09:00", name: str = "primary", **more: Any) -> Json:
    """A layer: week by week from Monday, 2 March 2026, 09:00 on the wall."""
    rotation = {"unit": unit, "count": count, "starts_at": f"2026-{starts.replace(' ', 'T')}:00"}
    return {"name": name, "participants": [turn(one) for one in who], "rotation": rotation, **more}


def always(*who: Json, name: str = "always", **more: Any) -> Json:
    """A layer without a rotation: everybody together, all the time."""
    members = [turn(one) for one in who]
    return {"name": name, "participants": members if len(members) < 2 else [{"type": "group", "members": members}], **more}


async def new_users(system: System, *names: str) -> list[Json]:
    """People with an account e-mail and nothing else."""
    return [await post(system.api, "/api/v1/users", name=name, email=f"{name.lower()}@example.com") for name in names]


async def scheduled(system: System, *layers: Json, name: str = "Payments", time_zone: str = "UTC", **more: Any) -> str:
    """Its address, below which everything about it is asked."""
    made = await post(system.api, "/api/v1/schedules", name=name, time_zone=time_zone, layers=list(layers), **more)
    return f"/api/v1/schedules/{made['id']}"


def id_of(schedule: str) -> str:
    return schedule.rpartition("/")[2]


async def edited(api: AsyncClient, schedule: str, *layers: Json, **more: Any) -> Json:
    """The answer to an edit of its layers, or of what else is named."""
    body = ({"layers": list(layers)} if layers else {}) | more
    answer = await api.patch(schedule, json=body, headers=ANY)
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    return shown


async def get(api: AsyncClient, path: str, **params: Any) -> Json:
    answer = await api.get(path, params=params)
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    return shown


async def post(api: AsyncClient, path: str, **body: Any) -> Json:
    answer = await api.post(path, json=body)
    assert answer.status_code == 201, answer.text
    shown: Json = answer.json()
    return shown


def people(users: list[Json]) -> str:
    return " + ".join(user["name"] for user in users) or "nobody"


async def who(api: AsyncClient, schedule: str, at: str | None = None, **params: Any) -> str:
    """Who is on call, now or at an instant: "Ana", "Ana + Bob", "nobody"."""
    instant = {} if at is None else {"at": day(at)}
    return people((await get(api, f"{schedule}/oncall", **instant, **params))["users"])


async def shifts(api: AsyncClient, schedule: str, since: str, until: str, **params: Any) -> list[str]:
    """The tiles of a range by their beginning: ["03-02 09:00 Ana", "03-09 09:00 nobody"]."""
    answer = await get(api, f"{schedule}/shifts", since=day(since), until=day(until), **params)
    return [f"{tile['start'][5:16].replace('T', ' ')} {people(tile['users'])}" for tile in answer["items"]]


def problem(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def refusal(answer: Response) -> tuple[int, str, str]:
    """Status, code, and the field that is named."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return *problem(answer), answer.json()["errors"][0]["loc"].removeprefix("body.").removeprefix("query.")


def codes(warnings: list[Json]) -> list[str]:
    return [warning["code"] for warning in warnings]
