"""Deeds by which people change the settings while incidents are open."""

from datetime import timedelta

from tests.machine.doing import Doing
from tests.machine.setting import POLICIES


class Changing(Doing):
    """People, schedules, policies, silences and quiet hours."""

    async def rests(self, who: str, ends: str | None, node: int = 0) -> None:
        """Somebody has quiet hours from before every story begins; None: they have none any more."""
        path = f"/api/v1/users/{self.setting.ids[who]}/quiet-hours"
        if ends is None:
            await self._ask(node, "DELETE", path)
        else:
            await self._ask(node, "PUT", path, {"start_time": "11:00:00", "end_time": ends})

    async def covers(self, who: str, hours: int, node: int = 0) -> None:
        """Somebody takes the shift, from now on for so many hours."""
        start = (self.fleet.clock.at + timedelta(seconds=1)).replace(microsecond=0)
        body = {"start": start.isoformat(), "end": (start + timedelta(hours=hours)).isoformat(), "user_id": self.setting.ids[who]}
        await self._ask(node, "POST", f"/api/v1/schedules/{self.setting.ids['primary']}/overrides", body)

    async def rotates(self, people: list[str], node: int = 0) -> None:
        """The schedule names other people; nobody: a gap. At that very second nobody else is paged by it."""
        await self.passes(1)
        named = [{"type": "user", "id": self.setting.ids[who]} for who in people] or [{"type": "vacant"}]
        rotation = {"unit": "day", "count": 1, "starts_at": "2026-03-01T13:00:00"}
        layers = [{"name": "by day", "participants": named, "rotation": rotation}]
        path = f"/api/v1/schedules/{self.setting.ids['primary']}"
        await self._ask(node, "PATCH", path, {"layers": layers}, **{"If-Match": "*"})

    async def edits(self, policy: str, shape: str, node: int = 0) -> None:
        """A policy becomes shorter or longer, or begins with a step that reaches nobody; or is as it was."""
        its = self.setting.policy(policy)
        match shape:
            case "short":
                its["steps"] = its["steps"][-1:]
            case "long":
                its["steps"] = [*its["steps"], self.setting.step("ana", delay="PT1M")]
            case "channel":
                its["steps"] = [{"delay": "PT2M", "targets": [{"type": "channel", "id": self.setting.ids["room"]}]}, *its["steps"]]
            case "nobody":
                its["steps"] = [self.setting.step("dan"), *its["steps"]]
        await self._ask(node, "PUT", f"/api/v1/escalation-policies/{self.setting.ids[policy]}", its, **{"If-Match": "*"})

    async def deletes(self, what: str, node: int = 0) -> None:
        """A person, a schedule or a policy; refused while others need it. At that very second nobody else is paged."""
        await self.passes(1)
        path = "escalation-policies" if what in POLICIES else "schedules" if what in {"primary", "empty"} else "users"
        await self._ask(node, "DELETE", f"/api/v1/{path}/{self.setting.ids[what]}")

    async def loses(self, who: str, channel: str, node: int = 0) -> None:
        """An address is taken away; who has none there has none to lose."""
        id = self.setting.ids.get(f"{who}-{channel}")
        if id is not None:
            await self._ask(node, "DELETE", f"/api/v1/users/{self.setting.ids[who]}/contact-methods/{id}")

    async def mutes(self, service: str, minutes: int, node: int = 0) -> None:
        end = self.fleet.clock.at + timedelta(minutes=minutes)
        body = {"matchers": [], "matches_everything": True, "service_id": self.setting.ids[service], "comment": "known"}
        made = await self._ask(node, "POST", "/api/v1/silences", body | {"ends_at": end.isoformat()})
        self._silence = made.json().get("id")

    async def unmutes(self, node: int = 0) -> None:
        if self._silence is not None:
            await self._ask(node, "POST", f"/api/v1/silences/{self._silence}/expire")
