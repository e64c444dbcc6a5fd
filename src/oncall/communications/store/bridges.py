"""SQL about bridges, what services and teams say of their rooms, and how far those are who follow the timeline."""

from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.values.bridges import Bridge, BridgeFrom, RoomSettings
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, ServiceId, TeamId, new_id
from oncall.timeline.values import Place

FIND = text("""
    SELECT incident_id, url, opened_by::text AS opened_by, opened_at, closed_by::text AS closed_by, closed_at, version
    FROM bridges WHERE incident_id = ANY(CAST(:incident_ids AS uuid[]))
""")
SAVE = text("""
    INSERT INTO bridges (incident_id, url, opened_by, opened_at, closed_by, closed_at, version)
    VALUES (:incident_id, :url, CAST(:opened_by AS jsonb), :opened_at, CAST(:closed_by AS jsonb), :closed_at, :version)
    ON CONFLICT (incident_id) DO UPDATE SET url = excluded.url, opened_by = excluded.opened_by, opened_at = excluded.opened_at,
        closed_by = excluded.closed_by, closed_at = excluded.closed_at, version = excluded.version
""")
# By the unique `room_settings_one_for_a_service` and `room_settings_one_for_a_team`.
SETTINGS = text("""
    SELECT service_id, bridge, bridge_from, slack_channel, version FROM room_settings
    WHERE service_id = CAST(:service_id AS uuid) OR team_id = CAST(:team_id AS uuid)
""")
SAVE_OF_SERVICE = text("""
    INSERT INTO room_settings (id, service_id, bridge, bridge_from, slack_channel, version)
    VALUES (:id, :owner_id, :bridge, :bridge_from, :slack_channel, :version)
    ON CONFLICT (service_id) DO UPDATE SET bridge = excluded.bridge, bridge_from = excluded.bridge_from,
        slack_channel = excluded.slack_channel, version = excluded.version WHERE room_settings.version = excluded.version - 1
    RETURNING id
""")
SAVE_OF_TEAM = text("""
    INSERT INTO room_settings (id, team_id, bridge, bridge_from, slack_channel, version)
    VALUES (:id, :owner_id, :bridge, :bridge_from, :slack_channel, :version)
    ON CONFLICT (team_id) DO UPDATE SET bridge = excluded.bridge, bridge_from = excluded.bridge_from,
        slack_channel = excluded.slack_channel, version = excluded.version WHERE room_settings.version = excluded.version - 1
    RETURNING id
""")
BEGIN_FOLLOWING = text(
    "INSERT INTO room_followers (name, xact, seq) VALUES (:name, :xact, :seq) ON CONFLICT (name) DO NOTHING RETURNING name"
)
CLAIM_PLACE = text("SELECT xact, seq FROM room_followers WHERE name = :name FOR NO KEY UPDATE SKIP LOCKED")
IS_FOLLOWED = text("SELECT 1 FROM room_followers WHERE name = :name")
SAVE_PLACE = text("UPDATE room_followers SET xact = :xact, seq = :seq WHERE name = :name")


async def find_bridges(tx: AsyncConnection, incident_ids: list[IncidentId]) -> dict[IncidentId, Bridge]:
    return {IncidentId(r.incident_id): _bridge(r) for r in await tx.execute(FIND, {"incident_ids": incident_ids})}


async def save_bridge(tx: AsyncConnection, bridge: Bridge) -> None:
    """With its incident locked."""
    await tx.execute(
        SAVE,
        {
            "incident_id": bridge.incident_id,
            "url": bridge.url,
            "opened_by": _json(bridge.opened_by),
            "opened_at": bridge.opened_at,
            "closed_by": _json(bridge.closed_by) if bridge.closed_by else None,
            "closed_at": bridge.closed_at,
            "version": bridge.version,
        },
    )


async def get_settings(tx: AsyncConnection, service_id: ServiceId | None, team_id: TeamId | None) -> tuple[RoomSettings, RoomSettings]:
    """What the service says, and what the team does; nothing where none is asked for."""
    of_service, of_team = RoomSettings(), RoomSettings()
    for r in await tx.execute(SETTINGS, {"service_id": service_id, "team_id": team_id}):
        said = RoomSettings(r.bridge, BridgeFrom(r.bridge_from) if r.bridge_from else None, r.slack_channel, r.version)
        if r.service_id is not None:
            of_service = said
        else:
            of_team = said
    return of_service, of_team


async def save_settings(tx: AsyncConnection, settings: RoomSettings, service_id: ServiceId | None, team_id: TeamId | None) -> bool:
    """False if somebody else saved that version first."""
    params = {
        "id": new_id(),
        "owner_id": service_id or team_id,
        "bridge": settings.bridge,
        "bridge_from": settings.bridge_from.value if settings.bridge_from else None,
        "slack_channel": settings.slack_channel,
        "version": settings.version,
    }
    saved = await tx.execute(SAVE_OF_SERVICE if service_id is not None else SAVE_OF_TEAM, params)
    return saved.first() is not None


async def claim_place(tx: AsyncConnection, name: str, *, newest: Place) -> Place | None:
    """How far this follower is, locked; None while another node does its work. A new one begins with what happens from now on."""
    row = (await tx.execute(CLAIM_PLACE, {"name": name})).first()
    if row is not None:
        return Place(row.xact, row.seq)
    if (await tx.execute(IS_FOLLOWED, {"name": name})).first() is not None:
        return None
    begun = await tx.execute(BEGIN_FOLLOWING, {"name": name, "xact": newest.xact, "seq": newest.seq})
    return newest if begun.first() is not None else None


async def save_place(tx: AsyncConnection, name: str, place: Place) -> None:
    await tx.execute(SAVE_PLACE, {"name": name, "xact": place.xact, "seq": place.seq})


def _bridge(r: Row[Any]) -> Bridge:
    return Bridge(
        IncidentId(r.incident_id),
        r.url,
        _actor(r.opened_by),
        r.opened_at,
        _actor(r.closed_by) if r.closed_by else None,
        r.closed_at,
        r.version,
    )


def _actor(raw: str) -> Actor:
    return msgspec.json.decode(raw, type=Actor)


def _json(actor: Actor) -> str:
    return msgspec.json.encode(actor).decode()
