"""`reliability.md` F19: callbacks duplicated, out of order or for an unknown id: monotone rank sent < delivered < read, failed terminal.
`semantics.md` §5: "A send is at-least-once; receipts are kept and stop nothing."
"""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.incidents.building import rows
from tests.notifications.test_due import SlowChannel, due, sender
from tests.system import System, to

from oncall.channels.values import Sent
from oncall.kit.ids import NotificationId
from oncall.notifications import receive
from oncall.notifications.rules.receipts import RANK, furthest, status_after
from oncall.notifications.values import Status
from oncall.notifications.values.receipts import Receipt, ReceiptState, UnknownMessage
from oncall.notifications.values.receiving import Received

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
SENT, DELIVERED, READ, FAILED = ReceiptState
STATE = "SELECT status, receipt FROM notifications WHERE urgency <> 'update'"


@given(st.data(), st.lists(st.sampled_from(ReceiptState), min_size=1, max_size=8))
def test_in_whatever_order_and_however_often_they_come_the_end_is_the_same(data: st.DataObject, told: list[ReceiptState]) -> None:
    ends = set()
    for order in (told, data.draw(st.permutations(told)), [*told, *told]):
        known, status, seen = None, Status.SENT, []
        for state in order:
            known = furthest(known, state)
            status = status_after(status, known)
            seen.append(known)
        assert all(RANK[one] <= RANK[later] for one, later in pairwise(seen)), "it never goes back"
        ends.add((known, status))
    assert ends == {(max(told, key=RANK.__getitem__), Status(max(told, key=RANK.__getitem__).value))}


@pytest.mark.parametrize("status", [Status.PENDING, Status.SENDING, Status.CANCELLED, Status.BUNDLED, Status.FAILED])
@pytest.mark.parametrize("receipt", ReceiptState)
def test_what_has_not_left_us_is_not_changed_by_a_receipt(status: Status, receipt: ReceiptState) -> None:
    assert status_after(status, receipt) is status


async def told(system: System, message: NotificationId | str, state: ReceiptState, *, detail: str = "") -> Received:
    async with system.node.database.transaction() as tx:
        return await receive(tx, message, Receipt(state, system.clock.at, detail), channel="email", now=system.clock.at)


async def paged(system: System) -> tuple[str, NotificationId]:
    system.email.outcomes = [Sent("their-id-1", "accepted")]
    made = await system.service([to(await system.user("Ana"))], [to(await system.user("Ben"))])
    opened = await system.event(made["key"])
    [(id,)] = await rows(system, "SELECT id FROM notifications")
    return opened["incident_id"], NotificationId(id)


async def test_receipts_are_kept_and_shown_and_stop_nothing(system: System) -> None:
    incident, id = await paged(system)
    assert await told(system, "their-id-1", DELIVERED) == Received(id, Status.DELIVERED, changed=True)
    assert await told(system, id, READ) == Received(id, Status.READ, changed=True)
    assert await told(system, id, DELIVERED) == Received(id, Status.READ, changed=False), "out of order, and twice"
    [shown] = (await system.api.get(f"/api/v1/incidents/{incident}/notifications")).json()["items"]
    assert (shown["status"], [one["state"] for one in shown["receipts"]]) == ("read", ["delivered", "read"])
    system.pages()
    await system.advance(minutes=5, seconds=30)
    assert system.pages() == ["Ben"], "that it was read acknowledges nothing"


async def test_one_that_failed_stays_failed_and_explain_says_so(system: System) -> None:
    incident, id = await paged(system)
    await told(system, id, FAILED, detail="mailbox full")
    assert not (await told(system, id, DELIVERED)).changed
    assert await rows(system, STATE) == [("failed", "failed")]
    assert (await system.incident(incident))["escalation"]["state"] == "running"
    answer = await system.api.get(f"/api/v1/events/{incident}/explain")
    assert "left us and did not arrive, as its provider said" in answer.text


async def test_a_receipt_that_overtakes_the_record_of_its_try_counts_all_the_same(system: System) -> None:
    await due(system)
    [(id,)] = await rows(system, "SELECT id FROM notifications")
    channel = SlowChannel("email")
    one = sender(system, channel)
    await one.run()
    await channel.wire.is_reached()
    assert await told(system, NotificationId(id), DELIVERED) == Received(NotificationId(id), Status.SENDING, changed=True)
    channel.wire.up.set()
    await one.settle()
    assert await rows(system, STATE) == [("delivered", "delivered")]


@pytest.mark.parametrize("message", [NotificationId(uuid4()), "nobody's"])
async def test_one_for_a_message_that_is_not_ours_is_refused_and_changes_nothing(system: System, message: NotificationId | str) -> None:
    await paged(system)
    with pytest.raises(UnknownMessage):
        await told(system, message, READ)
    assert await rows(system, STATE) == [("sent", None)]
    assert await rows(system, "SELECT count(*) FROM receipts") == [(0,)]


async def test_no_receipt_is_ever_rewritten(system: System) -> None:
    _, id = await paged(system)
    await told(system, id, DELIVERED)
    await told(system, id, DELIVERED)
    system.clock.advance(timedelta(seconds=1))
    assert await rows(system, "SELECT count(*) FROM receipts") == [(1,)]
    with pytest.raises(DBAPIError, match="never rewritten"):
        async with system.node.database.transaction() as tx:
            await tx.execute(text("UPDATE receipts SET state = 'read'"))
