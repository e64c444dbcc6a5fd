"""What may become of a swap, and who is to be told of which shift now. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from oncall.handoffs.values import (
    LONGEST_SWAP,
    USUAL_PREFERENCE,
    InvalidSwap,
    Morning,
    NoticeKind,
    NotYourSwap,
    Preference,
    Replacement,
    ShiftNotice,
    Span,
    Swap,
    SwapId,
    SwapKind,
    SwapNotOpen,
    SwapStatus,
)
from oncall.kit.ids import ScheduleId, UserId
from oncall.kit.zones import DAY, HOUR, mono, resolve, to_instant, to_seconds
from oncall.schedules.values import Shift

NIGHT_BEGINS, NIGHT_ENDS = 22 * HOUR, 6 * HOUR
LATEST = timedelta(hours=12)
"""A shift that began longer ago is not announced any more; whoever is on call knows by now."""


def decide_swap(
    id: SwapId,
    schedule_id: ScheduleId,
    kind: SwapKind,
    *,
    proposer: UserId,
    other: UserId | None,
    start: datetime,
    end: datetime,
    in_return: Span | None,
    note: str,
    author: str,
    now: datetime,
) -> Swap:
    """The swap as it is proposed; it cannot begin in the past. Raises `InvalidSwap` with the first thing that cannot be."""
    begin = now.replace(microsecond=0)
    if end <= start:
        raise InvalidSwap("end must be later than start.", field="end")
    if end <= begin:
        raise InvalidSwap("These hours are over already; who was on call in the past cannot be changed.", field="end")
    if end - start > LONGEST_SWAP:
        raise InvalidSwap("A swap lasts a year at most.", field="end")
    if kind is SwapKind.ASK and other is None:
        raise InvalidSwap("To ask for somebody's hours, say whose with with_user_id.", field="with_user_id")
    if other == proposer:
        raise InvalidSwap("Nobody can swap with themselves.", field="with_user_id")
    if in_return is not None:
        if in_return[1] <= in_return[0]:
            raise InvalidSwap("in_return must end later than it starts.", field="in_return.end")
        if in_return[1] <= begin:
            raise InvalidSwap("The hours in return are over already.", field="in_return.end")
        if in_return[1] - in_return[0] > LONGEST_SWAP:
            raise InvalidSwap("The hours in return last a year at most.", field="in_return.end")
        if other is None:
            raise InvalidSwap("Hours in return are somebody's: say whose with with_user_id.", field="with_user_id")
        in_return = (max(in_return[0], begin), in_return[1])
    giver, taker = (proposer, other) if kind is SwapKind.OFFER or other is None else (other, proposer)
    return Swap(id, schedule_id, kind, giver, taker, max(start, begin), end, in_return, note, author, now)


def accept(
    swap: Swap, by: UserId, *, part: Span | None, fresh: Sequence[SwapId], author: str, now: datetime
) -> tuple[Swap, list[Swap], list[Replacement]]:
    """The swap as it is taken, the offers that stay open around a part of it, and whom to put in whose place.

    `fresh` are two ids for what stays open. Raises `SwapNotOpen`, `NotYourSwap`, `InvalidSwap`.
    """
    _check_open(swap, now)
    if not may_accept(swap, by):
        raise NotYourSwap("Only whom this was proposed to can accept it, and nobody can accept what they proposed themselves.")
    taker = swap.taker if swap.kind is SwapKind.ASK else by
    begin = now.replace(microsecond=0)
    start, end = part or (swap.start, swap.end)
    start = max(start, begin)
    if part is not None and swap.in_return is not None:
        raise InvalidSwap("An exchange is taken as a whole; offer parts of it as swaps of their own.", field="start")
    if end <= start or (part is not None and (part[0] < swap.start or part[1] > swap.end)):
        raise InvalidSwap("The part must lie within the swap's own start and end, and not be over.", field="start")
    taken = replace(swap, taker=taker, start=start, end=end, status=SwapStatus.TAKEN, decided_by=author, decided_at=now)
    rest = [
        replace(swap, id=id, start=since, end=until)
        for id, (since, until) in zip(fresh, ((max(swap.start, begin), start), (end, swap.end)), strict=True)
        if since < until
    ]
    assert taker is not None  # noqa: S101 — whoever asks is the taker, and whoever accepts an offer becomes it
    replacements = [Replacement(swap.giver, taker, start, end)]
    if swap.in_return is not None and swap.in_return[1] > begin:
        replacements.append(Replacement(taker, swap.giver, max(swap.in_return[0], begin), swap.in_return[1]))
    return taken, rest, replacements


def may_accept(swap: Swap, user: UserId) -> bool:
    """An offer to nobody in particular is for everybody but its giver; everything else is for the one it was proposed to."""
    if swap.kind is SwapKind.ASK:
        return user == swap.giver
    return user != swap.giver and swap.taker in (None, user)


def decline(swap: Swap, by: UserId, *, author: str, now: datetime) -> Swap:
    """Whom it was proposed to says no."""
    _check_open(swap, now)
    if swap.kind is SwapKind.OFFER and swap.taker is None:
        raise InvalidSwap("This offer is for everybody: who does not want it leaves it.")
    if not may_accept(swap, by):
        raise NotYourSwap("Only whom this was proposed to can decline it.")
    return replace(swap, status=SwapStatus.DECLINED, decided_by=author, decided_at=now)


def withdraw(swap: Swap, by: UserId, *, author: str, now: datetime) -> Swap:
    """Whoever proposed it takes it back before it is taken."""
    _check_open(swap, now)
    if by != swap.proposer:
        raise NotYourSwap("Only whoever proposed this can withdraw it.")
    return replace(swap, status=SwapStatus.WITHDRAWN, decided_by=author, decided_at=now)


def undo(swap: Swap, by: UserId, *, author: str, now: datetime) -> Swap:
    """One of the two takes back a swap that was taken; hours that are over stay as they were."""
    if swap.status is not SwapStatus.TAKEN:
        raise SwapNotOpen(f"Only a swap that was taken can be undone; this one is {swap.status_at(now).value}.")
    if max(swap.end, swap.in_return[1] if swap.in_return else swap.end) <= now:
        raise SwapNotOpen("The swapped hours are over; who was on call then cannot be changed any more.")
    if by not in (swap.giver, swap.taker):
        raise NotYourSwap("Only the two who swapped can undo it.")
    return replace(swap, status=SwapStatus.UNDONE, decided_by=author, decided_at=now)


def notices_now(
    schedule_id: ScheduleId, shifts: Iterable[Shift], preferences: Mapping[UserId, Preference], *, told_until: datetime, now: datetime
) -> list[ShiftNotice]:
    """Who is to be told now; each notice has a name of its own, so telling twice what was told before does nothing.

    Of several times before a shift the last one counts that has come. A shift that is over is not announced.
    """
    found: list[ShiftNotice] = []
    for shift in shifts:
        wish = preferences.get(shift.user, USUAL_PREFERENCE)
        if shift.start is None:
            continue
        if shift.start > now and any(shift.start - before <= now for before in wish.before):
            found.append(ShiftNotice(NoticeKind.COMING, shift.user, schedule_id, shift.start, shift.end, shift.start))
        running = shift.start <= now and (shift.end is None or shift.end > now)
        if wish.at_start and running and shift.start > max(told_until, now - LATEST):
            found.append(ShiftNotice(NoticeKind.BEGUN, shift.user, schedule_id, shift.start, shift.end, shift.end or now + LATEST))
        if wish.at_end and shift.end is not None and max(told_until, now - LATEST) < shift.end <= now:
            found.append(ShiftNotice(NoticeKind.ENDED, shift.user, schedule_id, shift.start, shift.end, shift.end + LATEST))
    return found


def topic_of(notice: ShiftNotice, before: timedelta | None = None) -> str:
    """The name under which it is sent once: the same shift told twice is one notice."""
    when = notice.end if notice.kind is NoticeKind.ENDED else notice.start
    how = f"/{int(before.total_seconds())}" if before is not None else ""
    return f"shift/{notice.kind.value}{how}/{notice.schedule_id}/{notice.user_id}/{when:%Y-%m-%dT%H:%M:%SZ}"


def before_of(notice: ShiftNotice, preference: Preference, *, now: datetime) -> timedelta | None:
    """Which of the wished times before a shift this notice is for: the shortest that has come."""
    come = [before for before in preference.before if notice.start - before <= now]
    return min(come, default=None) if notice.kind is NoticeKind.COMING else None


def next_look(shifts: Iterable[Shift], preferences: Mapping[UserId, Preference], *, now: datetime, at_most: timedelta) -> datetime:
    """When there is something to tell next, as far as is known now; in case of an edit not later than `at_most` from now."""
    instants: list[datetime] = []
    for shift in shifts:
        wish = preferences.get(shift.user, USUAL_PREFERENCE)
        instants += [at for at in (shift.start, shift.end) if at is not None]
        instants += [shift.start - before for before in wish.before if shift.start is not None]
    return min((at for at in instants if now < at < now + at_most), default=now + at_most)


def _check_open(swap: Swap, now: datetime) -> None:
    if (status := swap.status_at(now)) is not SwapStatus.OPEN:
        by = f" by {swap.decided_by}" if swap.decided_by else ""
        raise SwapNotOpen(f"This swap is not open any more: it is {status.value}{by}.")


def morning_of(zone: str, quiet_time: timedelta, *, now: datetime) -> Morning | None:
    """The night before and the hours after it that are to be quiet, while these hours last; a night is 22:00 to 06:00 on the wall."""
    t = to_seconds(now)
    midnight = mono(t, zone) // DAY * DAY
    ended = resolve(midnight + NIGHT_ENDS, zone)
    until = to_instant(ended) + quiet_time
    if not to_instant(ended) <= now < until:
        return None
    return Morning(to_instant(resolve(midnight - DAY + NIGHT_BEGINS, zone)), to_instant(ended), until)
