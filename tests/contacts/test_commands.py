"""Contact methods and rules in the database."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.conftest import START
from tests.counting import counting

from oncall.access.values import Caller, Scope
from oncall.channels.values import BadAddress
from oncall.contacts.commands import (
    add_contact_method,
    add_notification_rule,
    delete_contact_method,
    delete_notification_rule,
    list_contact_methods,
    list_notification_rules,
    load_reach,
)
from oncall.contacts.values import (
    ContactMethod,
    ContactMethodExists,
    NotificationRule,
    OnlyAdminsVerify,
    Reach,
    RuleWithoutMethod,
    UnknownChannel,
    UnknownContactMethod,
    UnknownNotificationRule,
    UnusableAddress,
    Urgency,
)
from oncall.kit.clock import ManualClock
from oncall.kit.ids import ContactMethodId, UserId, new_id
from oncall.kit.sealing import Sealing
from oncall.teams.commands import create_user, delete_user
from oncall.teams.values import UnknownUser, User

ADMIN = Caller("environment", None, "admin", Scope.ADMIN, None)
RESPONDER = Caller("key", None, "laptop", Scope.RESPOND, None)
FIVE = timedelta(minutes=5)


class Postcards:
    """A channel that takes every address which is not empty, in lower case."""

    name = "postcard"

    def check_address(self, address: str) -> str:
        if address == "nowhere":
            raise BadAddress("Nobody lives there.")
        return address.lower()


CHANNELS = {"postcard": Postcards(), "email": Postcards()}


async def person(tx: AsyncConnection, clock: ManualClock, name: str = "ana") -> User:
    return await create_user(tx, name=name.title(), email=f"{name}@example.com", now=clock.at)


async def add(
    tx: AsyncConnection,
    clock: ManualClock,
    user: User,
    address: str,
    *,
    channel: str = "postcard",
    verified: bool = False,
    by: Caller = ADMIN,
) -> ContactMethod:
    return await add_contact_method(
        tx,
        user.id,
        channel=channel,
        address=address,
        verified=verified,
        caller=by,
        channels=CHANNELS,  # type: ignore[arg-type] — only addresses are checked here
        sealing=Sealing(["secret-key-of-the-tests-0123456789abcdef"]),
        now=clock.at,
    )


async def rule(
    tx: AsyncConnection, clock: ManualClock, user: User, method: ContactMethod, urgency: Urgency = Urgency.HIGH
) -> NotificationRule:
    return await add_notification_rule(tx, user.id, urgency=urgency, delay=FIVE, contact_method_id=method.id, now=clock.at)


@pytest.mark.parametrize(
    ("what", "channel", "address", "verified", "by", "expected"),
    [
        ("an admin may vouch", "postcard", "Lane 1", True, ADMIN, True),
        ("an admin need not vouch", "postcard", "Lane 1", False, ADMIN, False),
        ("others start unverified", "postcard", "Lane 1", False, RESPONDER, False),
        ("the account e-mail counts at once", "email", "ANA@example.com", False, RESPONDER, True),
        ("the account e-mail on another channel does not", "postcard", "ana@example.com", False, RESPONDER, False),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)
async def test_who_is_verified_from_the_start(
    tx: AsyncConnection, clock: ManualClock, *, what: str, channel: str, address: str, verified: bool, by: Caller, expected: bool
) -> None:
    method = await add(tx, clock, await person(tx, clock), address, channel=channel, verified=verified, by=by)
    assert method.verified_at == (clock.at if expected else None)
    assert list(await list_contact_methods(tx, method.user_id)) == [method]


async def test_only_an_admin_may_say_that_an_address_is_verified(tx: AsyncConnection, clock: ManualClock) -> None:
    with pytest.raises(OnlyAdminsVerify):
        await add(tx, clock, await person(tx, clock), "Lane 1", verified=True, by=RESPONDER)


async def test_an_address_is_stored_as_its_channel_writes_it_and_only_once(tx: AsyncConnection, clock: ManualClock) -> None:
    user = await person(tx, clock)
    assert (await add(tx, clock, user, "Lane 1")).address == "lane 1"
    with pytest.raises(ContactMethodExists):
        await add(tx, clock, user, "LANE 1")


async def test_an_address_the_channel_refuses_is_refused_in_its_words(tx: AsyncConnection, clock: ManualClock) -> None:
    with pytest.raises(UnusableAddress, match="Nobody lives there"):
        await add(tx, clock, await person(tx, clock), "nowhere")


async def test_an_unknown_channel_is_refused_with_those_that_exist(tx: AsyncConnection, clock: ManualClock) -> None:
    with pytest.raises(UnknownChannel, match="email, postcard"):
        await add(tx, clock, await person(tx, clock), "x", channel="pigeon")


async def test_reach_holds_what_belongs_to_each_and_skips_who_does_not_exist(tx: AsyncConnection, clock: ManualClock) -> None:
    ana, ben, cleo = [await person(tx, clock, name) for name in ("ana", "ben", "cleo")]
    one, two = await add(tx, clock, ana, "lane 1"), await add(tx, clock, ana, "lane 2")
    bens = await add(tx, clock, ben, "lane 1", verified=True)
    rules = [await rule(tx, clock, ana, two), await rule(tx, clock, ana, two, Urgency.LOW), await rule(tx, clock, ben, bens)]
    assert await load_reach(tx, [ana.id, ben.id, cleo.id, ana.id, UserId(new_id())]) == {
        ana.id: Reach(ana.id, "Ana", "ana@example.com", (one, two), tuple(rules[:2])),
        ben.id: Reach(ben.id, "Ben", "ben@example.com", (bens,), (rules[2],)),
        cleo.id: Reach(cleo.id, "Cleo", "cleo@example.com"),
    }


async def test_reach_takes_two_statements_for_any_number_of_people(tx: AsyncConnection, clock: ManualClock) -> None:
    people = [await person(tx, clock, f"p{n}") for n in range(20)]
    for user in people:
        await rule(tx, clock, user, await add(tx, clock, user, "lane 1"))
    async with counting(tx) as statements:
        assert len(await load_reach(tx, [user.id for user in people])) == 20
    assert len(statements) == 2


async def test_a_rule_cannot_name_somebody_elses_method(tx: AsyncConnection, clock: ManualClock) -> None:
    ana, ben = await person(tx, clock), await person(tx, clock, "ben")
    method = await add(tx, clock, ana, "lane 1")
    with pytest.raises(RuleWithoutMethod):
        await rule(tx, clock, ben, method)


async def test_rules_go_with_their_method_and_both_with_their_user(tx: AsyncConnection, clock: ManualClock) -> None:
    user = await person(tx, clock)
    one, two = await add(tx, clock, user, "lane 1"), await add(tx, clock, user, "lane 2")
    await rule(tx, clock, user, one)
    kept = await rule(tx, clock, user, two)
    await delete_contact_method(tx, user.id, one.id)
    assert await list_notification_rules(tx, user.id) == [kept]
    await delete_user(tx, user.id, now=START)
    for table in ("contact_methods", "notification_rules"):
        assert (await tx.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one() == 0


async def test_nobody_deletes_what_belongs_to_another_user(tx: AsyncConnection, clock: ManualClock) -> None:
    ana, ben = await person(tx, clock), await person(tx, clock, "ben")
    method = await add(tx, clock, ana, "lane 1")
    made = await rule(tx, clock, ana, method)
    with pytest.raises(UnknownContactMethod):
        await delete_contact_method(tx, ben.id, method.id)
    with pytest.raises(UnknownNotificationRule):
        await delete_notification_rule(tx, ben.id, made.id)
    await delete_notification_rule(tx, ana.id, made.id)
    assert await list_notification_rules(tx, ana.id) == []


async def test_nothing_is_added_for_an_unknown_user(tx: AsyncConnection, clock: ManualClock) -> None:
    nobody = User(UserId(new_id()), "Nobody", "n@example.com", "UTC", (), clock.at)
    with pytest.raises(UnknownUser):
        await add(tx, clock, nobody, "lane 1")
    with pytest.raises(UnknownUser):
        await add_notification_rule(
            tx, nobody.id, urgency=Urgency.HIGH, delay=FIVE, contact_method_id=ContactMethodId(new_id()), now=clock.at
        )
