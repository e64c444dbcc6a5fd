"""The real side: PostgreSQL, the app in process, the engine's own sources, the clock moved by hand; and what there is of it, as read."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx import Response
from sqlalchemy import text
from tests.conftest import START
from tests.databases import ALL_TABLES
from tests.incidents.building import Monitor
from tests.model.world import PEOPLE, POLICIES, SERVICES, Dict
from tests.system import System, to

from oncall.health.commands import examine
from oncall.incidents.due import DueIncidents
from oncall.incidents.values import Event
from oncall.kit.clock import ManualClock
from oncall.kit.compiled import changed
from oncall.notifications.due import Sender
from oncall.silences.commands.muting import MUTING

JSON = dict[str, Any]

INCIDENTS = text("SELECT * FROM incidents ORDER BY id")
ALERTS = text("SELECT * FROM alerts ORDER BY id")
PAGES = text("SELECT * FROM pages ORDER BY created_at, incident_id, cycle, round, step, user_name")
EVENTS = text("SELECT id, decision, incident_id FROM events")


def iso(length: timedelta | None) -> str | None:
    return None if length is None else f"PT{round(length.total_seconds())}S"


class Real:
    """One node, its services and people; everything else is new with each example."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.clock = ManualClock(START)
        self.system = System(database_url, self.clock, folder)
        self.people: dict[str, JSON] = {}
        self.monitors: dict[str, Monitor] = {}
        self.numbers: dict[UUID, int] = {}
        """Events by their ids: the model counts them."""

    async def start(self) -> None:
        await self.system.start()
        self.people = {name: await self.system.user(name) for name in PEOPLE}
        policies = {name: await self._policy(name, policy) for name, policy in POLICIES.items()}
        for name, service in SERVICES.items():
            self.monitors[name] = await self._service(name, service, policies[service["policy"]])
        names = [name for name in await self._rows(ALL_TABLES) if not await self._rows(text(f"SELECT 1 FROM {name[0]} LIMIT 1"))]
        self.empty = text("WITH " + ", ".join(f"d{n} AS (DELETE FROM {name[0]})" for n, name in enumerate(names)) + " SELECT 1")

    async def _policy(self, name: str, policy: Dict) -> str:
        steps = [{"delay": iso(policy["delay"]), "targets": [to(self.people[who]) for who in step]} for step in policy["steps"]]
        more = {"repeat": policy["repeat"], "exhausted_retry": iso(policy["exhausted_retry"])}
        return str((await self.system.make("escalation-policies", name=name, steps=steps, **more))["id"])

    async def _service(self, name: str, service: Dict, policy_id: str) -> Monitor:
        body: JSON = {one: iso(service[one]) for one in ("ack_timeout", "reopen_window", "group_max_age")} | {"urgency": service["urgency"]}
        if service["group_by"]:
            body["grouping"] = {"type": "labels", "labels": service["group_by"]}
        if service["group_window"]:
            body["grouping"] = {"type": "window", "window": iso(service["group_window"])}
        for one in ("flapping", "threshold"):
            its = service[one]
            body[one] = its and {field: iso(value) if isinstance(value, timedelta) else value for field, value in its.items()}
        body["delay"] = service["delay"] and {"for": iso(service["delay"])}
        made = await self.system.make("services", name=name, escalation_policy_id=policy_id, **body)
        integration = await self.system.make(f"services/{made['id']}/integrations", name="monitor", type="pagerduty")
        return Monitor(self.system, {"service": made, "integration": integration})

    async def begin(self) -> None:
        """As it was when it started, for the next example."""
        self.clock.at = START
        self.numbers = {}
        async with self.system.node.database.transaction() as tx:
            await tx.execute(self.empty)
            await changed(tx, MUTING)
        for channel in (self.system.email, self.system.webhook):
            channel.sent.clear()

    # --- what is done -------------------------------------------------------------------------------------------------------

    async def accept(self, events: Iterable[Dict]) -> None:
        """One body, through the gate."""
        said: list[Event] = []
        for e in events:
            made = self.monitors[e["service"]].event(e["key"], e["action"], e["severity"], labels=e["labels"])
            self.numbers[made.id] = e["n"]
            said.append(made)
        decided = await self.system.node.gate.accept(said)
        assert [one.event_id for one in decided] == [one.id for one in said]

    async def verb(self, incident: int, verb: str, person: str) -> None:
        id = next(id for id, n in self.numbers.items() if n == incident)
        await self._ask("POST", f"incidents/{id}/{verb}", {"user_id": self.people[person]["id"]})

    async def make(self, path: str, body: JSON) -> str:
        made: JSON = (await self._ask("POST", path, body)).json()
        return str(made["id"])

    async def end(self, path: str) -> None:
        await self._ask("DELETE" if path.count("/") == 1 else "POST", path)

    async def _ask(self, method: str, path: str, body: JSON | None = None) -> Response:
        answer = await self.system.api.request(method, f"/api/v1/{path}", json=body)
        assert answer.is_success, answer.text
        return answer

    async def run_due(self) -> datetime | None:
        """The engine's own sources of incidents and messages, until nothing is due; when something is next."""
        sources = [one for one in self.system.node.sources if isinstance(one, Sender) or one.name == DueIncidents.name]
        for _ in range(50):
            passes = [await source.run() for source in sources]
            for source in sources:
                if isinstance(source, Sender):
                    await source.settle()
            if not any(one.handled for one in passes):
                return min((one.next_at for one in passes if one.next_at is not None), default=None)
        raise AssertionError("the engine never comes to rest")

    # --- what there is ------------------------------------------------------------------------------------------------------

    async def read(self) -> tuple[list[Any], list[Any], list[Any], list[Any]]:
        """Incidents, alerts, pages and events."""
        async with self.system.node.database.transaction(read_only=True) as tx:
            return tuple([(await tx.execute(query)).all() for query in (INCIDENTS, ALERTS, PAGES, EVENTS)])  # type: ignore[return-value]

    async def faults(self) -> list[str]:
        """What an audit finds, and every incident whose path cannot be told. What was sent is not sealed here."""
        async with self.system.node.database.transaction(read_only=True) as tx:
            found = (await examine(tx, kept=None, now=self.clock.at)).faults
        told = [await self._ask("GET", f"incidents/{row[0]}/explain") for row in await self._rows(text("SELECT id FROM incidents"))]
        untold = [answer.text for answer in told if not answer.json()["sentences"] or not answer.json()["next"]]
        return untold + [fault.sentence for fault in found if fault.invariant != "delivery_ledger"]

    async def _rows(self, query: Any) -> list[Any]:
        async with self.system.node.database.transaction(read_only=True) as tx:
            return [tuple(row) for row in await tx.execute(query)]

    def person(self, user_id: UUID | None) -> str | None:
        return next((name for name, user in self.people.items() if user["id"] == str(user_id)), None)
