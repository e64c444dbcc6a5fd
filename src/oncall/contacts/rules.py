"""By which ways a person is reached, and why by these; whether a code proves an address. Pure (`semantics.md` §5)."""

import hmac
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from oncall.contacts.values import (
    CODE_LASTS,
    CODE_TRIES,
    EMAIL,
    SEALED_FROM,
    SECRET_ADDRESSES,
    Code,
    ContactMethod,
    Judgement,
    Limit,
    NotificationRule,
    RangOnSilent,
    Reach,
    Urgency,
    Verdict,
    Way,
    Ways,
)
from oncall.kit.ids import ContactMethodId
from oncall.kit.zones import DAY, mono, resolve, to_instant, to_seconds
from oncall.teams.values import DAYS, Reachability, Reachable

AT_ONCE = timedelta(0)
LAST_RESORT = "as a last resort, and the next step at once"


def plan_ways(reach: Reach, urgency: Urgency, *, repeats: bool = True) -> Ways:
    """One way per rule that names a verified method, and one per repetition it asks for; without such a rule the default of the urgency;
    never silence. Without `repeats` each rule is one way: what nobody can acknowledge is not repeated.

    Nothing verified at all: the account e-mail. At high urgency that is a last resort, and `reachable=False`, so that the caller goes
    on at once; at low urgency e-mail is the way anyhow.
    """
    verified = {method.id: method for method in reach.methods if method.verified}
    if reach.team_id is not None:
        return _channel_ways(reach, tuple(verified.values()))
    if not verified and urgency is Urgency.HIGH:
        reason = f"{reach.name} has no verified contact method; a message to the account e-mail is the last resort"
        return Ways((_account_email(reach),), reachable=False, reason=reason)
    rules = [rule for rule in reach.rules if rule.urgency is urgency]
    usable = [rule for rule in rules if rule.contact_method_id in verified]
    if usable:
        places = _places(rules, verified, repeats=repeats)
        reason = f"by {_so_many(len(usable))} of {reach.name} for {urgency.value} urgency"
        if behind := sum(place.behind is not None for place in places):
            reason += f", {behind} of them only after the one before it failed"
        if left_out := len(rules) - len(usable):
            reason += f"; {_so_many(left_out)} left out: not verified"
        return Ways(_in_order(places, verified), reachable=True, reason=reason)
    missing = f"{reach.name} has no notification rule for {urgency.value} urgency"
    if rules:
        missing = f"no notification rule of {reach.name} for {urgency.value} urgency names a verified contact method"
    return _default_ways(reach, urgency, tuple(verified.values()), missing)


def ways_of(reach: Reach, urgency: Urgency, lacking: Mapping[str, str]) -> Ways:
    """As a page goes to them. Where every message would go by a channel that cannot send (`lacking` says why), nobody is reached: each of
    them fails at once, and the next step fires."""
    return as_sent(reach, plan_ways(reach, urgency), lacking)


def as_sent(reach: Reach, ways: Ways, lacking: Mapping[str, str]) -> Ways:
    """What becomes of these ways, as `ways_of` has it."""
    if not ways.ways or any(way.channel not in lacking for way in ways.ways):
        return ways
    why = "gets no message" if ways.reachable else "has no verified contact method: even the account e-mail, the last resort, fails"
    return Ways(ways.ways, reachable=False, reason=f"{reach.name} {why}: {_why_not(ways, lacking)}")


def _why_not(ways: Ways, lacking: Mapping[str, str]) -> str:
    return "; ".join(dict.fromkeys(lacking[way.channel] for way in ways.ways if way.channel in lacking))


def _channel_ways(reach: Reach, verified: tuple[ContactMethod, ...]) -> Ways:
    """A channel is one address: it is written to once, at once, by nobody's rules; one that is not verified is not."""
    if not verified:
        return Ways((), reachable=False, reason=f"the {reach.methods[0].channel} of {reach.name} is not verified, so nothing is sent there")
    return Ways(
        _counted([(method, AT_ONCE, False) for method in verified]), reachable=True, reason=f"the step names this channel of {reach.name}"
    )


def _default_ways(reach: Reach, urgency: Urgency, verified: tuple[ContactMethod, ...], missing: str) -> Ways:
    match urgency:
        case Urgency.HIGH:
            everything = _counted([(method, AT_ONCE, False) for method in verified])
            return Ways(everything, reachable=True, reason=f"{missing}: all verified contact methods at once")
        case Urgency.LOW:
            emails = [method for method in verified if method.channel == EMAIL]
            # A mail that fails is no reason to lose the page; what may ring is the last that is tried for what can wait.
            spares = sorted((method for method in verified if method.channel != EMAIL), key=lambda method: method.may_ring)
            in_turn = _counted([(method, AT_ONCE, False) for method in (*emails, *spares)])
            first, *rest = in_turn if emails else (_account_email(reach), *in_turn)
            ways = [first]
            for way in rest:
                ways.append(replace(way, stands_in_for=(ways[-1].contact_method_id, ways[-1].nth)))
            which = "verified e-mail" if emails else "the account e-mail"
            others = [*(f"e-mail {n}" for n in range(2, len(emails) + 1)), *(method.channel for method in spares)]
            if others:
                which += f", and {', then '.join(others)} only after that failed"
            return Ways(tuple(ways), reachable=True, reason=f"{missing}: {which}")


def sealed_part(channel: str, address: str) -> bytes | None:
    """What must be opened before anything is sent there; None of an address that is no secret, or was stored before secrets were sealed."""
    _, sealed_from, sealed = address.partition(SEALED_FROM)
    return sealed.encode() if channel in SECRET_ADDRESSES and sealed_from else None


THURSDAY = DAYS.index("thursday")
"""The first day of 1970, from which the days of a clock are counted."""


def quiet_until(reach: Reach, urgency: Urgency, at: datetime) -> datetime | None:
    """When the quiet hours end that a person has at this instant; None if they have none then. Of high urgency everybody is paged.

    The clock that counts is theirs: an end that it skips is the first instant after the gap, one that it shows twice the first of them.
    """
    hours = reach.quiet_hours
    if hours is None or urgency is Urgency.HIGH:
        return None
    clock = mono(to_seconds(at), reach.time_zone)
    begin, end = (time.hour * 3600 + time.minute * 60 + time.second for time in (hours.start_time, hours.end_time))
    for day in (clock // DAY - 1, clock // DAY):
        begins, ends = day * DAY + begin, day * DAY + (end if begin < end else end + DAY)
        if DAYS[(day + THURSDAY) % 7] in hours.days and begins <= clock < ends:
            return to_instant(resolve(ends, reach.time_zone))
    return None


def reachability(reach: Reach, lacking: Mapping[str, str]) -> Reachability:
    """Whether pages of each urgency reach somebody, and by which ways, or why not: as `ways_of` would have it now."""
    high, low = ways_of(reach, Urgency.HIGH, lacking), ways_of(reach, Urgency.LOW, lacking)
    if reach.team_id is not None:
        return Reachability(Reachable(high.reachable, high.reason), Reachable(low.reachable, low.reason))
    why = high.reason
    if not any(method.verified for method in reach.methods) and EMAIL not in lacking:
        why = f"{reach.name} has no verified contact method: a page goes to the account e-mail {LAST_RESORT}"
    return Reachability(Reachable(high.reachable, why), Reachable(low.reachable, low.reason), silence_hint(reach))


def why_unreached(reach: Reach, lacking: Mapping[str, str]) -> str | None:
    """Why no page reaches them, or none of low urgency, in words that name nobody; None if every page does."""
    ways = ways_of(reach, Urgency.HIGH, lacking)
    if not ways.reachable:
        return _why_not(ways, lacking) if any(method.verified for method in reach.methods) else "no verified contact method"
    ways = ways_of(reach, Urgency.LOW, lacking)
    return None if ways.reachable else f"at low urgency, {_why_not(ways, lacking)}"


def silence_hint(reach: Reach) -> str | None:
    """What a careful colleague would say to somebody who is paged on a phone, and has never seen it ring while it was silent. A channel of
    a team is nobody's phone.
    """
    if reach.team_id is not None:
        return None
    used = {way.contact_method_id for way in plan_ways(reach, Urgency.HIGH).ways}
    phones = [method for method in reach.methods if method.id in used and method.may_ring]
    if not phones or any(method.rings_on_silent for method in phones):
        return None
    channels = ", ".join(sorted({method.channel for method in phones}))
    if quiet := sorted({m.channel for m in phones if m.last_test and m.last_test.rang_on_silent is RangOnSilent.NO}):
        which = f"a page ({', '.join(quiet)}) does not ring on {reach.name}'s phone while it is silent"
        return f"A test has shown that {which}: let it, and test again."
    return f"No test has shown that a page ({channels}) rings on {reach.name}'s phone while it is silent: send one, and answer its link."


def is_account_email(channel: str, address: str, account_email: str) -> bool:
    """The account's own address needs no proof: an admin or the sign-on has vouched for it."""
    return channel == EMAIL and address.casefold() == account_email.casefold()


CODE_PURPOSE = b"oncall contact code, version 1"
ANOTHER = "POST …/verify without a body sends another."


def hash_code(code: str, *, id: UUID, key: bytes) -> bytes:
    """What is stored of a code. Six digits are soon tried out, so a secret key of the deployment goes in, and what it was made for."""
    return hmac.digest(key, b"\n".join((CODE_PURPOSE, id.bytes, code.encode())), "sha256")


def judge_code(sent: Code | None, said: str, *, keys: Sequence[bytes], now: datetime) -> Judgement:
    """Whether `said` is the code that was sent last: five tries, ten minutes, then another one is needed (`reliability.md` S31).

    Every key of the ring is compared, in constant time, so that keys may rotate meanwhile.
    """
    if sent is None:
        return Judgement(Verdict.NONE_SENT, "No code was sent to this contact method: POST …/verify without a body sends one.")
    if now >= sent.created_at + CODE_LASTS:
        return Judgement(Verdict.EXPIRED, f"The code was good for {_in_minutes(CODE_LASTS)}, and these are over: {ANOTHER}")
    if sent.wrong_tries >= CODE_TRIES:
        return Judgement(Verdict.USED_UP, f"{CODE_TRIES} wrong codes were given, so this one counts no more: {ANOTHER}")
    proven = [hmac.compare_digest(hash_code(said, id=sent.id, key=key), sent.hash) for key in keys]
    if any(proven):
        return Judgement(Verdict.RIGHT, "the code that was sent there was given")
    left = CODE_TRIES - sent.wrong_tries - 1
    if not left:
        return Judgement(Verdict.WRONG, f"This is not the code that was sent, and there is no try left: {ANOTHER}")
    return Judgement(Verdict.WRONG, f"This is not the code that was sent last; {left} more {'try' if left == 1 else 'tries'}.")


def wait_for(sent: Sequence[datetime], limit: Limit, *, now: datetime) -> timedelta | None:
    """How long until one more may be sent, after those that were; None if it may now."""
    recent = sorted(at for at in sent if now - at < limit.per)
    return recent[-limit.most] + limit.per - now if len(recent) >= limit.most else None


def _in_minutes(time: timedelta) -> str:
    return f"{time // timedelta(minutes=1)} minutes"


def _account_email(reach: Reach) -> Way:
    return Way(reach.user_id, EMAIL, reach.email, AT_ONCE)


def _delays(rule: NotificationRule, *, repeats: bool) -> list[tuple[timedelta, bool]]:
    """When its first message is due, and its repetitions, which say that they are."""
    again = rule.repeat if repeats else None
    repetitions = [(rule.delay + n * again.every, True) for n in range(1, again.at_most + 1)] if again else []
    return [(rule.delay, False), *repetitions]


@dataclass(frozen=True, slots=True)
class _Place:
    """When the messages of a rule are due: by its `root`, the rule with times of its own, and only after those of `behind` have failed."""

    rule: NotificationRule
    root: NotificationRule
    delays: tuple[tuple[timedelta, bool], ...]
    depth: int
    behind: UUID | None


def _places(rules: Sequence[NotificationRule], verified: Collection[UUID], *, repeats: bool) -> list[_Place]:
    """Those of usable rules. What is used only after a failure takes the place of a rule before it that can never send, and is a rule like
    any where there is none before it: nobody is left without a message by what they meant as a spare.
    """
    places: list[_Place] = []
    before: _Place | None = None
    for rule in sorted(rules, key=lambda rule: (rule.delay, rule.created_at, rule.id)):
        if before is None or not rule.only_after_failure:
            place = _Place(rule, rule, tuple(_delays(rule, repeats=repeats)), 0, None)
        else:
            behind = before.rule.id if before.rule.contact_method_id in verified else before.behind
            place = _Place(rule, before.root, before.delays, before.depth + 1, behind)
        if rule.contact_method_id in verified:
            places.append(place)
        before = place
    return places


def _in_order(places: Sequence[_Place], verified: Mapping[ContactMethodId, ContactMethod]) -> tuple[Way, ...]:
    """At one instant the older rule comes first, and what stands in for a message right after it."""
    planned = sorted(
        (delay, place.root.created_at, place.root.id, place.depth, again, which, place.rule.contact_method_id, place.rule.id, place.behind)
        for place in places
        for which, (delay, again) in enumerate(place.delays)
    )
    counted = _counted([(verified[method], delay, again) for delay, _, _, _, again, _, method, _, _ in planned])
    sent = {(rule, which): way for way, (_, _, _, _, _, which, _, rule, _) in zip(counted, planned, strict=True)}

    def before(behind: UUID | None, which: int) -> tuple[UUID, int] | None:
        return (sent[behind, which].contact_method_id, sent[behind, which].nth) if behind else None

    return tuple(replace(way, stands_in_for=before(behind, which)) for way, (*_, which, _, _, behind) in zip(counted, planned, strict=True))


def _counted(messages: list[tuple[ContactMethod, timedelta, bool]]) -> tuple[Way, ...]:
    """Number the messages to each method, so that two rules which name one method are two messages."""
    seen: Counter[object] = Counter()
    ways = []
    for method, delay, again in messages:
        seen[method.id] += 1
        ways.append(Way(method.id, method.channel, method.address, delay, seen[method.id], again))
    return tuple(ways)


def _so_many(count: int) -> str:
    return "1 notification rule" if count == 1 else f"{count} notification rules"
