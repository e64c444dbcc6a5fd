"""HTTP habits shared by every route: transactions as dependencies, problem+json, cursors, ETags."""

import base64
import binascii
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, StringConstraints
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from oncall.kit.clock import Clock
from oncall.kit.compiled import Compilation, changed
from oncall.kit.db import Database, Pool, Trouble, again, constraint_name, sqlstate, trouble
from oncall.kit.errors import Invalid, PreconditionRequired, Refusal, Stale
from oncall.kit.limits import TooMany
from oncall.kit.log import get_log

log = get_log("http")
ItemT = TypeVar("ItemT")


# --- transactions -----------------------------------------------------------------------------------------------------------


CONFIGURATION = "configuration"
"""The topic of everything that is edited and compiled: every write of `WriteTx` raises its revision."""


def _begin(pool: Pool, *, read_only: bool = False, edits: bool = False) -> Callable[[Request], AsyncIterator[AsyncConnection]]:
    async def begin(request: Request) -> AsyncIterator[AsyncConnection]:
        database: Database = request.app.state.database
        async with database.transaction(pool, read_only=read_only) as tx:
            yield tx
            if edits:
                await changed(tx, CONFIGURATION)
        if edits:
            compilation: Compilation = request.app.state.compilation
            compilation.expire()

    return begin


# scope="function": committed after the route function and before the response. With the default scope the client would have its
# 2xx before the commit, and a commit that fails would be a lost page.
ReadTx = Annotated[AsyncConnection, Depends(_begin(Pool.API, read_only=True), scope="function")]
WriteTx = Annotated[AsyncConnection, Depends(_begin(Pool.API, edits=True), scope="function")]
AckTx = Annotated[AsyncConnection, Depends(_begin(Pool.ACKS), scope="function")]


class AgainRoute(APIRoute):
    """A route that is run again, transaction and all, when it met another transaction: an acknowledgement must not fail for that."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        run = super().get_route_handler()

        async def run_again(request: Request) -> Response:
            return await again(lambda: run(request), tries=3)

        return run_again


async def now_in(request: Request, tx: AsyncConnection) -> datetime:
    """The one `now` of this request's transaction."""
    clock: Clock = request.app.state.clock
    return await clock.now(tx)


# --- shapes -----------------------------------------------------------------------------------------------------------------


class Strict(BaseModel):
    """What comes in: unknown fields are refused, text is trimmed."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class Shown(BaseModel):
    """What goes out."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


def _utc(value: datetime) -> str:
    text = value.astimezone(UTC).isoformat(timespec="microseconds" if value.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def _seconds_or_iso(value: object) -> object:
    if isinstance(value, bool):
        return None  # pydantic would make a second of it
    return timedelta(seconds=value) if isinstance(value, int | float) and abs(value) < 1e9 else value


def iso_duration(value: timedelta) -> str:
    """ISO 8601 in the form people write: PT5M, PT1H30M, P1D."""
    if value < timedelta(0):
        return "-" + iso_duration(-value)
    days, rest = value.days, value.seconds
    hours, minutes, seconds = rest // 3600, rest % 3600 // 60, rest % 60
    fraction = f"{value.microseconds / 1e6:.6f}"[1:].rstrip("0").rstrip(".")
    time = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes) + f"{seconds}{fraction}S" * bool(seconds or value.microseconds)
    return f"P{f'{days}D' * bool(days)}{f'T{time}' * bool(time)}" if days or time else "PT0S"


def _sensible(value: datetime) -> datetime:
    if not datetime(1971, 1, 1, tzinfo=UTC) <= value <= datetime(2200, 1, 1, tzinfo=UTC):
        raise ValueError("must lie between 1971 and 2200")
    return value


def _not_negative(value: timedelta) -> timedelta:
    if value < timedelta(0) or value > timedelta(days=366):
        raise ValueError("must be between PT0S and P366D")
    return value


Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""What people call something: one line without control characters."""

Instant = Annotated[AwareDatetime, AfterValidator(_sensible), PlainSerializer(_utc, return_type=str)]
"""RFC 3339 with an offset; shown in UTC with Z."""

Duration = Annotated[
    timedelta, BeforeValidator(_seconds_or_iso), AfterValidator(_not_negative), PlainSerializer(iso_duration, return_type=str)
]
"""ISO 8601 ("PT5M"); a number of seconds is accepted."""


class Listed(Shown, Generic[ItemT]):
    """One page of a list; `next_cursor` is null on the last."""

    items: Sequence[ItemT]
    next_cursor: str | None = None


class PageOf:
    """Which page of a list: at most `limit` rows after the row with id `after` (ids are in order of creation)."""

    def __init__(self, limit: Annotated[int, Query(ge=1, le=100)] = 50, cursor: Annotated[str | None, Query(max_length=64)] = None) -> None:
        self.limit = limit
        self.after = _read_cursor(cursor) if cursor else None

    def cut(self, rows: Sequence[Any]) -> tuple[Sequence[Any], str | None]:
        """Of `limit + 1` fetched rows, those to show and the cursor to go on with."""
        if len(rows) <= self.limit:
            return rows, None
        return rows[: self.limit], base64.urlsafe_b64encode(rows[self.limit - 1].id.bytes).decode().rstrip("=")


Paging = Annotated[PageOf, Depends()]


def _read_cursor(cursor: str) -> UUID:
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, binascii.Error):
        raise Invalid("This cursor is not one of ours: pass next_cursor of the page before, unchanged.") from None


# --- optimistic locking -----------------------------------------------------------------------------------------------------


def set_etag(response: Response, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'


def _if_match(if_match: Annotated[str | None, Header()] = None) -> int | None:
    if if_match is None:
        raise PreconditionRequired("Say which version you edit: send the ETag you read in an If-Match header (or If-Match: *).")
    if if_match.strip() == "*":
        return None
    number = if_match.strip().removeprefix("W/").strip('"')
    if not number.isdecimal() or len(number) > 9:
        raise Stale("This If-Match is not an ETag of ours; read the resource again and send the ETag it came with.")
    return int(number)


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version the caller edits; None for `*` (any)."""


# --- problems ---------------------------------------------------------------------------------------------------------------

RETRY_AFTER = {"Retry-After": "5"}


def problem(
    status: int, code: str, title: str, detail: str, *, errors: Sequence[dict[str, Any]] = (), headers: dict[str, str] | None = None
) -> JSONResponse:
    """RFC 9457 problem+json with a stable `code`; never echoes the value that offended."""
    body: dict[str, Any] = {"type": f"urn:oncall:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}
    if errors:
        body["errors"] = list(errors)
    extra = dict(headers or {})
    if status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if status == 503:
        extra = RETRY_AFTER | extra
    return JSONResponse(body, status, headers=extra, media_type="application/problem+json")


def refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 — registered for Refusal only
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else None
    return problem(error.status, error.code, error.title, str(error), headers=headers)


# What pydantic calls it, and what to do about it, where its own words do not say.
SENTENCES = {
    "extra_forbidden": "there is no such field here; see the API reference for those there are",
    "missing": "is needed",
    "time_delta_parsing": 'must be a duration such as "PT5M" (ISO 8601) or a number of seconds',
    "time_delta_type": 'must be a duration such as "PT5M" (ISO 8601) or a number of seconds',
    "timezone_aware": 'must have an offset, such as "2026-03-08T09:00:00Z"',
    "timezone_naive": 'must be a local time without an offset, such as "2026-03-08T09:00:00"',
    "datetime_from_date_parsing": 'must be an instant such as "2026-03-08T09:00:00Z"; in an address write + as %2B',
    "datetime_parsing": 'must be an instant such as "2026-03-08T09:00:00Z"; in an address write + as %2B',
    "union_tag_not_found": "needs a type that says what it is",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "string_pattern_mismatch": "must be one line without control characters",
    "uuid_parsing": "must be an id (a UUID), as the answer that made it said",
}


def sentence_of(fault: Mapping[str, Any]) -> str:
    """What to do about one of pydantic's faults; never repeats the value."""
    return SENTENCES.get(fault["type"]) or str(fault["msg"]).removeprefix("Value error, ")


def invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 — registered for it only
    errors = [{"loc": ".".join(str(x) for x in e["loc"]), "code": e["type"], "message": sentence_of(e)} for e in error.errors()[:20]]
    detail = "; ".join(dict.fromkeys(f"{e['loc']}: {e['message']}" for e in errors[:3]))
    return problem(422, "invalid", "Invalid request", detail, errors=errors)


def http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 — registered for it only
    code = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(
        error.status_code, "refused"
    )
    detail = "There is nothing at this address." if error.status_code == 404 else str(error.detail)
    return problem(error.status_code, code, str(error.detail), detail, headers=dict(error.headers or {}))


def database_error(_request: Request, error: Exception) -> Response:
    """Which of our limits or the database's state this was, as far as a client should know."""
    if sqlstate(error) == "57014":
        return problem(503, "query_timeout", "Too slow", "This query took too long and was stopped; narrow it.")
    kind = trouble(error)
    if kind is Trouble.UNREACHABLE:
        return problem(503, "database_unavailable", "Database unavailable", "The database cannot be reached; try again shortly.")
    if kind is Trouble.CONFLICT:
        return problem(503, "busy", "Try again", "Others were changing the same records; send the request again.")
    if kind is Trouble.BAD_DATA:
        log.warning("refused by the database", constraint=constraint_name(error), sqlstate=sqlstate(error))
        name = constraint_name(error)
        if sqlstate(error) == "23503":
            return problem(409, "in_use_or_missing", "Reference", f"Something this refers to is missing, or still refers to it ({name}).")
        if sqlstate(error) == "23505":
            return problem(409, "exists", "Already exists", f"One with the same identity exists already ({name}).")
        return problem(422, "invalid", "Invalid request", f"A value does not fit ({name or 'out of range'}).")
    return crashed(_request, error)


def crashed(_request: Request, error: Exception) -> Response:
    log.error("unhandled error", exc_info=error)
    return problem(500, "internal", "Our fault", "This is a defect of ours; it has been logged.")


ANSWERS: dict[type[Exception], Callable[[Request, Exception], Response]] = {
    Refusal: refused,
    RequestValidationError: invalid,
    HTTPException: http_error,
    DBAPIError: database_error,
    PoolTimeout: database_error,
    OSError: database_error,
    TimeoutError: database_error,
    Exception: crashed,
}
"""How each kind of error is answered; of several that fit, the most exact."""


def install(app: FastAPI) -> None:
    """Give every error of this application the same form."""
    for kind, answer in ANSWERS.items():
        app.add_exception_handler(kind, answer)


def failed(request: Request, error: Exception) -> Response:
    """The answer to an error, for routes that the application's own way of finding it does not reach."""
    return next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)(request, error)
