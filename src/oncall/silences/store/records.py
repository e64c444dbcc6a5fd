"""How matchers and authors are written into rows, and read back."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from oncall.kit.actors import Actor, ActorKind
from oncall.kit.matchers import Matchers, parse_matchers


def texts_of(matchers: Matchers) -> list[str]:
    return [str(matcher) for matcher in matchers]


def matchers_of(texts: Sequence[str]) -> Matchers:
    return tuple(matcher for text in texts for matcher in parse_matchers(text))


def record_of(author: Actor) -> dict[str, str | None]:
    return {"kind": author.kind.value, "id": str(author.id) if author.id else None, "name": author.name, "via": author.via}


def actor_of(record: Mapping[str, str | None]) -> Actor:
    id = record["id"]
    return Actor(ActorKind(record["kind"] or ""), UUID(id) if id else None, record["name"] or "", record["via"] or "")
