"""How authors are written into rows, and read back."""

from collections.abc import Mapping
from uuid import UUID

import msgspec

from oncall.kit.actors import Actor, ActorKind


def record_of(author: Actor) -> str:
    said = {"kind": author.kind.value, "id": str(author.id) if author.id else None, "name": author.name, "via": author.via}
    return msgspec.json.encode(said).decode()


def actor_of(record: Mapping[str, str | None]) -> Actor:
    id = record["id"]
    return Actor(ActorKind(record["kind"] or ""), UUID(id) if id else None, record["name"] or "", record["via"] or "")


def actor_in(text: str | None) -> Actor | None:
    return actor_of(msgspec.json.decode(text)) if text else None
