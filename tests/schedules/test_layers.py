import pytest
from tests.schedules.building import ana, at, bob, cem, dee, every, from_layer, layer, names, schedule, window

from oncall.schedules.rules import on_call_at
from oncall.schedules.values import Layer, OnCall

WEEKLY = every(1, "week", "2026-01-05 09:00")
DAILY = every(1, "day", "2026-01-05 00:00")
OFFICE = window("mon tue wed thu fri", "09:00", hours=8)


@pytest.mark.parametrize(
    ("what", "layers", "instant", "expected"),
    [
        ("the first participant has the anchor's turn", [layer(ana, bob, rotation=WEEKLY)], "2026-01-05 09:00", ["ana"]),
        ("exactly at a handoff it is the incoming person", [layer(ana, bob, rotation=WEEKLY)], "2026-01-12 09:00", ["bob"]),
        ("before the anchor the order is the same", [layer(ana, bob, cem, rotation=WEEKLY)], "2026-01-05 08:59:59", ["cem"]),
        ("an edit may have moved the order", [layer(ana, bob, cem, rotation=WEEKLY, start_index=2)], "2026-01-05 09:00", ["cem"]),
        ("without a rotation it is always the same participant", [layer(ana)], "2026-07-01 00:00", ["ana"]),
        ("a group is on call together", [layer((ana, bob), cem, rotation=WEEKLY)], "2026-01-06 00:00", ["ana", "bob"]),
        ("nobody takes part", [layer(rotation=WEEKLY)], "2026-01-06 00:00", []),
        ("no layers", [], "2026-01-06 00:00", []),
        ("a repeated participant has more turns", [layer(ana, ana, bob, rotation=WEEKLY)], "2026-01-12 09:00", ["ana"]),
        ("outside its restrictions a layer has nobody", [layer(ana, windows=OFFICE)], "2026-01-05 17:00", []),
        ("inside it has", [layer(ana, windows=OFFICE)], "2026-01-05 16:59:59", ["ana"]),
        ("no restriction at all is never", [layer(ana, windows=())], "2026-01-05 12:00", []),
        ("a restricted turn is consumed all the same", [layer(ana, bob, rotation=DAILY, windows=OFFICE)], "2026-01-13 12:00", ["ana"]),
        ("before its bounds", [layer(ana, start="2026-02-01", end="2026-03-01")], "2026-01-31 23:59:59", []),
        ("from its bound on", [layer(ana, start="2026-02-01", end="2026-03-01")], "2026-02-01 00:00", ["ana"]),
        ("until its other bound", [layer(ana, start="2026-02-01", end="2026-03-01")], "2026-03-01 00:00", []),
        ("only the first hours of a turn count", [layer(ana, rotation=DAILY, on_duty=3600)], "2026-01-07 00:59:59", ["ana"]),
        ("and then no more", [layer(ana, rotation=DAILY, on_duty=3600)], "2026-01-07 01:00", []),
        ("a higher precedence wins", [layer(ana, precedence=2), layer(bob, precedence=1)], "2026-01-06 00:00", ["ana"]),
        ("where it has somebody", [layer(ana, precedence=2, windows=OFFICE), layer(bob, precedence=1)], "2026-01-05 18:00", ["bob"]),
        ("a vacant turn shows the lower layer", [layer(ana), layer(bob, None, rotation=WEEKLY, precedence=1)], "2026-01-12 09:00", ["ana"]),
        ("equal precedence is a union in layer order", [layer(cem), layer((ana, bob))], "2026-01-06 00:00", ["cem", "ana", "bob"]),
        ("without repetition", [layer(ana, bob), layer((bob, ana))], "2026-01-06 00:00", ["ana", "bob"]),
        ("the highest with somebody", [layer(ana), layer(bob, precedence=5), layer(cem, windows=(), precedence=9)], "2026-01-06", ["bob"]),
        ("each layer keeps its own zone", [layer(dee, zone="Asia/Kathmandu", windows=OFFICE)], "2026-01-06 03:15", ["dee"]),
        ("and opens by it", [layer(dee, zone="Asia/Kathmandu", windows=OFFICE)], "2026-01-06 03:14:59", []),
    ],
)  # fmt: skip
def test_who_is_on_call(what: str, layers: list[Layer], instant: str, expected: list[str]) -> None:
    assert names(on_call_at(schedule(*layers), at=at(instant))) == expected, what


def test_the_answer_says_which_layers_and_turns_it_comes_from() -> None:
    both = schedule(layer(ana, bob, rotation=WEEKLY, name="weekly"), layer(cem, name="always"), layer(dee, windows=(), name="never"))
    assert on_call_at(both, at=at("2026-01-12 09:00")) == OnCall((bob, cem), (from_layer("weekly", turn=1), from_layer("always")))
