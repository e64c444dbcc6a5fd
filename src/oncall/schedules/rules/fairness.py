"""How an on-call rotation is shared out: what each person carried, on their own wall clock, and how equal that is."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from oncall.kit.ids import UserId
from oncall.kit.zones import DAY, HOUR, mono, resolve, to_seconds, to_wall
from oncall.schedules.values import Tile
from oncall.schedules.values.fairness import Balance, Burden, Fairness, Kind, Person, Share

Stretch = tuple[int, int]
"""`[start, end)` in seconds since 1970."""

NIGHT_BEGINS, NIGHT_ENDS = 22 * HOUR, 6 * HOUR
SATURDAY = 5

# Below this score Grafana OnCall says that a schedule has balance issues; above it there is nothing to talk about.
UNBALANCED = 0.8


def share_out(tiles: Sequence[Tile], people: Mapping[UserId, Person]) -> Fairness:
    """What each of the people carried in the tiles; who had no time is there with zeros, who is not among the people is left out.

    Time on call together counts in full for each of them, so parts are parts of all people's seconds. In tiles of several schedules a
    second on call in two at once counts once.
    """
    stretches = {user: merged(_stretch(tile) for tile in tiles if user in tile.on_call.users) for user in people}
    burdens = {user: total_of(burden_of(*stretch, person) for stretch in stretches[user]) for user, person in people.items()}
    total = total_of(burdens.values()).seconds
    shares = tuple(
        Share(
            user,
            burden,
            shifts=len(stretches[user]),
            longest=max((end - start for start, end in stretches[user]), default=0),
            part=burden.seconds / total if total else 0.0,
        )
        for user, burden in burdens.items()
    )
    balance = balance_of(burdens.values())
    return Fairness(shares, balance, tuple(_imbalances(burdens, people, balance)))


def burden_of(start: int, end: int, person: Person) -> Burden:
    """What being on call for `[start, end)` means for this person, exact over every change of clocks.

    A night is 22:00 to 06:00 on the wall: seven hours when the clocks go forward, nine when they go back. Saturdays, Sundays and public
    holidays last from midnight to midnight.
    """
    if start >= end:
        return Burden()
    zone = person.zone
    days = range(mono(start, zone) // DAY, mono(end, zone) // DAY + 1)

    def within(begins: int, ends: int) -> int:
        return max(0, min(end, resolve(ends, zone)) - max(start, resolve(begins, zone)))

    def of_days(days: Iterable[int]) -> int:
        return sum(within(day * DAY, (day + 1) * DAY) for day in days)

    return Burden(
        seconds=end - start,
        # The first of the nights may have begun on the day before.
        nights=sum(within(day * DAY + NIGHT_BEGINS, (day + 1) * DAY + NIGHT_ENDS) for day in (days.start - 1, *days)),
        weekends=of_days(day for day in days if to_wall(day * DAY).weekday() >= SATURDAY),
        holidays=of_days(day for day in days if to_wall(day * DAY).date() in person.holidays),
    )


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """In order, where they meet or overlap made one."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((start, end))
    return found


def total_of(burdens: Iterable[Burden]) -> Burden:
    """All of them together."""
    seconds = nights = weekends = holidays = 0
    for burden in burdens:
        seconds += burden.seconds
        nights += burden.nights
        weekends += burden.weekends
        holidays += burden.holidays
    return Burden(seconds, nights, weekends, holidays)


def balance_of(burdens: Collection[Burden]) -> Balance:
    """Grafana OnCall's pair score for each kind: the mean, over all pairs of people, of the smaller amount divided by the greater.

    Pairs in which neither has any say nothing and are left out, so that all on one is 0. What nobody has is equal: 1. The total is the
    mean of the kinds that anybody has.
    """
    amounts = {kind: [burden.of(kind) for burden in burdens] for kind in Kind}
    scores = {kind: _pair_score(amounts[kind]) for kind in Kind}
    counted = [scores[kind] for kind in Kind if any(amounts[kind])]
    return Balance(scores, sum(counted) / len(counted) if counted else 1.0)


def _pair_score(amounts: Sequence[int]) -> float:
    ratios = [min(pair) / max(pair) for pair in combinations(amounts, 2) if any(pair)]
    return sum(ratios) / len(ratios) if ratios else 1.0


def _stretch(tile: Tile) -> Stretch:
    return to_seconds(tile.start), to_seconds(tile.end)


def _imbalances(burdens: Mapping[UserId, Burden], people: Mapping[UserId, Person], balance: Balance) -> Iterator[str]:
    """For each unbalanced kind a sentence about whoever is farthest from an equal share; where the rounded numbers show it."""
    equal = 1 / len(people) if people else 0.0
    worst: list[tuple[float, str]] = []
    for kind in Kind:
        if balance.scores[kind] < UNBALANCED:
            total = sum(burden.of(kind) for burden in burdens.values())
            parts = {user: burden.of(kind) / total for user, burden in burdens.items()}
            user = max(parts, key=lambda user: (abs(parts[user] - equal), parts[user]))
            if _percent(parts[user]) != _percent(equal):
                sentence = f"{people[user].name} has {_percent(parts[user])} of the {kind}; an equal share is {_percent(equal)}."
                worst.append((abs(parts[user] - equal), sentence))
    return (sentence for _, sentence in sorted(worst, key=lambda one: one[0], reverse=True))


def _percent(part: float) -> str:
    return f"{round(100 * part)} %"
