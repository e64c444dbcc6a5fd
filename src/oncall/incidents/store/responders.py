"""SQL about people who were asked to join an incident."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Text, cast, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.tables import responders
from oncall.incidents.values.responders import Request, RequestId, RequestState
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, TeamId, UserId
from oncall.kit.trouble import racing

# Actors are read as text: `msgspec` makes values of them.
REQUESTS = select(*(cast(column, Text).label(column.name) if isinstance(column.type, JSONB) else column for column in responders.c))

ADD = text("""
    INSERT INTO responders (id, incident_id, nth, user_id, user_name, team_id, state, message, cycle, requested_by, requested_at)
    SELECT * FROM unnest(CAST(:id AS uuid[]), CAST(:incident_id AS uuid[]), CAST(:nth AS int[]), CAST(:user_id AS uuid[]),
        CAST(:user_name AS text[]), CAST(:team_id AS uuid[]), CAST(:state AS text[]), CAST(:message AS text[]), CAST(:cycle AS int[]),
        CAST(:requested_by AS jsonb[]), CAST(:requested_at AS timestamptz[]))
""")
ANSWER = text("""
    UPDATE responders SET state = :state, answered_by = CAST(:by AS jsonb), answered_at = :at, answer = :answer WHERE id = :id
""")


async def add_requests(tx: AsyncConnection, requests: Sequence[Request]) -> None:
    """Their incident is locked."""
    columns = {
        "id": [r.id for r in requests],
        "incident_id": [r.incident_id for r in requests],
        "nth": [r.nth for r in requests],
        "user_id": [r.user_id for r in requests],
        "user_name": [r.user_name for r in requests],
        "team_id": [r.team_id for r in requests],
        "state": [r.state.value for r in requests],
        "message": [r.message for r in requests],
        "cycle": [r.cycle for r in requests],
        "requested_by": [_json(r.requested_by) for r in requests],
        "requested_at": [r.requested_at for r in requests],
    }
    with racing("responders_one_open_request_per_person", "responders_are_numbered_by_incident"):
        await tx.execute(ADD, columns)


async def list_requests(tx: AsyncConnection, incident_id: IncidentId) -> list[Request]:
    """In the order in which they were asked."""
    its = REQUESTS.where(responders.c.incident_id == incident_id).order_by(responders.c.nth)
    return [_request(r) for r in await tx.execute(its)]


async def list_requests_of(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, list[Request]]:
    """Of these incidents, each in the order in which they were asked."""
    theirs = REQUESTS.where(responders.c.incident_id.in_(incident_ids)).order_by(responders.c.incident_id, responders.c.nth)
    found: dict[IncidentId, list[Request]] = {}
    for row in await tx.execute(theirs):
        found.setdefault(IncidentId(row.incident_id), []).append(_request(row))
    return found


async def find_request(tx: AsyncConnection, incident_id: IncidentId, id: UUID) -> Request | None:
    row = (await tx.execute(REQUESTS.where(responders.c.incident_id == incident_id, responders.c.id == id))).first()
    return _request(row) if row else None


async def lock_open(tx: AsyncConnection, incident_ids: Sequence[IncidentId], *, user_id: UserId | None = None) -> list[Request]:
    """The open requests of these incidents, or those of one person: free when nobody was asked, by the partial index
    `responders_one_open_request_per_person (incident_id, user_id) WHERE state = 'requested'`.
    """
    open = REQUESTS.where(responders.c.incident_id.in_(incident_ids), responders.c.state == "requested")
    if user_id is not None:
        open = open.where(responders.c.user_id == user_id)
    rows = await tx.execute(open.order_by(responders.c.id).with_for_update(key_share=True))  # FOR NO KEY UPDATE
    return [_request(r) for r in rows]


async def save_answers(tx: AsyncConnection, answered: Sequence[Request]) -> None:
    for one in answered:
        params = {"id": one.id, "state": one.state.value, "by": _json(one.answered_by), "at": one.answered_at, "answer": one.answer}
        await tx.execute(ANSWER, params)


def _json(actor: Actor | None) -> str | None:
    return None if actor is None else msgspec.json.encode(actor).decode()


def _actor(raw: str | None) -> Actor | None:
    return msgspec.json.decode(raw, type=Actor) if raw else None


def _request(r: Row[Any]) -> Request:
    answered_at: datetime | None = r.answered_at
    return Request(
        RequestId(r.id),
        IncidentId(r.incident_id),
        r.nth,
        UserId(r.user_id),
        r.user_name,
        TeamId(r.team_id) if r.team_id else None,
        RequestState(r.state),
        r.message,
        r.cycle,
        msgspec.json.decode(r.requested_by, type=Actor),
        r.requested_at,
        _actor(r.answered_by),
        answered_at,
        r.answer,
    )
