"""Who did something, in a form every room can write into a record."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    INTEGRATION = "integration"
    EXTERNAL = "external"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who (the name as it was then), and through what: api, link, intake, engine."""

    kind: ActorKind
    id: UUID | None
    name: str
    via: str


ENGINE = Actor(ActorKind.ENGINE, None, "oncall", "engine")
