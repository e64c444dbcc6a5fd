"""What can be done with contact methods and notification rules, how they are proven, and how to learn how people are reached."""

import math
import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller, Scope
from oncall.channels.ports import Channel
from oncall.channels.values import BadAddress
from oncall.contacts import store
from oncall.contacts.commands.sealing import seal_address
from oncall.contacts.rules import hash_code, is_account_email, judge_code, wait_for
from oncall.contacts.values import (
    CODES,
    CODES_OF_ONE,
    LONGEST_ERROR,
    PROVEN_EACH,
    TESTS,
    AlreadyVerified,
    CodeExpired,
    ContactMethod,
    NoCode,
    NoQuietHours,
    NotificationRule,
    NotVerified,
    OnlyAdminsVerify,
    Owner,
    ProofKind,
    Reach,
    Repeat,
    StandsInForItself,
    UnknownChannel,
    UnknownContactMethod,
    UnknownNotificationRule,
    UnusableAddress,
    Urgency,
    Verdict,
    WrongCode,
)
from oncall.kit.errors import Refusal
from oncall.kit.ids import ContactMethodId, TeamId, UserId, new_id
from oncall.kit.limits import TooMany
from oncall.kit.references import check_unused, used_by
from oncall.kit.sealing import Sealing
from oncall.teams.commands import get_team, get_teams, get_user, get_users
from oncall.teams.commands import set_quiet_hours as keep_quiet_hours
from oncall.teams.values import QuietHours, User


async def load_reach(tx: AsyncConnection, user_ids: Sequence[UserId]) -> Mapping[UserId, Reach]:
    """How each of these users is reached; whoever does not exist is absent. Two statements for any number of users."""
    return await reach_of(tx, (await get_users(tx, user_ids)).values())


async def reach_of(tx: AsyncConnection, users: Collection[User]) -> dict[UserId, Reach]:
    """The same for users that are known already: one statement."""
    methods, rules = await store.gather(tx, [user.id for user in users])
    methods_of: defaultdict[UserId, list[ContactMethod]] = defaultdict(list)
    rules_of: defaultdict[UserId, list[NotificationRule]] = defaultdict(list)
    for method in methods:
        methods_of[method.user_id].append(method)
    for rule in rules:
        rules_of[rule.user_id].append(rule)
    return {u.id: Reach(u.id, u.name, u.email, tuple(methods_of[u.id]), tuple(rules_of[u.id]), u.time_zone, u.quiet_hours) for u in users}


async def add_contact_method(
    tx: AsyncConnection,
    owner: Owner,
    *,
    of_team: bool = False,
    channel: str,
    address: str,
    verified: bool,
    caller: Caller,
    channels: Mapping[str, Channel],
    sealing: Sealing,
    now: datetime,
) -> ContactMethod:
    """Add an address, in the form its channel stores it, sealed if it is a secret; verified at once if an admin says so, or if it is the
    account's own e-mail.
    """
    await _check(tx, owner, of_team=of_team)
    account = None if of_team else (await get_user(tx, UserId(owner))).email  # nobody has vouched for an address of a team
    if channel not in channels:
        raise UnknownChannel(f"There is no such channel; there are: {', '.join(sorted(channels)) or 'none yet'}.")
    if verified and caller.scope is not Scope.ADMIN:
        raise OnlyAdminsVerify
    try:
        address = channels[channel].check_address(address)
    except BadAddress as error:
        raise UnusableAddress(str(error)) from error
    vouched = verified or (account is not None and is_account_email(channel, address, account))
    verified_at, team = now if vouched else None, TeamId(owner) if of_team else None
    kept, mark = seal_address(channel, address, sealing)
    method = ContactMethod(ContactMethodId(new_id()), UserId(owner), channel, kept, verified_at, now, team_id=team, address_mark=mark)
    await store.add_method(tx, method)
    return method


async def list_contact_methods(
    tx: AsyncConnection, owner: Owner, *, of_team: bool = False, after: UUID | None = None, limit: int = 100
) -> Sequence[ContactMethod]:
    await _check(tx, owner, of_team=of_team)
    return await store.list_methods(tx, owner, after=after, limit=limit)


async def get_contact_method(tx: AsyncConnection, owner: Owner, id: ContactMethodId, *, of_team: bool = False) -> ContactMethod:
    await _check(tx, owner, of_team=of_team)
    method = await store.find_method(tx, owner, id)
    if method is None:
        raise UnknownContactMethod
    return method


async def find_owner(tx: AsyncConnection, channel: str, address: str) -> UserId | None:
    """Whose proven address this is; None if it is nobody's, or not one person's alone."""
    owners = await store.owners_of(tx, channel, address)
    return owners[0] if len(owners) == 1 else None


async def load_channels(tx: AsyncConnection, ids: Collection[ContactMethodId]) -> Mapping[ContactMethodId, Reach]:
    """How each of these contact methods of teams is reached; those that are no team's, or are gone, are absent."""
    methods = await store.methods_of_teams(tx, ids) if ids else ()
    teams = await get_teams(tx, {method.team_id for method in methods if method.team_id}) if methods else {}
    found: dict[ContactMethodId, Reach] = {}
    for method in methods:
        team = teams.get(method.team_id) if method.team_id else None
        if team is not None:
            found[method.id] = Reach(UserId(method.id), f"team {team.name}", "", (method,), team_id=team.id)
    return found


async def all_channels(tx: AsyncConnection) -> Mapping[ContactMethodId, Reach]:
    """Every contact method of a team, for what is worked out in memory."""
    return await load_channels(tx, await store.ids_of_teams(tx))


async def _check(tx: AsyncConnection, owner: Owner, *, of_team: bool) -> None:
    """There is such a user, or such a team: of neither another's contact methods are seen."""
    if of_team:
        await get_team(tx, TeamId(owner))
    else:
        await get_user(tx, UserId(owner))


async def get_quiet_hours(tx: AsyncConnection, user_id: UserId) -> QuietHours:
    hours = (await get_user(tx, user_id)).quiet_hours
    if hours is None:
        raise NoQuietHours
    return hours


async def set_quiet_hours(tx: AsyncConnection, user_id: UserId, hours: QuietHours | None) -> None:
    """When this person is not paged at low urgency from now on; None: they have no quiet hours any more."""
    await keep_quiet_hours(tx, user_id, hours)


async def make_code(
    tx: AsyncConnection, owner: Owner, id: ContactMethodId, *, of_team: bool = False, key: bytes, now: datetime
) -> tuple[ContactMethod, str]:
    """A new code for an address that is not verified yet, to be sent there; only its hash is stored. It replaces the one before."""
    method = await _locked(tx, owner, id, of_team=of_team)
    if method.verified:
        raise AlreadyVerified
    wait = wait_for(await store.codes_to(tx, method), CODES, now=now)
    if wait is not None:
        raise _too_many(f"{CODES.most} codes an hour are sent to one address, and they were", wait)
    wait = wait_for(await store.sent_to(tx, owner, ProofKind.CODE), CODES_OF_ONE, now=now)
    if wait is not None:
        raise _too_many(f"{CODES_OF_ONE.most} codes an hour are sent to one person, and they were", wait)
    code, proof = f"{secrets.randbelow(10**6):06d}", new_id()
    hashed = hash_code(code, id=proof, key=key)
    await store.add_proof(tx, proof, method, ProofKind.CODE, code_hash=hashed, now=now)
    return method, code


async def make_test(tx: AsyncConnection, owner: Owner, id: ContactMethodId, *, of_team: bool = False, now: datetime) -> ContactMethod:
    """A verified address to which a test may be sent now; it counts as sent."""
    method = await _locked(tx, owner, id, of_team=of_team)
    if not method.verified:
        raise NotVerified
    wait = wait_for(await store.sent_to(tx, owner, ProofKind.TEST), TESTS, now=now)
    if wait is not None:
        raise _too_many(f"{TESTS.most} tests a minute are sent to one person, and they were", wait)
    await store.add_proof(tx, new_id(), method, ProofKind.TEST, code_hash=None, now=now)
    return method


async def note_sent(tx: AsyncConnection, id: UUID, *, is_page: bool, now: datetime) -> None:
    """A message has left us for this address: of pages that is written down once a minute, of what proves or tests it each time."""
    await store.save_proven(tx, id, unless_since=now - PROVEN_EACH if is_page else now, now=now)


async def note_failed(tx: AsyncConnection, id: UUID, *, error: str, now: datetime) -> None:
    """A message did not get to this address, or nobody knows whether it did."""
    await store.save_failed(tx, id, error=error[:LONGEST_ERROR], now=now)


async def prove(
    tx: AsyncConnection, owner: Owner, id: ContactMethodId, code: str, *, of_team: bool = False, keys: Sequence[bytes], now: datetime
) -> ContactMethod | Refusal:
    """Verified, if this is the code that was sent there. A refusal is returned, not raised: a wrong try must be committed to count."""
    method = await _locked(tx, owner, id, of_team=of_team)
    if method.verified:
        return method
    sent = await store.find_code(tx, method)
    judged = judge_code(sent, code, keys=keys, now=now)
    match judged.verdict:
        case Verdict.RIGHT:
            await store.save_verified(tx, id, now=now)
            return replace(method, verified_at=now)
        case Verdict.WRONG:
            if sent:
                await store.add_wrong_try(tx, sent.id)
            return WrongCode(judged.reason)
        case Verdict.EXPIRED:
            return CodeExpired(judged.reason)
        case Verdict.NONE_SENT:
            return NoCode(judged.reason)
        case Verdict.USED_UP:
            wait = wait_for(await store.codes_to(tx, method), CODES, now=now)
            return TooMany(judged.reason, retry_after=_seconds(wait) if wait else 1)
        case _:
            assert_never(judged.verdict)


async def _locked(tx: AsyncConnection, owner: Owner, id: ContactMethodId, *, of_team: bool) -> ContactMethod:
    await _check(tx, owner, of_team=of_team)
    method = (await store.lock_methods(tx, owner)).get(id)
    if method is None:
        raise UnknownContactMethod
    return method


def _too_many(sentence: str, wait: timedelta) -> TooMany:
    minutes = math.ceil(wait / timedelta(minutes=1))
    return TooMany(f"{sentence}: wait {minutes} minute{'s' * (minutes != 1)}.", retry_after=_seconds(wait))


def _seconds(wait: timedelta) -> int:
    return max(math.ceil(wait.total_seconds()), 1)


async def forget_proofs(tx: AsyncConnection, owner: Owner) -> None:
    """They are gone: so is what was sent to prove their addresses."""
    await store.forget_proofs(tx, owner)


async def delete_contact_method(tx: AsyncConnection, owner: Owner, id: ContactMethodId, *, of_team: bool = False) -> None:
    """Delete an address and the rules that name it; refused while a policy points at it, which it can only at a team's."""
    await _check(tx, owner, of_team=of_team)
    if of_team and (method := await store.find_method(tx, owner, id)) is not None:
        check_unused(f"This {method.channel} contact method", await used_by(tx, "contact_methods", id))
    if not await store.delete_method(tx, owner, id):
        raise UnknownContactMethod


async def add_notification_rule(
    tx: AsyncConnection,
    user_id: UserId,
    *,
    urgency: Urgency,
    delay: timedelta,
    contact_method_id: ContactMethodId,
    repeat: Repeat | None = None,
    only_after_failure: bool = False,
    now: datetime,
) -> NotificationRule:
    """Add a rule; several may name one method, which then gets several messages."""
    await get_user(tx, user_id)
    rule = _checked(NotificationRule(new_id(), user_id, urgency, delay, contact_method_id, now, repeat, only_after_failure))
    await store.add_rule(tx, rule)
    return rule


async def get_notification_rule(tx: AsyncConnection, user_id: UserId, id: UUID) -> NotificationRule:
    rule = await store.find_rule(tx, user_id, id)
    if rule is None:
        raise UnknownNotificationRule
    return rule


async def replace_notification_rule(
    tx: AsyncConnection,
    user_id: UserId,
    id: UUID,
    *,
    urgency: Urgency,
    delay: timedelta,
    contact_method_id: ContactMethodId,
    repeat: Repeat | None,
    only_after_failure: bool,
) -> NotificationRule:
    """All of a rule but its age; what was paged by it before stays as it was planned."""
    known = await get_notification_rule(tx, user_id, id)
    edited = replace(known, urgency=urgency, delay=delay, contact_method_id=contact_method_id, repeat=repeat)
    rule = _checked(replace(edited, only_after_failure=only_after_failure))
    await store.save_rule(tx, rule)
    return rule


def _checked(rule: NotificationRule) -> NotificationRule:
    if rule.only_after_failure and rule.repeat:
        raise StandsInForItself
    return rule


async def is_verified(tx: AsyncConnection, rule: NotificationRule) -> bool:
    """Whether the contact method that the rule names may be paged."""
    methods, _ = await store.gather(tx, [rule.user_id])
    return any(method.verified for method in methods if method.id == rule.contact_method_id)


async def list_notification_rules(
    tx: AsyncConnection, user_id: UserId, *, after: UUID | None = None, limit: int = 100
) -> Sequence[NotificationRule]:
    await get_user(tx, user_id)
    return await store.list_rules(tx, user_id, after=after, limit=limit)


async def delete_notification_rule(tx: AsyncConnection, user_id: UserId, id: UUID) -> None:
    if not await store.delete_rule(tx, user_id, id):
        raise UnknownNotificationRule
