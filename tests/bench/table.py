"""The targets, as the design states them, and how a result is printed beside its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median


class Verdict(StrEnum):
    PASS = "PASS"
    MISS = "MISS"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class Target:
    """One row: each of its numbers has a floor and a goal, and must be at least or at most that."""

    row: str
    what: str
    floors: tuple[float, ...]
    goals: tuple[float, ...]
    unit: str
    at_least: bool | tuple[bool, ...] = False

    def met_by(self, result: Sequence[float], limits: Sequence[float]) -> bool:
        each = zip(result, limits, self._floors, strict=True)
        return all(got >= limit if at_least else got <= limit for got, limit, at_least in each)

    def said(self, numbers: Sequence[float]) -> str:
        signs = ["≥" if at_least else "≤" for at_least in self._floors]
        if len(set(signs)) == 1:
            return f"{signs[0]} {' / '.join(f'{n:g}' for n in numbers)} {self.unit}".rstrip()
        return f"{' / '.join(f'{sign} {n:g}' for sign, n in zip(signs, numbers, strict=True))} {self.unit}".rstrip()

    @property
    def _floors(self) -> tuple[bool, ...]:
        return self.at_least if isinstance(self.at_least, tuple) else (self.at_least,) * len(self.floors)


TARGETS = {
    target.row: target
    for target in (
        Target("P1", "durable intake vs bare FastAPI echo", (1.0,), (1.4,), "×", at_least=True),
        Target("P1j", "the same under 1,000 silences, 1,000 routing rules, 100 windows", (1.0,), (1.4,), "×", at_least=True),
        Target("P2", "its CPU per event (server + database) vs the echo's", (1.2,), (0.8,), "×"),
        Target("P3", "the same work vs Alerta on PostgreSQL", (60,), (100,), "×", at_least=True),
        Target("P3b", "vs Argus", (100,), (200,), "×", at_least=True),
        Target("P3c", "vs Keep", (150,), (300,), "×", at_least=True),
        Target("P4", "the same alerts vs Alertmanager, which keeps them in memory", (0.25,), (0.4,), "×", at_least=True),
        Target("P5", "fsyncs per accepted event", (0.12,), (0.06,), ""),
        Target("P6", "1,500 events/s, open loop: p99 from due time", (15,), (6,), "ms"),
        Target("P7", "saturated p99 vs the echo's", (1.5,), (0.8,), "×"),
        Target("P8", "who is on call over HTTP vs bare FastAPI GET", (1.0,), (1.9,), "×", at_least=True),
        Target("P8s", "a status page, HTML / JSON / Atom, vs bare FastAPI GET", (1.0,) * 3, (1.9,) * 3, "×", at_least=True),
        Target("P9", "vs LinkedIn oncall, 100 teams, 10,400 shifts", (50,), (80,), "×", at_least=True),
        Target(
            "P10",
            "look-up in process vs recurring-ical-events; ten years out vs today",
            (100, 1.5),
            (300, 1.1),
            "×",
            at_least=(True, False),
        ),
        Target("S1", "who is on call: 3 layers, 20 overrides; compiled", (25, 2), (25, 2), "µs"),
        Target("S2", "the same, 20 years after its beginning vs a day", (1.1,), (1.1,), "×"),
        Target("S3", "a year of 3 layers rendered", (40,), (40,), "ms"),
        Target("S4", "10,000 schedules in one call over HTTP, the first time / again", (1.5, 1.5), (1.5, 0.3), "s"),
        Target("S5", "resident memory after 20 more such calls vs after the first", (1.1,), (1.05,), "×"),
        Target("P11", "100,000 due escalations drained vs one bare SQL statement", (0.2,), (0.5,), "×", at_least=True),
        Target("P12", "the same vs PgQueuer / Procrastinate writing one page each", (5, 25), (15, 80), "×", at_least=True),
        Target("P13", "lateness at 200 due/s, intake saturated: p50 / p99 / max", (10, 50, 250), (3, 10, 40), "ms"),
        Target("P14", "intake while 200 pages/s escalate vs alone", (0.85,), (0.95,), "×", at_least=True),
        Target("P15", "1 M vs 10 k open, under those rules: intake / ack / list by key", (0.8,) * 3, (0.95,) * 3, "×", at_least=True),
        Target("P15d", "1 M vs 10 k open: due escalations drained", (0.8,), (0.95,), "×", at_least=True),
        Target("P16", "that drain with an old snapshot held vs without", (0.7,), (0.9,), "×", at_least=True),
        Target("P17", "event posted to first byte at the provider, idle: p50 / p99", (100, 1000), (30, 100), "ms"),
        Target("P18", "a burst of 100,000 events on 1,000 keys, 1,000 look-ups/s: look-up p99", (50,), (15,), "ms"),
        Target("P18b", "a quiet service's page meanwhile vs idle: p50 / p99", (2, 2), (1.2, 1.5), "×"),
        Target("P19", "acknowledge p99 under that storm", (100,), (30,), "ms"),
        Target("P20", "resident memory of one `serve`, idle / after that storm", (150, 300), (100, 200), "MB"),
        Target("P21", "first start on an empty directory / second start", (6, 3), (3, 1.5), "s"),
        Target("P22", "coverage of 1,000 services, 90 days, a schedule each: processor time", (10,), (5,), "s"),
        Target("P23", "the queue: 50 of 10,000 open incidents with reasons, over HTTP", (100,), (50,), "ms"),
        Target("P24", "reports on a year of 1 M incidents: processor time of the slowest", (1.0,), (0.5,), "s"),
    )
}


@dataclass(frozen=True, slots=True)
class Spread:
    """Paired rounds: the median, and how far they lie apart."""

    rounds: tuple[float, ...]

    @property
    def middle(self) -> float:
        return median(self.rounds)

    def __str__(self) -> str:
        if len(self.rounds) == 1:
            return _short(self.middle)
        return f"{_short(self.middle)} [{_short(min(self.rounds))}..{_short(max(self.rounds))}]"


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured for a row, or why it could not be; `notes` are the absolute numbers behind it."""

    row: str
    numbers: tuple[Spread, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: str = ""

    @property
    def verdict(self) -> Verdict:
        if self.skipped:
            return Verdict.SKIPPED
        target = TARGETS[self.row]
        return Verdict.PASS if target.met_by([n.middle for n in self.numbers], target.floors) else Verdict.MISS

    @property
    def cells(self) -> tuple[str, ...]:
        target = TARGETS[self.row]
        found = " / ".join(map(str, self.numbers))
        goal = ", goal met" if self.numbers and target.met_by([n.middle for n in self.numbers], target.goals) else ""
        return (
            self.row,
            target.what,
            target.said(target.floors),
            target.said(target.goals),
            f"{found} {target.unit}".strip(),
            f"{self.verdict}{goal}{': ' * bool(self.skipped)}{self.skipped}",
        )


HEAD = ("row", "what", "floor", "goal", "result", "verdict")


def table(results: Sequence[Result]) -> str:
    """All rows, column under column."""
    rows = [HEAD, *(result.cells for result in results)]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)


def one(number: float) -> Spread:
    return Spread((number,))


def _short(number: float) -> str:
    return f"{number:.3g}" if number < 100 else f"{number:.0f}"
