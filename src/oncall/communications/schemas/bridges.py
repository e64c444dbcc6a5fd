"""What bridges, and what services and teams say of their rooms, look like over REST."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.communications.values.bridges import URL_LIMIT, Bridge, BridgeFrom, RoomSettings
from oncall.incidents.schemas.incidents import By
from oncall.kit.http import Instant, ReadOnly, Shown, Strict
from oncall.kit.ids import IncidentId

Link = Annotated[str, StringConstraints(min_length=1, max_length=URL_LIMIT)]
SlackId = Annotated[str, StringConstraints(pattern=r"^[CG][A-Z0-9]{6,20}$")]


class BridgeIn(Strict):
    """The link, or null to close the bridge. All of what GET shows may be written back."""

    url: Link | None
    incident_id: ReadOnly = None
    is_open: ReadOnly = None
    opened_by: ReadOnly = None
    opened_at: ReadOnly = None
    closed_by: ReadOnly = None
    closed_at: ReadOnly = None


class BridgeOut(Shown):
    """The bridge of an incident as it is now; `url` is null while there is none."""

    incident_id: UUID
    is_open: bool
    url: str | None
    opened_by: By | None = None
    opened_at: Instant | None = None
    closed_by: By | None = None
    closed_at: Instant | None = None

    @classmethod
    def of(cls, incident_id: IncidentId, bridge: Bridge | None) -> Self:
        if bridge is None:
            return cls(incident_id=incident_id, is_open=False, url=None)
        return cls(
            incident_id=incident_id,
            is_open=bridge.is_open,
            url=bridge.url if bridge.is_open else None,
            opened_by=By.of(bridge.opened_by),
            opened_at=bridge.opened_at,
            closed_by=By.of(bridge.closed_by),
            closed_at=bridge.closed_at,
        )


class RoomSettingsIn(Strict):
    """All of it: what is null is left to the service's team, and then to the default (`P2`; no bridge; no mirror)."""

    bridge: Link | None = Field(None, description="An https link, or a template of one with {number} and {random} in its path.")
    bridge_from: BridgeFrom | None = Field(None, description="The priority from which on a bridge opens by itself.")
    slack_channel: SlackId | None = Field(None, description="The id of the Slack channel that shows the rooms of these incidents.")

    def settings(self) -> RoomSettings:
        return RoomSettings(self.bridge, self.bridge_from, self.slack_channel)


class RoomSettingsOut(Shown):
    bridge: str | None
    bridge_from: BridgeFrom | None
    slack_channel: str | None
