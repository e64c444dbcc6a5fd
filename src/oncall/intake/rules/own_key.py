"""An integration's own key, and readings without it: of a key only the hash is stored, however a sender got it into its words. Pure."""

from collections.abc import Sequence
from dataclasses import fields, replace

from oncall.intake.rules.secrets import HIDDEN
from oncall.intake.values import Reading


def without_key(readings: Sequence[Reading], key: str) -> Sequence[Reading]:
    """The readings as they are, but for the key, if it stands anywhere in them."""
    if not key or not any(_stands_in(reading, key) for reading in readings):
        return readings
    return [_without(reading, key) for reading in readings]


def _stands_in(said: Reading, key: str) -> bool:
    # On everybody's way: each field by its name, since a loop over them takes five times as long.
    if (
        key in said.summary
        or key in said.source
        or key in said.component
        or key in said.group
        or key in said.class_
        or key in said.reason
        or key in said.by
        or key in said.delivery_id
        or (said.dedup_key is not None and key in said.dedup_key)
    ):
        return True
    for name, text in said.labels.items():
        if key in text or key in name:
            return True
    for href, text in said.links:
        if key in href or key in text:
            return True
    return _is_among(said.details, key) or (said.among is not None and _is_among(said.among, key))


def _is_among(members: object, key: str) -> bool:
    left = [members]
    while left:
        value = left.pop()
        if isinstance(value, str):
            if key in value:
                return True
        elif isinstance(value, dict):
            left += value
            left += value.values()
        elif isinstance(value, list | tuple):
            left += value
    return False


def _without(reading: Reading, key: str) -> Reading:
    hidden = {field.name: _hidden(getattr(reading, field.name), key) for field in fields(reading)}
    return replace(reading, **hidden)  # type: ignore[arg-type]  # each as it was, but for the key


def _hidden(value: object, key: str) -> object:
    match value:
        case str():
            return type(value)(value.replace(key, HIDDEN))  # a key that is an integration's own stays one
        case dict():
            return {name.replace(key, HIDDEN): _hidden(said, key) for name, said in value.items()}
        case list() | tuple():
            return type(value)(_hidden(said, key) for said in value)
        case _:
            return value
