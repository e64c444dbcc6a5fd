"""Values that are quickly made, and changed as `dataclasses.replace` changes them."""

import dataclasses
from typing import Any

import pytest
from tests.intake.test_gate import event

from oncall.kit.ids import ServiceId, new_id
from oncall.kit.quick import Copies, changed


def test_a_copy_is_what_dataclasses_make_of_it() -> None:
    one = event(ServiceId(new_id()), labels={"team": "db"})
    changes: dict[str, Any] = {"summary": "other", "way": ("rule",), "id": new_id()}
    copies = Copies(one, *changes)
    assert copies(*changes.values()) == dataclasses.replace(one, **changes)
    assert copies("another", (), one.id) == dataclasses.replace(one, summary="another"), "each is a copy of the same"
    assert changed(one, changes) == dataclasses.replace(one, **changes)
    assert changed(one, {}) == one
    assert one.summary == "title of disk"
    with pytest.raises(ValueError, match="argument"):
        copies("too few")


def test_a_value_that_is_not_made_in_order_is_refused() -> None:
    single = dataclasses.make_dataclass("Single", [("a", int)])
    named = dataclasses.make_dataclass("Named", [("a", int), ("b", int)], kw_only=True)
    for odd in (single(1), named(a=1, b=2)):
        with pytest.raises(TypeError, match="in their order"):
            changed(odd, {"a": 2})
