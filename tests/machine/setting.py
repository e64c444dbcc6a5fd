"""The people, schedules, policies and services there are when a story begins, and how all of it is put back for the next one."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from tests.databases import ALL_TABLES
from tests.machine.fleet import Fleet
from tests.system import to

from oncall.kit.compiled import changed, revisions

JSON = dict[str, Any]

PEOPLE = ("ana", "ben", "cleo", "dan")
POLICIES = ("climbing", "hollow", "last")
SERVICES = ("payments", "search")
OWN_DELAYS = {"ben@example.com": timedelta(minutes=1)}
"""Addresses where somebody's own rules page them later than at once."""


class Setting:
    """What each thing is called in a story, and its id. Things that a story edits or deletes are there again in the next."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.ids: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self._names: list[str] = []
        self._kept: list[str] = []

    async def make(self) -> None:
        await self._people()
        await self._policies()
        await self._services()
        await self._keep()

    async def _make(self, called: str, path: str, /, **body: Any) -> JSON:
        answer = await self.fleet.ask(0, "POST", f"/api/v1/{path}", body)
        assert answer.status_code == 201, answer.text
        made: JSON = answer.json()
        self.ids[called] = made["id"]
        return made

    async def _people(self) -> None:
        """Ana and Ben have two addresses each; Ben is asked again and again; nobody has proven that they can reach Dan."""
        for name in PEOPLE:
            await self._make(name, "users", name=name.title(), email=f"{name}@example.com")
            for channel in ("email", "webhook") if name in {"ana", "ben"} else ("email",) if name == "cleo" else ():
                address = f"{name}@example.com" if channel == "email" else f"https://hooks.example.com/{name}"
                path = f"users/{self.ids[name]}/contact-methods"
                await self._make(f"{name}-{channel}", path, channel=channel, address=address, verified=True)
        rules = f"users/{self.ids['ben']}/notification-rules"
        again = {"every": "PT2M", "at_most": 3}
        await self._make("ben-1", rules, urgency="high", delay="PT0S", contact_method_id=self.ids["ben-webhook"], repeat=again)
        await self._make("ben-2", rules, urgency="high", delay="PT1M", contact_method_id=self.ids["ben-email"])
        layer = {
            "name": "by day",
            "participants": [{"type": "user", "id": self.ids[name]} for name in ("ana", "ben")],
            "rotation": {"unit": "day", "count": 1, "starts_at": "2026-03-01T13:00:00"},
        }
        await self._make("primary", "schedules", name="Primary", time_zone="UTC", layers=[layer])
        vacant = {"participants": [{"type": "vacant"}], "rotation": {"unit": "week", "count": 8, "starts_at": "2026-03-02T09:00:00"}}
        await self._make("empty", "schedules", name="Empty", time_zone="UTC", layers=[layer | vacant])

    def step(self, *targets: str, delay: str = "PT5M", **more: Any) -> JSON:
        """A step of a policy; `targets` are names of people and schedules."""
        named = [to({"id": self.ids[t]}) if t in PEOPLE else {"type": "schedule", "id": self.ids[t]} for t in targets]
        return {"delay": delay, "targets": named, **more}

    def policy(self, name: str) -> JSON:
        """As it is when a story begins."""
        match name:
            case "climbing":
                steps = [self.step("primary"), self.step("ben"), self.step("cleo", "dan", delay="PT10M")]
                return {"name": name, "repeat": 1, "exhausted_retry": "PT30M", "steps": steps}
            case "hollow":
                steps = [self.step("empty"), self.step("ana", delay="PT3M"), self.step("cleo", condition="unresolved")]
                return {"name": name, "repeat": 0, "exhausted_retry": None, "steps": steps}
            case _:
                return {"name": name, "repeat": 0, "exhausted_retry": "PT20M", "steps": [self.step("cleo", "ben")]}

    async def _policies(self) -> None:
        for name in POLICIES:
            await self._make(name, "escalation-policies", **self.policy(name))
        await self._make("core", "teams", name="Core", fallback_policy_id=self.ids["last"], schedule_id=self.ids["primary"])
        room = {"channel": "webhook", "address": "https://hooks.example.com/room", "verified": True}
        await self._make("room", f"teams/{self.ids['core']}/contact-methods", **room)

    async def _services(self) -> None:
        """One whose incidents are each of one alert, and one that gathers them and has a fallback."""
        its: dict[str, JSON] = {
            "payments": {"escalation_policy_id": self.ids["climbing"], "urgency": "by_severity", "ack_timeout": "PT30M"},
            "search": {
                "escalation_policy_id": self.ids["hollow"],
                "team_id": self.ids["core"],
                "urgency": "high",
                "grouping": {"type": "all"},
            },
        }
        for name, body in its.items():
            await self._make(name, "services", name=name, **body)
            made = await self._make(f"{name}-monitor", f"services/{self.ids[name]}/integrations", name="monitor", type="pagerduty")
            self.keys[name] = made["key"]

    async def _keep(self) -> None:
        """Remember every row there is now; to be put back, they are copied within the database."""
        async with self.fleet.database.transaction() as tx:
            self._names = list((await tx.execute(ALL_TABLES)).scalars())
            await tx.execute(text("CREATE SCHEMA kept"))
            for name in self._names:
                if name != revisions.name and (await tx.execute(text(f"SELECT 1 FROM {name} LIMIT 1"))).first():
                    await tx.execute(text(f"CREATE TABLE kept.{name} AS TABLE {name}"))
                    self._kept.append(name)

    async def put_back(self) -> None:
        """As it was. Revisions only rise, so that whatever was compiled is compiled anew."""
        deletes = ", ".join(f"d{n} AS (DELETE FROM {name})" for n, name in enumerate(self._names) if name != revisions.name)
        inserts = ", ".join(f"i{n} AS (INSERT INTO {name} OVERRIDING SYSTEM VALUE TABLE kept.{name})" for n, name in enumerate(self._kept))
        async with self.fleet.database.transaction() as tx:
            await tx.execute(text(f"WITH {deletes} SELECT 1"))
            await tx.execute(text(f"WITH {inserts} SELECT 1"))
            topics = (await tx.execute(text("SELECT topic FROM revisions"))).scalars().all()
            for topic in topics:
                await changed(tx, topic)
