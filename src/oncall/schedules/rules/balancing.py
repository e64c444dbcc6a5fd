"""Who might have the coming turns of a rotation, so that everybody carries the same and nobody a turn they are unavailable in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from oncall.kit.ids import UserId
from oncall.schedules.rules.fairness import Stretch, balance_of, burden_of, merged, total_of
from oncall.schedules.values.fairness import USUAL_WEIGHTS, Assignment, Burden, Kind, Person, Proposal, Weights

# A pass tries every change there is; two or three settle most plans. Swaps with turns farther off than the reach (a month of daily turns)
# make nothing more equal, but take turns that lay well apart close together, and time.
PASSES, REACH = 10, 30

Plan = list[int | None]
"""The number of the member who has each turn; None where nobody is free."""

Amounts = tuple[int, ...]
"""Load, seconds, nights, weekends, holidays: what is to be the same for everybody."""

Rank = tuple[int, int, int]
"""Load, last turn, number: the lowest is who is next, by right."""

NOTHING: Amounts = (0, 0, 0, 0, 0)

# Which of the amounts a kind is; what weighs most comes first, where a reason names one.
AMOUNTS_OF_KINDS = ((Kind.HOLIDAYS, 4), (Kind.WEEKENDS, 3), (Kind.NIGHTS, 2), (Kind.HOURS, 1))


@dataclass(frozen=True, slots=True)
class Task:
    """Members are numbers here: who is free in each turn, what it is for each member, what each carried, who had the turn before."""

    free: Sequence[Sequence[int]]
    costs: Sequence[Sequence[Amounts]]
    carried: Sequence[Amounts]
    counts: Amounts
    """How much each of the amounts counts while they are evened out."""
    previous: int | None


def propose_order(
    turns: Sequence[Stretch],
    members: Sequence[UserId],
    absences: Mapping[UserId, Sequence[Stretch]],
    burden: Mapping[UserId, Burden],
    *,
    people: Mapping[UserId, Person],
    weights: Weights = USUAL_WEIGHTS,
    tolerance: int = 0,
    previous: UserId | None = None,
) -> Proposal:
    """Somebody for each of the coming turns, which are in order; all members are among the people.

    Nobody has a turn of which they are absent for more than `tolerance` seconds, and as few as can be follow another turn of the same
    person (`previous` had the one before the first). Within that, each goes to whoever has the least load; of equals to who has waited
    longest, then to the first of the members. Then turns are moved and swapped as long as that makes loads, and the hours, nights,
    weekends and holidays in them, more equal. `burden` is what each carried until now. A member without one is new, and begins with the
    mean of the others: there is nothing to make up for.
    """
    order = tuple(dict.fromkeys(members))
    carried = _carried(order, burden)
    costs = _costs(turns, [people[user] for user in order])
    task = Task(
        free=_free(turns, [merged(absences.get(user, ())) for user in order], tolerance),
        costs=[[_amounts(cost, weights) for cost in of_turn] for of_turn in costs],
        carried=[_amounts(one, weights) for one in carried],
        counts=(1, 1, weights.night, weights.weekend, weights.holiday),
        previous=order.index(previous) if previous in order else None,
    )
    plan = _evened_out(task, _filled(task))
    users = [None if member is None else order[member] for member in plan]
    reasons = _reasons(task, plan, [people[user].name for user in order])
    for turn, member in enumerate(plan):
        if member is not None:
            carried[member] = total_of([carried[member], costs[turn][member]])
    return Proposal(
        assignments=tuple(Assignment(*turn, user, reason) for turn, user, reason in zip(turns, users, reasons, strict=True)),
        burdens=dict(zip(order, carried, strict=True)),
        loads={user: load_of(one, weights) for user, one in zip(order, carried, strict=True)},
        before=balance_of(_carried(order, burden)),
        after=balance_of(carried),
        rotation=tuple(order[member] for member in plan[: len(order)] if member is not None) if _goes_round(plan, len(order)) else None,
    )


def load_of(burden: Burden, weights: Weights = USUAL_WEIGHTS) -> int:
    """Weighted seconds: what is at night, at a weekend or on a public holiday counts more."""
    return burden.seconds + weights.night * burden.nights + weights.weekend * burden.weekends + weights.holiday * burden.holidays


def _amounts(burden: Burden, weights: Weights) -> Amounts:
    return load_of(burden, weights), *(burden.of(kind) for kind in Kind)


def _carried(order: Sequence[UserId], burden: Mapping[UserId, Burden]) -> list[Burden]:
    known = [burden[user] for user in order if user in burden]
    total, count = total_of(known), max(1, len(known))
    mean = Burden(total.seconds // count, total.nights // count, total.weekends // count, total.holidays // count)
    return [burden.get(user, mean) for user in order]


def _costs(turns: Sequence[Stretch], people: Sequence[Person]) -> list[list[Burden]]:
    """What each turn is for each person; worked out once for all who have the same zone and holidays."""
    alike = [replace(person, name="") for person in people]
    costs = []
    for turn in turns:
        known = {person: burden_of(*turn, person) for person in set(alike)}
        costs.append([known[person] for person in alike])
    return costs


def _free(turns: Sequence[Stretch], absences: Sequence[Sequence[Stretch]], tolerance: int) -> list[list[int]]:
    return [[member for member, away in enumerate(absences) if _absent(turn, away) <= tolerance] for turn in turns]


def _absent(turn: Stretch, absences: Iterable[Stretch]) -> int:
    return sum(max(0, min(turn[1], end) - max(turn[0], start)) for start, end in absences)


def _filled(task: Task) -> Plan:
    """Turn by turn: whoever makes for the fewest turns in a row until the end; of those the one with the lowest rank."""
    ahead: list[dict[int, int]] = []
    following: dict[int, int] = {}
    for free in reversed(task.free):
        following = {n: min((in_a_row + (n == m) for m, in_a_row in following.items()), default=0) for n in free}
        ahead.append(following)
    plan: Plan = []
    ranks, last = _first_ranks(task), task.previous
    for turn, (free, in_a_row) in enumerate(zip(task.free, reversed(ahead), strict=True)):
        last = min(free, key=lambda n: (in_a_row[n] + (n == last), ranks[n]), default=None)
        plan.append(last)
        if last is not None:
            ranks[last] = _next_rank(task, ranks[last], turn)
    return plan


def _first_ranks(task: Task) -> list[Rank]:
    return [(carried[0], -1 if n == task.previous else -2, n) for n, carried in enumerate(task.carried)]


def _next_rank(task: Task, rank: Rank, turn: int) -> Rank:
    load, _, member = rank
    return load + task.costs[turn][member][0], turn, member


def _evened_out(task: Task, plan: Plan) -> Plan:
    """The plan after all moves of a turn to another member, and all swaps of two, that make amounts more equal (their squares smaller)."""
    plan, carried = list(plan), list(task.carried)
    for turn, member in enumerate(plan):
        if member is not None:
            carried[member] = _with(carried[member], task.costs[turn][member], NOTHING)
    for _ in range(PASSES):
        before = list(plan)
        for turn, free in enumerate(task.free):
            for member in free:
                _exchange(task, plan, carried, turn, member, None)
            for other in range(turn + 1, min(turn + 1 + REACH, len(plan))):
                if plan[other] in free and plan[turn] in task.free[other] and task.costs[turn] != task.costs[other]:
                    _exchange(task, plan, carried, turn, plan[other], other)
        if plan == before:
            break
    return plan


def _exchange(task: Task, plan: Plan, carried: list[Amounts], turn: int, taker: int | None, other: int | None) -> None:
    """Give the turn to the taker, in exchange for their other turn if there is one; unless that is no better, or puts turns in a row."""
    giver = plan[turn]
    if giver is None or taker is None or giver == taker:
        return
    gives, takes = task.costs[turn][giver], task.costs[turn][taker]
    gets, loses = (NOTHING, NOTHING) if other is None else (task.costs[other][giver], task.costs[other][taker])
    if _rise(task, carried[giver], gets, gives) + _rise(task, carried[taker], takes, loses) >= 0:
        return
    changed = list(plan)
    changed[turn] = taker
    if other is not None:
        changed[other] = giver
    if _in_a_row(task, changed) <= _in_a_row(task, plan):
        plan[:] = changed
        carried[giver] = _with(carried[giver], gets, gives)
        carried[taker] = _with(carried[taker], takes, loses)


def _rise(task: Task, carried: Amounts, gets: Amounts, gives: Amounts) -> int:
    """By how much the squares of somebody's amounts rise with one turn for another."""
    amounts = zip(task.counts, carried, gets, gives, strict=True)
    return sum(counts * (more - less) * (2 * has + more - less) for counts, has, more, less in amounts)


def _with(carried: Amounts, gets: Amounts, gives: Amounts) -> Amounts:
    return tuple(has + more - less for has, more, less in zip(carried, gets, gives, strict=True))


def _in_a_row(task: Task, plan: Plan) -> int:
    """How many turns follow another of the same person."""
    return sum(one == two for one, two in zip([task.previous, *plan], plan, strict=False) if two is not None)


def _goes_round(plan: Plan, members: int) -> bool:
    """Each member has a turn, and then they have them in that order again and again."""
    return members > 0 and set(plan[:members]) == set(range(members)) and plan[members:] == plan[:-members]


def _reasons(task: Task, plan: Plan, names: Sequence[str]) -> list[str]:
    ranks, carried, row = _first_ranks(task), list(task.carried), [task.previous, *plan, None]
    reasons = []
    for turn, member in enumerate(plan):
        if member is None:
            reasons.append(_unavailable(names) if names else "nobody takes part")
        else:
            before = {rank[2] for rank in ranks if rank < ranks[member]}
            reasons.append(_reason(task, turn, member, before, carried, {"before": row[turn], "after": row[turn + 2]}, names))
            ranks[member] = _next_rank(task, ranks[member], turn)
            carried[member] = _with(carried[member], task.costs[turn][member], NOTHING)
    return reasons


def _reason(
    task: Task,
    turn: int,
    member: int,
    before: set[int],
    carried: Sequence[Amounts],
    neighbours: Mapping[str, int | None],
    names: Sequence[str],
) -> str:
    """Why this member, and why not those who come before by rank."""
    free = task.free[turn]
    because = ["least carried so far"]
    if len(free) == 1 and len(names) > 1:
        because, before = ["the only one free"], set(range(len(names))) - {member}
    elif before.intersection(free).difference(neighbours.values()):
        costs = task.costs[turn][member]
        fewest = (kind for kind, n in AMOUNTS_OF_KINDS if costs[n] and carried[member][n] == min(carried[other][n] for other in free))
        because = [next((f"nobody free has fewer {kind} so far" for kind in fewest), "best for the turns as a whole")]
    if away := sorted(before.difference(free)):
        because.append(_unavailable([names[n] for n in away]))
    because += [f"{names[n]} has the turn {when}" for when, n in neighbours.items() if n in before and n in free]
    return "; ".join(because)


def _unavailable(names: Sequence[str]) -> str:
    """At most three names, or two and the number of the others."""
    named = list(names) if len(names) <= 3 else [*names[:2], f"{len(names) - 2} others"]
    return f"{named[0]} is unavailable" if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]} are unavailable"
