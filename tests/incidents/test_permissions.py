"""Every verb of an incident by every role, against the real app. A route without an expectation here fails the first test."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from httpx import AsyncClient
from tests.communications.rooming import listening
from tests.incidents.test_filing import REPORTER, category, desk
from tests.incidents.test_logging import on_duty
from tests.system import ADMIN_KEY, System

from oncall.access.values import Scope
from oncall.cli.permissions import scopes
from oncall.kit.ids import new_id

JSON = dict[str, Any]

NO_KEY, READ, STAKEHOLDER, RESPONDER, DESK, NOBODY, ADMIN = (
    "no key", "read", "stakeholder", "responder", "service desk", "a key of nobody", "admin"
)  # fmt: skip
ROLES = (NO_KEY, READ, STAKEHOLDER, RESPONDER, DESK, NOBODY, ADMIN)
BY_SCOPE = {
    Scope.READ: frozenset(ROLES) - {NO_KEY},
    Scope.RESPOND: frozenset({RESPONDER, DESK, NOBODY, ADMIN}),
    Scope.ADMIN: frozenset({ADMIN}),
}


@dataclass(frozen=True, slots=True)
class World:
    """People with their keys, a service under `itil`, and what is needed to bring an incident into a state."""

    system: System
    service_id: str
    key: str
    category_id: str
    people: dict[str, str]
    clients: dict[str, AsyncClient]

    def report(self) -> JSON:
        """What Kim says of it."""
        return {"title": "The shop is slow", "service_id": self.service_id, "category_id": self.category_id, "reporter": REPORTER}

    async def logged(self) -> str:
        return str((await self.system.make("incidents", **self.report()))["id"])

    async def does(self, id: str, path: str, *, role: str = ADMIN, method: str = "POST", **body: Any) -> JSON:
        answer = await self.clients[role].request(method, f"/api/v1/incidents/{id}/{path}", json=body or None)
        assert answer.is_success, (path, answer.text)
        done: JSON = answer.json() if answer.content else {}
        return done

    async def etag(self, path: str) -> JSON:
        return {"If-Match": (await self.system.api.get(f"/api/v1/incidents/{path}")).headers["etag"]}


Asked = tuple[dict[str, str], JSON | None, JSON]
"""What stands in the path, the body, further headers."""


@dataclass(frozen=True, slots=True)
class Verb:
    """How it is asked for so that nothing but who asks is in its way; `only`: those of whom its scope lets in that are not refused."""

    body: JSON | None = None
    before: Callable[[World], Awaitable[Asked]] | None = None
    only: frozenset[str] | None = None
    path: dict[str, str] = field(default_factory=dict)

    async def asked(self, world: World) -> Asked:
        """On an incident of its own."""
        if self.before is not None:
            return await self.before(world)
        return {"incident": await world.logged(), **self.path}, self.body, {}


def after(*steps: tuple[str, JSON], body: JSON | None = None) -> Callable[[World], Awaitable[Asked]]:
    """Once these were done by an admin."""

    async def before(world: World) -> Asked:
        id = await world.logged()
        for verb, said in steps:
            await world.does(id, verb, **said)
        return {"incident": id}, body, {}

    return before


def with_one(path: str, body: JSON | None, **made: Any) -> Callable[[World], Awaitable[Asked]]:
    """Of one of these below the incident, which was made by the responder."""

    async def before(world: World) -> Asked:
        id = await world.logged()
        said = {name: value(world) if callable(value) else value for name, value in made.items()}
        one = await world.does(id, path, role=RESPONDER, **said)
        one = one["items"][0] if "items" in one else one
        return {"incident": id, "id": one["id"]}, body, {}

    return before


def edits(path: str, body: JSON, **made: Any) -> Callable[[World], Awaitable[Asked]]:
    """The same, with what `If-Match` asks for."""

    async def before(world: World) -> Asked:
        where, _, _ = await with_one(path, None, **made)(world)
        return where, body, await world.etag(f"{where['incident']}/{path}/{where['id']}")

    return before


async def edit(world: World) -> Asked:
    id = await world.logged()
    return {"incident": id}, {"description": "since noon"}, await world.etag(id)


async def bridge(world: World) -> Asked:
    id = await world.logged()
    return {"incident": id}, {"url": "https://meet.example.com/17"}, await world.etag(f"{id}/bridge")


async def logging(world: World) -> Asked:
    return {}, world.report(), {}


async def bulk(world: World) -> Asked:
    return {}, {"ids": [await world.logged()], "action": "acknowledge"}, {}


async def merge(world: World) -> Asked:
    return {"incident": await world.logged()}, {"incidents": [await world.logged()]}, {}


async def split(world: World) -> Asked:
    first, second = [(await world.system.event(world.key, f"{new_id()}"))["incident_id"] for _ in range(2)]
    await world.does(first, "merge", incidents=[second])
    [alert, _] = (await world.does(first, "alerts", method="GET"))["items"]
    await world.does(first, "acknowledge")
    return {"incident": first}, {"alerts": [alert["id"]]}, {}


async def reassign(world: World) -> Asked:
    return {"incident": await world.logged()}, {"user_id": world.people["Ben"]}, {}


async def ask(world: World) -> Asked:
    return {"incident": await world.logged()}, {"user_ids": [world.people["Ben"]]}, {}


async def role(world: World) -> Asked:
    return {"incident": await world.logged(), "role": "scribe"}, {"user_id": world.people["Ana"]}, {}


async def no_role(world: World) -> Asked:
    where, _, _ = await role(world)
    await world.does(where["incident"], "roles/scribe", method="PUT", user_id=world.people["Ana"])
    return where, None, {}


async def complete(world: World) -> Asked:
    """All that `itil` asks for is there."""
    where, _, _ = await after(*RESOLVED)(world)
    await world.does(where["incident"], "verify", verdict="satisfied", text="It is fast again.")
    return where, None, {}


async def drafted(world: World) -> Asked:
    where, _, _ = await after(*RESOLVED)(world)
    await world.does(where["incident"], "postmortem")
    return where, None, {}


async def subscribe(world: World) -> Asked:
    return {"incident": await world.logged()}, {"kind": "user", "address": world.people["Ben"]}, {}


def bens_id(world: World) -> str:
    return world.people["Ben"]


def ben(world: World) -> list[str]:
    return [world.people["Ben"]]


RESOLVED: tuple[tuple[str, JSON], ...] = (
    ("acknowledge", {}),
    ("resolve", {"resolution_code": "fixed", "resolution_text": "A faster disk."}),
)
SEES = Verb()
UPDATE = {"text": "We are on it.", "state": "investigating"}
MESSAGE = {"text": "I look at the disks."}

VERBS: dict[str, Verb] = {
    "GET /incidents": SEES,
    "POST /incidents": Verb(before=logging),
    "POST /incidents/bulk": Verb(before=bulk),
    "GET /incidents/stream": SEES,
    "GET /incidents/{incident}": SEES,
    "PATCH /incidents/{incident}": Verb(before=edit),
    "POST /incidents/{incident}/acknowledge": Verb(),
    "POST /incidents/{incident}/unacknowledge": Verb(before=after(("acknowledge", {}))),
    "POST /incidents/{incident}/snooze": Verb({"duration": "PT1H"}),
    "POST /incidents/{incident}/escalate": Verb(),
    "POST /incidents/{incident}/reassign": Verb(before=reassign),
    "POST /incidents/{incident}/resnapshot": Verb(),
    "POST /incidents/{incident}/priority": Verb({"priority": "P2", "reason": "the press calls"}),
    "POST /incidents/{incident}/declare-major": Verb({"reason": "the press calls"}),
    "POST /incidents/{incident}/stand-down": Verb(before=after(("declare-major", {"reason": "…"}), body={"reason": "a false alarm"})),
    "POST /incidents/{incident}/merge": Verb(before=merge),
    "POST /incidents/{incident}/split": Verb(before=split),
    "POST /incidents/{incident}/resolve": Verb(),
    "POST /incidents/{incident}/reopen": Verb(before=after(*RESOLVED)),
    "POST /incidents/{incident}/verify": Verb(before=after(*RESOLVED, body={"verdict": "satisfied", "text": "Fast."})),
    "POST /incidents/{incident}/close": Verb(before=complete, only=frozenset({DESK})),
    "GET /incidents/{incident}/timeline": SEES,
    "GET /incidents/{incident}/alerts": SEES,
    "GET /incidents/{incident}/events": SEES,
    "GET /incidents/{incident}/change-events": SEES,
    "GET /incidents/{incident}/context": SEES,
    "GET /incidents/{incident}/explain": SEES,
    "GET /incidents/{incident}/notifications": SEES,
    "GET /incidents/{incident}/vendors": SEES,
    "GET /incidents/{incident}/notes": SEES,
    "POST /incidents/{incident}/notes": Verb({"text": "The database waits."}),
    "GET /incidents/{incident}/responders": SEES,
    "POST /incidents/{incident}/responders": Verb(before=ask),
    "POST /incidents/{incident}/responders/{id}/accept": Verb(before=with_one("responders", None, user_ids=ben)),
    "POST /incidents/{incident}/responders/{id}/decline": Verb(before=with_one("responders", None, user_ids=ben)),
    "DELETE /incidents/{incident}/responders/{id}": Verb(before=with_one("responders", None, user_ids=ben)),
    "GET /incidents/{incident}/tasks": SEES,
    "POST /incidents/{incident}/tasks": Verb({"title": "Ask the vendor"}),
    "GET /incidents/{incident}/tasks/{id}": Verb(before=with_one("tasks", None, title="Ask")),
    "PUT /incidents/{incident}/tasks/{id}": Verb(before=edits("tasks", {"title": "Ask again"}, title="Ask")),
    "POST /incidents/{incident}/tasks/{id}/done": Verb(before=with_one("tasks", None, title="Ask")),
    "POST /incidents/{incident}/tasks/{id}/drop": Verb(before=with_one("tasks", {"reason": "no need"}, title="Ask")),
    "GET /incidents/{incident}/roles": SEES,
    "PUT /incidents/{incident}/roles/{role}": Verb(before=role),
    "DELETE /incidents/{incident}/roles/{role}": Verb(before=no_role),
    "GET /incidents/{incident}/messages": SEES,
    "POST /incidents/{incident}/messages": Verb(MESSAGE),
    "GET /incidents/{incident}/messages/stream": SEES,
    "GET /incidents/{incident}/messages/{id}": Verb(before=with_one("messages", None, **MESSAGE)),
    "PUT /incidents/{incident}/messages/{id}": Verb(
        before=edits("messages", {"text": "…and the memory."}, **MESSAGE), only=frozenset({RESPONDER})
    ),
    "DELETE /incidents/{incident}/messages/{id}": Verb(before=with_one("messages", None, **MESSAGE), only=frozenset({RESPONDER, ADMIN})),
    "GET /incidents/{incident}/bridge": SEES,
    "PUT /incidents/{incident}/bridge": Verb(before=bridge),
    "GET /incidents/{incident}/status-updates": SEES,
    "POST /incidents/{incident}/status-updates": Verb(UPDATE),
    "POST /incidents/{incident}/status-updates/preview": Verb(UPDATE),
    "POST /incidents/{incident}/status-updates/{id}/retract": Verb(before=with_one("status-updates", None, **UPDATE)),
    "GET /incidents/{incident}/subscribers": SEES,
    "POST /incidents/{incident}/subscribers": Verb(before=subscribe),
    "DELETE /incidents/{incident}/subscribers/{id}": Verb(before=with_one("subscribers", None, kind="user", address=bens_id)),
    "GET /incidents/{incident}/postmortem": Verb(before=drafted),
    "POST /incidents/{incident}/postmortem": Verb(before=after(*RESOLVED), only=frozenset({RESPONDER, DESK, ADMIN})),
}


async def reopened_task(world: World) -> Asked:
    where, _, _ = await with_one("tasks", None, title="Ask")(world)
    await world.does(where["incident"], f"tasks/{where['id']}/done")
    return where, None, {}


VERBS["POST /incidents/{incident}/tasks/{id}/reopen"] = Verb(before=reopened_task)

WORLDS = 8
"""Verbs share a world, but not all of them one: an address that comes without a key all the time is not answered any more."""

FOUND = {name: scope for name, (scope, _) in scopes().items() if name.partition(" ")[2].split("/")[1] == "incidents"}


def test_every_verb_has_an_expectation() -> None:
    assert sorted(FOUND.keys() - VERBS.keys()) == [], "say in VERBS how it is asked for, and who may"
    assert sorted(VERBS.keys() - FOUND.keys()) == [], "there is no such route any more"


@pytest.fixture
async def world(system: System) -> World:
    service = await on_duty(system, process="itil")
    integration = await system.make(f"services/{service['id']}/integrations", name="prod", type="pagerduty")
    await desk(system)
    await system.user("Ben")
    await system.make("users", name="Sam", email="sam@example.com", org_roles=["stakeholder"])
    people = {one["name"]: one["id"] for one in (await system.api.get("/api/v1/users")).json()["items"]}
    keys = {
        READ: ("read", None),
        STAKEHOLDER: ("read", people["Sam"]),
        RESPONDER: ("respond", people["Ana"]),
        DESK: ("respond", people["Dora"]),
        NOBODY: ("respond", None),
    }
    made = {
        role: (await system.make("api-keys", name=role, scope=scope, user_id=user_id))["key"] for role, (scope, user_id) in keys.items()
    }
    clients = {role: system.client({"Authorization": f"Bearer {key}"}) for role, key in (made | {ADMIN: ADMIN_KEY}).items()}
    return World(system, service["id"], integration["key"], await category(system), people, {NO_KEY: system.client()} | clients)


async def _status_of_stream(world: World, client: AsyncClient, url: str) -> int:
    """Its first line: a stream has no end that could be waited for."""
    async with listening(world.system.node.app, url, key=client.headers.get("Authorization", "").removeprefix("Bearer ")) as ear:
        return ear.status


async def asked_by(world: World, role: str, name: str, verb: Verb) -> int:
    method, _, path = name.partition(" ")
    where, body, headers = await verb.asked(world)
    url, client = f"/api/v1{path.format(**where)}", world.clients[role]
    if path.endswith("/stream"):
        return await _status_of_stream(world, client, url)
    answer = await client.request(method, url, headers=headers, json=body)
    assert answer.status_code != 422, (name, role, answer.text)
    return answer.status_code


def expected(name: str, verb: Verb, role: str) -> int:
    """The class: 2 hundred and something, or exactly the refusal."""
    scope = FOUND[name]
    assert scope is not None
    if role == NO_KEY:
        return 401
    if role not in BY_SCOPE[scope]:
        return 403
    return 2 if verb.only is None or role in verb.only else 403


@pytest.mark.parametrize("first", range(WORLDS))
async def test_who_may(first: int, world: World) -> None:
    """Every verb, on incidents of its own."""
    wrong: dict[tuple[str, str], str] = {}
    for name, verb in sorted(VERBS.items())[first::WORLDS]:
        said = {role: await asked_by(world, role, name, verb) for role in ROLES}
        found = {role: status // 100 if status < 400 else status for role, status in said.items()}
        due = {role: expected(name, verb, role) for role in ROLES}
        wrong |= {(name, role): f"{found[role]} instead of {due[role]}" for role in ROLES if found[role] != due[role]}
    assert wrong == {}


async def test_that_nobody_could_be_asked_is_for_the_desk_to_say(world: World) -> None:
    """`waived` is a verdict of `verify`, and the one that is not everybody's."""
    verb = Verb(before=after(*RESOLVED, body={"verdict": "waived", "text": "on holiday"}))
    said = {role: await asked_by(world, role, "POST /incidents/{incident}/verify", verb) for role in ROLES}
    assert said == {NO_KEY: 401, READ: 403, STAKEHOLDER: 403, RESPONDER: 403, DESK: 200, NOBODY: 403, ADMIN: 403}


async def test_only_an_admin_acts_in_another_persons_name(world: World) -> None:
    body = {"user_id": world.people["Ben"]}
    said = {role: await asked_by(world, role, "POST /incidents/{incident}/acknowledge", Verb(body)) for role in ROLES}
    assert said == {NO_KEY: 401, READ: 403, STAKEHOLDER: 403, RESPONDER: 403, DESK: 403, NOBODY: 403, ADMIN: 200}
