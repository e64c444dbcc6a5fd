"""What waits for its commit: bounds, shares, and whose turn it is."""

import asyncio
from collections.abc import Sequence

import pytest

from oncall.incidents.values import Action, Body, Event, Severity
from oncall.intake.commands.waiting import Bounds, Queue, Waiting
from oncall.kit.ids import EventId, IntegrationId, ServiceId, new_id

LOUD, QUIET = IntegrationId(new_id()), IntegrationId(new_id())
BOUNDS = Bounds(events=100, bytes=1_000, batch_events=4, batch_bytes=100)


async def waiting(integration_id: IntegrationId, events: int = 1, size: int = 1) -> Waiting:
    body = Body(new_id(), "", b"x" * size)
    made = [
        Event(EventId(new_id()), integration_id, "prod", ServiceId(integration_id), Action.TRIGGER, "disk", Severity.ERROR, "Disk", body)
        for _ in range(events)
    ]
    return Waiting(made, asyncio.get_running_loop().create_future())


def names(taken: Sequence[Waiting]) -> str:
    return "".join("L" if one.integration_id == LOUD else "q" for one in taken)


async def test_each_integration_has_its_turn_and_its_own_order_is_kept() -> None:
    queue = Queue(BOUNDS)
    loud = [await waiting(LOUD) for _ in range(6)]
    quiet = [await waiting(QUIET)]
    for one in loud + quiet:
        queue.put(one)
    first, second = queue.take(), queue.take()
    assert (names(first), names(second), names(queue.take())) == ("LqLL", "LLL", ""), "whoever came last is in the first batch"
    assert [one for one in first + second if one not in quiet] == loud


async def test_a_batch_holds_what_a_transaction_should_and_one_request_at_least() -> None:
    queue = Queue(BOUNDS)
    sizes = [(3, 1), (2, 1), (9, 1), (1, 90), (1, 20), (1, 500)]
    for events, size in sizes:
        queue.put(await waiting(LOUD, events, size))
    taken = []
    while batch := queue.take():
        taken.append([(len(one.events), one.size) for one in batch])
    assert taken == [[(3, 1)], [(2, 1)], [(9, 1)], [(1, 90)], [(1, 20)], [(1, 500)]]


@pytest.mark.parametrize(
    ("there", "comes", "comes_again", "expected"),
    [
        ([], (LOUD, 5_000, 100_000), True, True),  # a single one always may
        ([(QUIET, 70, 1)], (LOUD, 5, 1), True, True),
        ([(QUIET, 70, 1)], (LOUD, 6, 1), True, False),  # three quarters are for those that come again,
        ([(QUIET, 70, 1)], (LOUD, 30, 1), False, True),  # all of it is for those that do not
        ([(QUIET, 70, 1)], (LOUD, 31, 1), False, False),
        ([(QUIET, 1, 700)], (LOUD, 1, 60), True, False),  # bytes as well
        ([(QUIET, 1, 700)], (LOUD, 1, 60), False, True),
        ([(LOUD, 40, 1), (QUIET, 1, 1)], (LOUD, 11, 1), False, False),  # half of it is the most that one integration may fill,
        ([(LOUD, 40, 1), (QUIET, 1, 1)], (LOUD, 10, 1), False, True),
        ([(LOUD, 1, 499), (QUIET, 1, 1)], (LOUD, 1, 2), False, False),
        ([(LOUD, 40, 1), (QUIET, 1, 1)], (QUIET, 40, 1), False, True),  # which is no other's concern
        ([(QUIET, 1, 1)], (LOUD, 60, 1), False, True),  # nor is one large body of somebody who has nothing there
    ],
)
async def test_who_may_join(
    there: list[tuple[IntegrationId, int, int]], comes: tuple[IntegrationId, int, int], comes_again: bool, expected: bool
) -> None:
    queue = Queue(BOUNDS)
    for one in there:
        queue.put(await waiting(*one))
    assert queue.has_room(await waiting(*comes), comes_again=comes_again) is expected


async def test_what_is_being_committed_counts_until_it_is_done() -> None:
    queue = Queue(BOUNDS)
    queue.put(await waiting(LOUD, 2, 60))
    taken = queue.take()
    assert (queue.events, queue.bytes, bool(queue)) == (2, 60, False)
    for one in taken:
        queue.done(one)
    assert (queue.events, queue.bytes) == (0, 0)


@pytest.mark.parametrize(
    ("held", "size", "whose", "comes_again", "expected"),
    [
        ([], 9_999, LOUD, True, True),  # a single one always may
        ([(700, QUIET)], 50, LOUD, True, True),
        ([(700, QUIET)], 51, LOUD, True, False),  # three quarters are for those that come again
        ([(700, QUIET)], 300, LOUD, False, True),
        ([(700, QUIET)], 301, LOUD, False, False),
        ([(450, LOUD)], 51, LOUD, False, False),  # half of it is the most that one integration may fill,
        ([(450, LOUD)], 51, QUIET, False, True),  # which is no other's concern
        ([(450, None)], 51, None, True, False),  # nor what those fill of whom nobody knows who they are
        ([(450, None)], 51, LOUD, True, True),
    ],
)
async def test_whose_body_may_be_read(
    held: list[tuple[int, IntegrationId | None]], size: int, whose: IntegrationId | None, comes_again: bool, expected: bool
) -> None:
    queue = Queue(BOUNDS)
    for one in held:
        queue.hold(*one)
    assert queue.may_read(size, whose, comes_again=comes_again) is expected
    for one in held:
        queue.let_go(*one)
    assert queue.held == 0


async def test_a_mail_to_several_integrations_weighs_what_is_stored_of_it() -> None:
    one, other = await waiting(LOUD, 2, 60), await waiting(QUIET, 1, 50)
    both = Waiting([*one.events, *other.events], one.answer)
    assert (one.size, other.size, both.size) == (60, 50, 110)
