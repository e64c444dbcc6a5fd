"""What can be done with problems: record them, link incidents to them, find those that are like what is being logged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.verbs import get_incident, get_incidents
from oncall.incidents.values.similar import Known
from oncall.kit.actors import Actor
from oncall.kit.ids import ServiceId, new_id
from oncall.kit.references import refusing
from oncall.problems import rules, store
from oncall.problems.values import (
    MOST_LINKED,
    InvalidProblem,
    Link,
    Problem,
    ProblemId,
    Said,
    Search,
    Similar,
    TooManyLinked,
    UnknownProblem,
)
from oncall.services.commands import get_services
from oncall.teams.rules import check_version

NEWEST = UUID(int=2**128 - 1)
MOST_ASKED, MOST_WORDS, LOOKED_AT, MOST_SIMILAR = 10_000, 200, 100, 10


async def similar_problems(tx: AsyncConnection, words: str, service_id: ServiceId | None, *, limit: int = MOST_SIMILAR) -> list[Similar]:
    """Problems that may be behind an incident with these words (title, description) of this service, the likeliest first; each says why."""
    found = await store.find_similar(tx, words[:MOST_ASKED].replace("\x00", " "), service_id, most_words=MOST_WORDS, limit=LOOKED_AT)
    return rules.rank(found, limit=limit)


async def known_problems(tx: AsyncConnection, words: str, service_id: ServiceId) -> list[Known]:
    """The same, as incidents show them."""
    return [rules.known(one) for one in await similar_problems(tx, words, service_id)]


async def create_problem(tx: AsyncConnection, said: Said, *, by: Actor, now: datetime) -> Problem:
    rules.check(said)
    await _check_services(tx, said)
    blank = Problem(ProblemId(new_id()), said, by.name, now, by.name, now, version=0)
    made = rules.edited(blank, said, by=by.name, now=now)
    with _known_category():
        await store.add_problem(tx, made)
    return made


async def get_problem(tx: AsyncConnection, id: ProblemId, *, lock: bool = False) -> Problem:
    found = await store.find_problem(tx, id, lock=lock)
    if found is None:
        raise UnknownProblem
    return found


async def list_problems(tx: AsyncConnection, search: Search, *, before: UUID | None, limit: int) -> list[Problem]:
    """Newest first."""
    search = replace(search, words=search.words.replace("\x00", " ")) if search.words else search
    return await store.list_problems(tx, search, before=before or NEWEST, limit=limit)


async def update_problem(
    tx: AsyncConnection, id: ProblemId, said: Said, *, expected_version: int | None, by: Actor, now: datetime
) -> Problem:
    """All that people say of it; its links stay. A service that is gone may stay in it."""
    current = await get_problem(tx, id, lock=True)
    check_version(current.version, expected_version)
    await _check_services(tx, said, before=current.said)
    edited = rules.edited(current, said, by=by.name, now=now)
    with _known_category():
        await store.save_problem(tx, edited)
    return edited


async def delete_problem(tx: AsyncConnection, id: ProblemId) -> None:
    """With its links; its incidents stay."""
    await get_problem(tx, id, lock=True)
    await store.delete_problem(tx, id)


async def link(tx: AsyncConnection, id: ProblemId, ref: UUID | int, *, by: Actor, now: datetime) -> Problem:
    """An incident came of it. A second time changes nothing."""
    problem, incident = await get_problem(tx, id, lock=True), await get_incident(tx, ref)
    if await store.link(tx, id, incident.id, by=by.name, now=now) and problem.incident_count >= MOST_LINKED:
        raise TooManyLinked
    return await get_problem(tx, id)


async def unlink(tx: AsyncConnection, id: ProblemId, ref: UUID | int) -> Problem:
    """It did not. One that was not linked is no error."""
    incident = await get_incident(tx, ref)
    await get_problem(tx, id, lock=True)
    await store.unlink(tx, id, incident.id)
    return await get_problem(tx, id)


async def list_linked(tx: AsyncConnection, id: ProblemId, *, before: UUID | None, limit: int) -> list[Link]:
    """The incidents that came of it, newest first."""
    await get_problem(tx, id)
    linked = await store.list_linked(tx, id, before=before or NEWEST, limit=limit)
    incidents = {one.id: one for one in await get_incidents(tx, {incident for incident, _, _ in linked})}
    return [Link(one, incidents[one].number, incidents[one].title, by, at) for one, by, at in linked if one in incidents]


async def _check_services(tx: AsyncConnection, said: Said, before: Said | None = None) -> None:
    new = [id for id in said.service_ids if before is None or id not in before.service_ids]
    known = await get_services(tx, new)
    if unknown := [id for id in new if id not in known]:
        raise InvalidProblem(
            "A problem is of services that there are: see `errors`.",
            faults=[("service_ids", f"There is no service with the id {id}.") for id in unknown],
        )


@contextmanager
def _known_category() -> Iterator[None]:
    unknown = "There is no category with this category_id."
    with refusing({"problems_category_id_fkey": lambda: InvalidProblem(unknown, field="category_id")}):
        yield
