"""Where in a request something is wrong, as its sender wrote it, and which fields there could be in its place."""

import types
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

Place = tuple[str | int, ...]

MOST_NAMED = 30
"""More fields than this are no help to anybody who looks for one."""


def place_of(loc: Sequence[str | int], sent: object, *, is_missing: bool = False) -> Place:
    """The steps of pydantic's `loc` that lead somewhere in what was sent. It names the kinds of a union as well, and the fields of what we
    made of a text; and of a query only the parameter has a name. What `is_missing` stands at the end, and was not sent.
    """
    where, *steps = loc
    if where != "body":
        return tuple(steps[:1])
    place: list[str | int] = []
    for nth, step in enumerate(steps, 1):
        match sent, step:
            case dict(), str() if step in sent:
                sent = sent[step]
            case list(), int() if step < len(sent):
                sent = sent[step]
            case dict(), str() if is_missing and nth == len(steps):
                pass
            case _:
                continue
        place.append(step)
    return tuple(place)


def steps_of(field: str) -> Place:
    """Of a path with dots, such as `layers.0.rotation`."""
    return tuple(int(step) if step.isdecimal() else step for step in field.split("."))


def written(place: Place) -> str:
    """As people write it: `layers[0].rotation`; empty for the whole."""
    return "".join(_step(step) for step in place).removeprefix(".")


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step else '[""]'


def known_fields(annotation: object, loc: Sequence[str | int]) -> list[str]:
    """The fields that an object at `loc`, pydantic's own without its first step, may have by its type, in the order in which they are
    declared; none where that cannot be known, or there are more than thirty.
    """
    found = [annotation]
    for step in loc:
        found = [inner for one in found for inner in _within(one, step)]
    models = list(dict.fromkeys(model for one in found for model in _models(one)))
    if len(models) != 1:
        return []
    names = [field.alias or name for name, field in models[0].model_fields.items()]
    return names if len(names) <= MOST_NAMED else []


def _plain(annotation: object) -> Iterator[Any]:
    """The types that a value of this one may have."""
    if get_origin(annotation) is Annotated:
        yield from _plain(get_args(annotation)[0])
    elif get_origin(annotation) in {Union, types.UnionType}:
        for one in get_args(annotation):
            yield from _plain(one)
    else:
        yield annotation


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    for one in _plain(annotation):
        if isinstance(one, type) and issubclass(one, BaseModel):
            yield one


def _within(annotation: object, step: str | int) -> Iterator[object]:
    """What stands behind a step: of an object its field, of a list what it is of, of a union the kind that the step names."""
    for one in _plain(annotation):
        origin, inside = get_origin(one), get_args(one)
        if isinstance(step, int) and isinstance(origin, type) and issubclass(origin, Sequence | AbstractSet) and inside:
            yield inside[0]
        elif isinstance(step, str) and isinstance(origin, type) and issubclass(origin, Mapping) and inside:
            yield inside[1]
    for model in _models(annotation):
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if step == model.__name__ or any(step in get_args(field.annotation) for field in fields.values() if _is_kind(field.annotation)):
            yield model
        elif step in fields:
            yield fields[str(step)].annotation


def _is_kind(annotation: object) -> bool:
    return get_origin(annotation) is Literal
