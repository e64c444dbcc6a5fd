import pytest
from tests.schedules.building import ana, at, bob, cem, dee, from_layer, from_override, layer, names, override, schedule, t, uuid

from oncall.schedules.rules import on_call_at
from oncall.schedules.values import OnCall, Override, OverrideKind

DAY = ("2026-01-06 00:00", "2026-01-07 00:00")
NOON = "2026-01-06 12:00"
PAIR = layer((ana, bob))


@pytest.mark.parametrize(
    ("what", "overrides", "expected"),
    [
        ("without any, the layers speak", [], ["ana", "bob"]),
        ("cover: exactly this user", [override("cover", *DAY, cem)], ["cem"]),
        ("clear: nobody", [override("clear", *DAY)], []),
        ("add: one more", [override("add", *DAY, cem)], ["ana", "bob", "cem"]),
        ("add: who is there already is not repeated", [override("add", *DAY, ana)], ["ana", "bob"]),
        ("remove: one fewer", [override("remove", *DAY, ana)], ["bob"]),
        ("remove: who is not there cannot go", [override("remove", *DAY, cem)], ["ana", "bob"]),
        ("replace: in the same place", [override("replace", *DAY, cem, instead_of=ana)], ["cem", "bob"]),
        ("replace: only whoever is there", [override("replace", *DAY, cem, instead_of=dee)], ["ana", "bob"]),
        ("replace: by somebody there already, without repetition", [override("replace", *DAY, bob, instead_of=ana)], ["bob"]),
        ("the last created wins", [override("cover", *DAY, cem, seq=1), override("cover", *DAY, dee, seq=2)], ["dee"]),
        ("acts on what its author saw", [override("cover", *DAY, cem), override("replace", *DAY, dee, instead_of=cem, seq=2)], ["dee"]),
        ("in the order of creation", [override("replace", *DAY, dee, instead_of=cem), override("cover", *DAY, cem, seq=2)], ["cem"]),
        ("added to nobody", [override("clear", *DAY, seq=1), override("add", *DAY, dee, seq=2)], ["dee"]),
        ("begins with its first second", [override("cover", NOON, "2026-01-06 13:00", cem)], ["cem"]),
        ("is over at its end", [override("cover", "2026-01-06 11:00", NOON, cem)], ["ana", "bob"]),
    ],
)  # fmt: skip
def test_what_overrides_make_of_ana_and_bob(what: str, overrides: list[Override], expected: list[str]) -> None:
    assert names(on_call_at(schedule(PAIR, overrides=tuple(overrides)), at=at(NOON))) == expected, what


@pytest.mark.parametrize(
    ("what", "overrides", "expected"),
    [
        ("cover is the only source", [override("cover", *DAY, cem)], OnCall((cem,), (from_override("cover"),))),
        ("clear says who left nobody", [override("clear", *DAY)], OnCall((), (from_override("clear"),))),
        ("add comes after the layer", [override("add", *DAY, cem)], OnCall((ana, bob, cem), (from_layer(), from_override("add")))),
        ("what changed nothing is no source", [override("remove", *DAY, cem)], OnCall((ana, bob), (from_layer(),))),
    ],
)
def test_the_answer_says_which_overrides_it_comes_from(what: str, overrides: list[Override], expected: OnCall) -> None:
    assert on_call_at(schedule(PAIR, overrides=tuple(overrides)), at=at(NOON)) == expected, what


def test_a_mutual_swap_exchanges_both_at_once() -> None:
    swap = Override(uuid("swap"), 1, OverrideKind.REPLACE, t(DAY[0]), t(DAY[1]), replacements=((ana, bob), (bob, ana)))
    assert names(on_call_at(schedule(PAIR, overrides=(swap,)), at=at(NOON))) == ["bob", "ana"]
    assert names(on_call_at(schedule(layer(bob), overrides=(swap,)), at=at(NOON))) == ["ana"]
