"""`/oncalls` and `/services/{id}/oncall`: from memory what is or will be, from the record what was."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.access.compiled import Callers, find_caller
from oncall.access.values import NotSignedIn
from oncall.kit.compiled import Compilation, Compiled
from oncall.kit.db import Database
from oncall.kit.errors import Invalid, NotFound
from oncall.kit.ids import ScheduleId, ServiceId
from oncall.schedules.commands import EVERYTHING_KNOWN
from oncall.services.compiled import Book, Duty, Shifts, Wanted, chosen, shifts_at, shifts_between
from oncall.services.hot.questions import TIMES, Question, from_body, from_query, uuid_of

BODY_LIMIT = 512 * 1024
MOST_ROWS = 50_000
MOST_SCHEDULE_DAYS = 20_000
AT_ONCE = 50
"""Schedules that are looked at before others have a turn."""


async def oncalls(request: Request) -> Response:
    """`GET` and `POST /api/v1/oncalls`: who is on call, by service, schedule, team, policy or person; at an instant or in a range."""
    await _let_in(request)
    question = from_body(await _body(request)) if request.method == "POST" else from_query(request.query_params.multi_items())
    book = await _book(request)
    at: datetime = question.at or request.app.state.clock.about()
    _check_known(book, question.wanted, living=_is_in_memory(book, question, at))
    return await _told(request, book, question, at)


async def service_oncall(request: Request) -> Response:
    """`GET /api/v1/services/{service_id}/oncall`: whom the service's policy would page, level by level."""
    await _let_in(request)
    question = from_query(request.query_params.multi_items(), allowed=TIMES)
    book = await _book(request)
    id = uuid_of(request.path_params["service_id"], "service_id")
    if ServiceId(id) not in book.services:
        raise NotFound("There is no service with this id.")
    at: datetime = question.at or request.app.state.clock.about()
    wanted = Question(Wanted(service_ids=frozenset([id])), question.at, question.between, question.known)
    return await _told(request, book, wanted, at)


async def _let_in(request: Request) -> None:
    """Any valid key may look; known keys are at most a second old."""
    state = request.app.state
    compilation: Compilation = state.compilation
    keys: Compiled[Callers] = state.callers
    header, admin = request.headers.get("authorization"), state.admin_key_hash
    callers = compilation.current(keys)
    known = callers is not None and find_caller(header, callers, admin_key_hash=admin)
    if not known and find_caller(header, await compilation.checked_now(keys), admin_key_hash=admin) is None:
        raise NotSignedIn


async def _body(request: Request) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_LIMIT:
            raise Invalid("A body may have at most 512 KiB; ask in parts.")
    return bytes(raw)


async def _book(request: Request) -> Book:
    compilation: Compilation = request.app.state.compilation
    kept: Compiled[Book] = request.app.state.book
    book = compilation.current(kept)
    return await compilation.fresh(kept) if book is None else book


async def _told(request: Request, book: Book, question: Question, at: datetime) -> Response:
    known = question.known or EVERYTHING_KNOWN
    if _is_in_memory(book, question, at):
        await _compile(book, question.wanted, at)
        return _answer(book, book.duties(question.wanted, book.shifts_at(at)))
    database: Database = request.app.state.database
    # Of a schedule that was deleted the past can be asked; no policy uses it any more.
    gone = {ScheduleId(id) for id in question.wanted.schedule_ids or () if id not in book.schedules}
    ids = book.asked(question.wanted) | gone
    _check_size(ids, question)
    async with database.transaction(read_only=True) as tx:
        if question.between is None:
            found = await shifts_at(tx, ids, at, known=known)
        else:
            found = await shifts_between(tx, ids, *question.between, known=known)
    if missing := gone - found.keys():
        raise NotFound(f"There is no schedule with this schedule_id: {min(missing)}.")
    shifts: Shifts = lambda schedule: found.get(schedule, ())  # noqa: E731 — a name for its type
    return _answer(
        book, [*book.duties(question.wanted, shifts), *(duty for id in gone for duty in chosen(question.wanted, id, shifts(id)))]
    )


def _is_in_memory(book: Book, question: Question, at: datetime) -> bool:
    """Unless it is about the past, a range, what was known once, or an instant beyond the book's horizon."""
    return question.between is None and question.known is None and book.since <= at < book.until


async def _compile(book: Book, wanted: Wanted, at: datetime) -> None:
    """Many schedules at another instant than now take a while: whoever acknowledges meanwhile does not wait for them."""
    named = (wanted.service_ids, wanted.policy_ids, wanted.schedule_ids)
    if len(book.schedules) <= AT_ONCE or any(ids is not None and len(ids) <= AT_ONCE for ids in named):
        return
    for n, id in enumerate(book.asked(wanted)):
        book.schedules[id].at(at)
        if n % AT_ONCE == 0:
            await asyncio.sleep(0)


def _check_size(ids: Collection[ScheduleId], question: Question) -> None:
    """Said before anything is worked out."""
    days = 1 if question.between is None else (question.between[1] - question.between[0]) / timedelta(days=1)
    if len(ids) * max(days, 1) > MOST_SCHEDULE_DAYS:
        raise Invalid(
            f"This is about {len(ids)} schedules over {days:.0f} days; at most {MOST_SCHEDULE_DAYS} schedules times days can be asked "
            "about that are not answered from memory: ask about fewer, or a shorter range."
        )


def _check_known(book: Book, wanted: Wanted, *, living: bool) -> None:
    """An id that nobody has must not look like "nobody is on call". With `living` schedules must exist now."""
    known: Mapping[str, tuple[frozenset[UUID] | None, Collection[UUID]]] = {
        "service": (wanted.service_ids, book.services.keys()),
        "schedule": (wanted.schedule_ids, book.schedules.keys()),
        "team": (wanted.team_ids, book.on_call_of),
        "user": (wanted.user_ids, book.users.keys()),
        "escalation policy": (wanted.policy_ids, book.policies.keys()),
    }
    for name, (asked, ids) in known.items():
        if not living and name == "schedule":
            continue
        if asked is not None and (missing := [id for id in asked if id not in ids]):
            raise NotFound(f"There is no {name} with this {name.replace(' ', '_')}_id: {missing[0]}.")


def _name_of(book: Book, id: ScheduleId) -> str:
    return book.schedules[id].schedule.name if id in book.schedules else "(deleted)"


def _answer(book: Book, duties: Iterable[Duty]) -> Response:
    items = [
        {
            "user": {"id": d.user_id, "name": book.users.get(d.user_id, "(removed)")},
            "schedule": {"id": d.schedule_id, "name": _name_of(book, d.schedule_id)} if d.schedule_id else None,
            "escalation_policy": {"id": d.policy_id, "name": book.policies[d.policy_id].name} if d.policy_id else None,
            "level": d.level,
            "start": d.start,
            "end": d.end,
        }
        for d in duties
    ]
    if len(items) > MOST_ROWS:
        raise Invalid(f"This would be more than {MOST_ROWS} rows; ask about fewer, or a shorter range.")
    return Response(msgspec.json.encode({"items": items, "next_cursor": None}), media_type="application/json")


ROUTES = [
    Route("/api/v1/oncalls", oncalls, methods=["GET", "POST"]),
    Route("/api/v1/services/{service_id}/oncall", service_oncall, methods=["GET"]),
]
