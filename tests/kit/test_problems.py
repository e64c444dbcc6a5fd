"""What pydantic says, as it is said to people: what to do about it, in plain words."""

from datetime import time
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from oncall.kit.problems import sentence_of


class Asked(BaseModel):
    code: str = ""
    at: time = time(0)
    days: list[Literal["monday", "friday"]] = []
    types: Annotated[list[str], Field(min_length=1)] = ["x"]
    level: Annotated[int, Field(ge=1)] = 1


@pytest.mark.parametrize(
    ("field", "said", "sentence"),
    [
        ("code", 123456, "must be a valid string, in quotes"),
        ("at", "25:00", 'must be a time of day such as "22:00"'),
        ("days", ["fri"], "must be 'monday' or 'friday'"),
        ("types", [], "must have at least 1 item"),
        ("level", 0, "must be greater than or equal to 1"),
    ],
)
def test_a_fault_is_told_in_our_words(field: str, said: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Asked.model_validate({field: said})
    assert [sentence_of(fault) for fault in caught.value.errors()] == [sentence]
