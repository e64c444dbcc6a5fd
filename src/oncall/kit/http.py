"""HTTP habits shared by every route: transactions as dependencies, cursors, ETags."""

import base64
import binascii
import re
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, StringConstraints
from pydantic.warnings import UnsupportedFieldAttributeWarning
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.clock import Clock
from oncall.kit.compiled import CONFIGURATION, Compilation, changed
from oncall.kit.db import Database, Pool
from oncall.kit.errors import Invalid, PreconditionRequired, Stale
from oncall.kit.log import get_log
from oncall.kit.stored_text import stored_key
from oncall.kit.trouble import again

log = get_log("http")
ItemT = TypeVar("ItemT")
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")


# --- transactions -----------------------------------------------------------------------------------------------------------


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
# What anybody may send who has no key takes no connection away from those who acknowledge.
PublicTx = Annotated[AsyncConnection, Depends(_begin(Pool.API), scope="function")]
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


# FastAPI keeps this to itself where it makes a route; what is built when it is first used says it then.
warnings.filterwarnings("ignore", "The 'alias' attribute", UnsupportedFieldAttributeWarning)


class Strict(BaseModel):
    """What comes in: unknown fields are refused, text is trimmed. Built when it is first used, as what goes out."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True, defer_build=True)


ReadOnly = Annotated[Any, Field(exclude=True, json_schema_extra={"readOnly": True}, description="As it was read; an edit ignores it.")]
"""A field of an edit that GET shows and nobody sets: what was read may be sent back as it is."""


class Shown(BaseModel):
    """What goes out."""

    # Built when it is first used: routes have their own builds of what they answer, and of some two hundred shapes few are used.
    model_config = ConfigDict(frozen=True, from_attributes=True, defer_build=True)


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


def _written_out(value: object) -> object:
    """pydantic would take a number for seconds since 1970; here an instant is written out, with its offset."""
    if isinstance(value, int | float) or (isinstance(value, str) and NUMBER.fullmatch(value.strip())):
        raise ValueError('must be an instant such as "2026-03-08T09:00:00Z"; a number is none')
    return value


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
DedupKey = Annotated[str, AfterValidator(stored_key)]
"""In a query: as its sender sent it, or as it is stored."""

Instant = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_sensible), PlainSerializer(_utc, return_type=str)]
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

    def __init__(self, limit: int, cursor: str | None) -> None:
        self.limit = limit
        self.after = _read_cursor(cursor) if cursor else None

    def cut(self, rows: Sequence[Any]) -> tuple[Sequence[Any], str | None]:
        """Of `limit + 1` fetched rows, those to show and the cursor to go on with."""
        if len(rows) <= self.limit:
            return rows, None
        return rows[: self.limit], base64.urlsafe_b64encode(_id_of(rows[self.limit - 1]).bytes).decode().rstrip("=")

    def part(self, rows: Sequence[Any]) -> tuple[Sequence[Any], str | None]:
        """The same of all rows there are, in whatever order. Of one that is gone by now its age says where it was, where that is the
        order; else nobody can say what came after it, and the list begins anew.
        """
        if self.after is None:
            return self.cut(rows)
        ids = [_id_of(row) for row in rows]
        if self.after in ids:
            return self.cut(rows[ids.index(self.after) + 1 :])
        if ids != sorted(ids):
            raise Invalid("What this cursor points at is gone, so nobody can say what came after it: read the list again without a cursor.")
        return self.cut(rows[sum(id < self.after for id in ids) :])


def _id_of(row: Any) -> UUID:
    """What has no id has a number."""
    return row.id if hasattr(row, "id") else UUID(int=row.number)


USUAL = 50
WHOLE = 1_000
"""The most that is shown at once of a list that is shown whole."""
Limit = Query(ge=1, le=100)
Cursor = Annotated[str | None, Query(max_length=64)]


async def _page(limit: Annotated[int, Limit] = USUAL, cursor: Cursor = None) -> PageOf:
    return PageOf(limit, cursor)


async def _whole_or_page(limit: Annotated[int | None, Limit] = None, cursor: Cursor = None) -> PageOf:
    return PageOf(limit or (USUAL if cursor else WHOLE), cursor)


Paging = Annotated[PageOf, Depends(_page)]
PagingIfAsked = Annotated[PageOf, Depends(_whole_or_page)]
"""Of a list that is shown whole unless somebody asks for a page of it."""


def _read_cursor(cursor: str) -> UUID:
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, binascii.Error):
        raise Invalid("This cursor is not one of ours: pass next_cursor of the page before, unchanged.") from None


# --- optimistic locking -----------------------------------------------------------------------------------------------------


def set_etag(response: Response, version: int) -> None:
    response.headers["ETag"] = f'"{version}"'


async def _if_match(if_match: Annotated[str | None, Header()] = None) -> int | None:
    if if_match is None:
        raise PreconditionRequired("Say which version you edit: send the ETag you read in an If-Match header (or If-Match: *).")
    if if_match.strip() == "*":
        return None
    number = if_match.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdecimal()) or len(number) > 9:
        raise Stale("This If-Match is not an ETag of ours; read the resource again and send the ETag it came with.")
    return int(number)


IfMatch = Annotated[int | None, Depends(_if_match)]
"""The version the caller edits; None for `*` (any)."""
