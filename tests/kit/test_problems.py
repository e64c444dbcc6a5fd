"""What pydantic says, as it is said to people: what to do about it, in plain words."""

import json
from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import pytest
from fastapi import FastAPI, Query
from httpx import ASGITransport, AsyncClient, Response
from pydantic import BaseModel, Field, ValidationError, create_model, model_validator

from oncall.kit.places import known_fields
from oncall.kit.problems import PATTERNS, install, sentence_of


class Asked(BaseModel):
    code: str = ""
    at: time = time(0)
    days: list[Literal["monday", "friday"]] = []
    types: Annotated[list[str], Field(min_length=1)] = ["x"]
    level: Annotated[int, Field(ge=1)] = 1
    link: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] = "https://h"
    name: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    text: Annotated[str, Field(pattern=r"^[^\x00]*$")] = ""
    since: datetime | None = None
    id: UUID | None = None


@pytest.mark.parametrize(
    ("field", "said", "sentence"),
    [
        ("code", 123456, "must be a valid string, in quotes"),
        ("at", "25:00", 'must be a time of day such as "22:00"'),
        ("days", ["fri"], "must be 'monday' or 'friday'"),
        ("types", [], "must have at least 1 item"),
        ("level", 0, "must be greater than or equal to 1"),
        ("link", "ftp://h", "must be an address that begins with https:// or http://, without spaces"),
        ("name", "a\nb", "must be one line without control characters"),
        ("text", "a\x00b", "must not hold a NUL character"),
        ("since", "yesterday", 'must be an instant such as "2026-03-08T09:00:00Z"'),
        ("id", "the first", "must be an id (a UUID), as the answer that made it said"),
        ("id", 1, "must be an id (a UUID), as the answer that made it said"),
    ],
)
def test_a_fault_is_told_in_our_words(field: str, said: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Asked.model_validate({field: said})
    assert [sentence_of(fault) for fault in caught.value.errors()] == [sentence]


def patterns_in(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(pattern := part.get("pattern"), str):
            yield pattern
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            yield from patterns_in(one)


def test_every_pattern_of_the_interface_is_told_in_words_of_its_own() -> None:
    document = json.loads((Path(__file__).parents[2] / "openapi" / "openapi.json").read_text())
    untold = {one for one in patterns_in(document) if not any(one.startswith(begun) for begun in PATTERNS)}
    assert untold == {r"^[^\x00-\x1f\x7f]*$"}, "of one line"


class Kept(BaseModel):
    model_config = {"extra": "forbid"}
    kind: Literal["kept"]
    of: Annotated[str | None, Field(alias="from")] = None


class Dropped(BaseModel):
    model_config = {"extra": "forbid"}
    kind: Literal["dropped"]


class Matching(BaseModel):
    """Of a text, as matchers are."""

    text: str

    @model_validator(mode="before")
    @classmethod
    def _of_text(cls, said: object) -> object:
        return {"text": said}


class Body(BaseModel):
    model_config = {"extra": "forbid"}
    matchers: list[Matching] = []
    what: Annotated[Kept | Dropped, Field(discriminator="kind")] | None = None
    named: dict[str, Kept] = {}
    several: list[Kept | Dropped] = []


IN_QUOTES = "must be a valid string, in quotes"
THERE_ARE = "there is no such field here; those there are: "
OF_BODY = f"{THERE_ARE}matchers, what, named, several"


@pytest.mark.parametrize(
    ("what", "sent", "loc", "field", "message"),
    [
        ("what was made of a text has no name", {"matchers": ["a=b", 7]}, "body.matchers.1", "matchers[1]", IN_QUOTES),
        ("nor has the kind of a union", {"what": {"kind": "kept", "from": 7}}, "body.what.from", "what.from", IN_QUOTES),
        ("what is missing has its name", {"named": {"a": {}}}, "body.named.a.kind", "named.a.kind", "is needed"),
        ("an empty name is written out", {"named": {"": {}}}, "body.named..kind", 'named[""].kind', "is needed"),
        ("the whole", [], "body", "", "must be a JSON object"),
        ("unknown at the top", {"x": 1}, "body.x", "x", OF_BODY),
        ("unknown in one of a union", {"what": {"kind": "dropped", "x": 1}}, "body.what.x", "what.x", f"{THERE_ARE}kind"),
        ("by the names as sent", {"named": {"a": {"kind": "kept", "of": 1}}}, "body.named.a.of", "named.a.of", f"{THERE_ARE}kind, from"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
async def test_a_fault_stands_where_its_sender_wrote_it(what: str, sent: object, loc: str, field: str, message: str) -> None:
    answer = await asked("/api", json=sent)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["loc"], error["field"], error["message"]) == (422, loc, field, message)
    assert answer.json()["detail"] == f"{field or 'the body'}: {message}"


async def test_a_parameter_is_named_without_the_place_of_its_value() -> None:
    answer = await asked("/api?level=1&level=x", json={})
    assert [(error["loc"], error["field"]) for error in answer.json()["errors"]] == [("query.level", "level")]


def test_more_fields_than_anybody_reads_are_not_named() -> None:
    few, many = ({f"f{n}": (int, 0) for n in range(count)} for count in (30, 31))
    assert known_fields(create_model("Few", **few), []) == list(few)  # type: ignore[call-overload]
    assert known_fields(create_model("Many", **many), []) == []  # type: ignore[call-overload]
    assert known_fields(Body, ["several", 0]) == [], "of which kind it is nobody knows"
    assert known_fields(Body, ["several", 0, "Dropped"]) == ["kind"]
    assert known_fields(Literal["x"] | list[Body], ["several", 0]) == [], "a path may lead through what is no type"
    assert known_fields(dict[str, Literal["x"]] | list[Literal["y"]], ["a", 0]) == []


async def asked(path: str, *, json: object) -> Response:
    """The answer of an application that takes a `Body`."""
    app = FastAPI()
    install(app)

    @app.post("/api")
    def take(body: Body, level: Annotated[list[int] | None, Query()] = None) -> None:
        """Nothing is done with it."""

    async with AsyncClient(transport=ASGITransport(app), base_url="http://oncall.test") as client:
        return await client.post(path, json=json)


async def test_a_method_that_an_address_does_not_take_is_told_those_that_it_does(api: AsyncClient) -> None:
    for path, allowed in (
        ("/api/v1/incidents", "GET, POST"),
        ("/api/v1/users/00000000-0000-0000-0000-000000000000", "DELETE, GET, PATCH"),
        ("/v2/enqueue", "POST"),
    ):
        answer = await api.request("PROPFIND", path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
        assert answer.json()["detail"] == f"This address takes {allowed} and no other method."
