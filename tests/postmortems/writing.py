"""What tests of postmortems begin with: a team, its people with keys of their own, and an incident that is over."""

from dataclasses import dataclass
from typing import Any

from httpx import AsyncClient, Response
from sqlalchemy import text
from tests.system import System, to


@dataclass
class House:
    """Ana responds for team Payments and manages it; Ben is of no team; both have keys of their own."""

    system: System
    team: dict[str, Any]
    ana: dict[str, Any]
    ben: dict[str, Any]
    key: str
    service: dict[str, Any]
    keys: dict[str, str]

    def as_(self, who: str) -> AsyncClient:
        return self.system.client({"Authorization": f"Bearer {self.keys[who]}"})

    async def over(self, dedup_key: str = "disk", *, major: bool = False, owner: dict[str, Any] | None = None) -> str:
        """An incident that was opened, acknowledged after a minute and resolved after ten."""
        opened = await self.system.event(self.key, dedup_key)
        id = str(opened["incident_id"])
        await self.system.advance(minutes=1)
        await self.post(f"incidents/{id}/acknowledge", {"user_id": (owner or self.ana)["id"]})
        await self.system.advance(minutes=9)
        if major:
            await self.mark_major(id)
        await self.post(f"incidents/{id}/resolve", {})
        await self.system.run_due()
        return id

    async def mark_major(self, id: str) -> None:
        async with self.system.node.database.transaction() as tx:
            await tx.execute(text("UPDATE incidents SET is_major = true WHERE id = :id"), {"id": id})

    async def post(self, path: str, body: dict[str, Any], *, status: int = 200) -> dict[str, Any]:
        return said(await self.system.api.post(f"/api/v1/{path}", json=body), status)

    async def get(self, path: str, **query: Any) -> dict[str, Any]:
        return said(await self.system.api.get(f"/api/v1/{path}", params=query))

    async def draft(self, id: str, **body: Any) -> dict[str, Any]:
        return await self.post(f"incidents/{id}/postmortem", body, status=201)

    async def edit(self, path: str, *, client: AsyncClient | None = None, **changes: Any) -> Response:
        client, path = client or self.system.api, f"/api/v1/{path}"
        now = await client.get(path)
        return await client.put(path, json=now.json() | changes, headers={"If-Match": now.headers["ETag"]})

    async def written(self, id: str) -> dict[str, Any]:
        """A draft in which nothing is left to fill in."""
        made = await self.draft(id)
        body = made["body"].replace("[to fill in]", "Said by people.")
        return said(await self.edit(f"postmortems/{made['id']}", body=body))


def said(answer: Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def make_house(system: System) -> House:
    ana, ben, cleo = await system.user("Ana"), await system.user("Ben"), await system.user("Cleo")
    team = await system.make("teams", name="Payments")
    for user, role in ((ana, "manager"), (cleo, "observer")):
        answer = await system.api.put(f"/api/v1/teams/{team['id']}/members/{user['id']}", json={"role": role})
        assert answer.status_code in {200, 201, 204}, answer.text
    made = await system.service([to(ana)], team_id=None)
    service = said(await system.api.get(f"/api/v1/services/{made['service']['id']}"))
    answer = await system.api.get(f"/api/v1/services/{service['id']}")
    edited = await system.api.put(
        f"/api/v1/services/{service['id']}", json=answer.json() | {"team_id": team["id"]}, headers={"If-Match": answer.headers["ETag"]}
    )
    keys = {}
    for name, user in (("ana", ana), ("ben", ben), ("cleo", cleo)):
        keys[name] = (await system.make("api-keys", name=name, scope="respond", user_id=user["id"]))["key"]
    keys["reader"] = (await system.make("api-keys", name="wall", scope="read"))["key"]
    keys["robot"] = (await system.make("api-keys", name="robot", scope="respond"))["key"]
    return House(system, team, ana, ben, made["key"], said(edited), keys)
