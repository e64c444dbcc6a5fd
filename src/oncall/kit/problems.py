"""What clients are told when something goes wrong: RFC 9457 problem+json, with a stable code and a sentence that says what to do."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from oncall.kit.errors import Invalid, Refusal
from oncall.kit.limits import TooMany
from oncall.kit.log import get_log
from oncall.kit.narrow import allowed
from oncall.kit.places import Place, known_fields, place_of, steps_of, written
from oncall.kit.trouble import STATEMENT_TIMED_OUT, Trouble, constraint_name, sqlstate, trouble

log = get_log("http")
RETRY_AFTER = {"Retry-After": "5"}
NONE: Mapping[str, object] = {}


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[dict[str, Any]] = (),
    members: Mapping[str, object] = NONE,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """RFC 9457 problem+json with a stable `code`; never echoes the value that offended."""
    body: dict[str, Any] = {
        "type": f"urn:oncall:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if taken := body.keys() & members.keys():
        raise AssertionError(f"a problem says this by itself: {', '.join(sorted(taken))}")
    body |= members
    if errors:
        body["errors"] = list(errors)
    extra = dict(headers or {})
    if status == 401:
        extra["WWW-Authenticate"] = "Bearer"
    if status == 503:
        extra = RETRY_AFTER | extra
    return JSONResponse(body, status, headers=extra, media_type="application/problem+json")


def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 — registered for Refusal only
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else None
    faults = error.faults if isinstance(error, Invalid) else ()
    where = "query" if request.method in {"GET", "HEAD"} else "body"
    errors = [_fault(where, steps_of(field), error.code, sentence) for field, sentence in faults]
    return problem(error.status, error.code, error.title, str(error), errors=errors, members=error.members, headers=headers)


# What pydantic calls it, and what to do about it, where its own words do not say.
SENTENCES = {
    "extra_forbidden": "there is no such field here; see the API reference for those there are",
    "missing": "is needed",
    "time_delta_parsing": 'must be a duration such as "PT5M" (ISO 8601) or a number of seconds',
    "time_delta_type": 'must be a duration such as "PT5M" (ISO 8601) or a number of seconds',
    "timezone_aware": 'must have an offset, such as "2026-03-08T09:00:00Z"',
    "timezone_naive": 'must be a local time without an offset, such as "2026-03-08T09:00:00"',
    "datetime_from_date_parsing": 'must be an instant such as "2026-03-08T09:00:00Z"',
    "datetime_parsing": 'must be an instant such as "2026-03-08T09:00:00Z"',
    "union_tag_not_found": "needs a type that says what it is",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "uuid_type": "must be an id (a UUID), as the answer that made it said",
    "uuid_parsing": "must be an id (a UUID), as the answer that made it said",
    "string_type": "must be a valid string, in quotes",
    "time_parsing": 'must be a time of day such as "22:00"',
}


# What a text may look like, by the pattern it must match; by any other, what it must not hold.
PATTERNS = {
    r"^https?://": "must be an address that begins with https:// or http://, without spaces",
    r"^[a-z]": "must be small letters, digits and _, and begin with a letter",
    r"^[a-z0-9]": "must be small letters, digits, - and _, and begin with a letter or a digit",
    r"^[A-Za-z0-9!#": "must be the name of a header, such as X-Signature",
    r"^arn:aws": "must be the ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:alerts",
    r"^[CG]": "must be the id of a channel, such as C0123456789",
    r"^([01]": 'must be a time of day such as "22:00"',
    r"^(([01]": 'must be a time of day such as "22:00", or "24:00"',
    r"^[^\x00]": "must not hold a NUL character",
    r"^[^\x00-\x09": "must be text without control characters",
}
ONE_LINE = "must be one line without control characters"


def sentence_of(fault: Mapping[str, Any]) -> str:
    """What to do about one of pydantic's faults; never repeats the value."""
    if fault["type"] == "string_pattern_mismatch":
        return next((said for begun, said in PATTERNS.items() if fault["ctx"]["pattern"].startswith(begun)), ONE_LINE)
    if fault["type"] == "union_tag_invalid":
        return f"{fault['ctx']['discriminator']} must be one of {fault['ctx']['expected_tags']}"
    if said := SENTENCES.get(fault["type"]):
        if fault["loc"][:1] == ("query",) and said.startswith("must be an instant"):
            return f"{said}; in an address write + as %2B"
        return said
    words = str(fault["msg"]).removeprefix("Value error, ").partition(" after validation, not ")[0]
    return re.sub(r"^(Input|[A-Z][a-z]+) should ", "must ", words)


def invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 — registered for it only
    errors = [_shown(request, fault, error.body) for fault in error.errors()[:20]]
    detail = "; ".join(dict.fromkeys(f"{e['field'] or 'the body'}: {e['message']}" for e in errors[:3]))
    return problem(422, "invalid", "Invalid request", detail, errors=errors)


def _shown(request: Request, fault: Mapping[str, Any], body: object) -> dict[str, Any]:
    """One of pydantic's faults, where it is and what to do about it."""
    where, *steps = fault["loc"]
    sentence = sentence_of(fault)
    if fault["type"] == "extra_forbidden":
        field = getattr(request.scope.get("route"), "body_field", None)
        if known := known_fields(field.field_info.annotation, steps[:-1]) if field is not None else []:
            sentence = f"there is no such field here; those there are: {', '.join(known)}"
    return _fault(where, place_of(fault["loc"], body, is_missing=fault["type"] == "missing"), fault["type"], sentence)


def _fault(where: str, place: Place, code: str, sentence: str) -> dict[str, Any]:
    """`loc` is for programs, `field` as people write it."""
    return {"loc": ".".join(str(step) for step in (where, *place)), "field": written(place), "code": code, "message": sentence}


def http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 — registered for it only
    code = {401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(
        error.status_code, "refused"
    )
    detail, headers = str(error.detail), dict(error.headers or {})
    if error.status_code == 404:
        detail = "There is nothing at this address."
    if error.status_code == 405 and (methods := allowed(request.scope)):
        headers["Allow"] = ", ".join(methods)
        detail = f"This address takes {', '.join(methods)} and no other method."
    return problem(error.status_code, code, str(error.detail), detail, headers=headers)


def database_error(_request: Request, error: Exception) -> Response:
    """Which of our limits or the database's state this was, as far as a client should know."""
    if sqlstate(error) == STATEMENT_TIMED_OUT:
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
