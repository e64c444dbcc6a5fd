"""Where a text comes from: a text is an expression, {"value": …} a constant, a list the first of its members that says something."""

from collections.abc import Mapping as JsonObject
from dataclasses import dataclass

from oncall.intake.rules.mapping.document import Constant, FirstOf, Joined, Named, Source
from oncall.intake.rules.mapping.faults import Faults
from oncall.kit.mapping import BadExpression, Expression, compile_expression

MAX_EXPRESSIONS = 500
"""In one mapping."""

MAX_ALTERNATIVES = 20
MAX_PARTS = 20
MAX_CONSTANT = 1_000
MAX_LEVELS = 4

FORMS = 'it must be an expression (a text such as "host.name"), a constant ({"value": "text"}), {"join": […]} or a list of these'
NOTHING = Constant("")


@dataclass(slots=True)
class Budget:
    """How many expressions a mapping has so far."""

    expressions: int = 0

    def check(self, faults: Faults) -> None:
        if self.expressions > MAX_EXPRESSIONS:
            faults.add("", f"it has more than {MAX_EXPRESSIONS} expressions")


def parse_sources(said: object, at: str, faults: Faults, budget: Budget) -> tuple[Source, ...]:
    """One source, or each of a list by itself."""
    if isinstance(said, list) and said and len(said) <= MAX_ALTERNATIVES:
        return tuple(parse_source(one, f"{at}.{n}", faults, budget) for n, one in enumerate(said))
    return (parse_source(said, at, faults, budget),)


def parse_source(said: object, at: str, faults: Faults, budget: Budget, *, is_key: bool = False, level: int = 1) -> Source:
    """What is written at a place; where that is nothing that can be used, a fault says so."""
    match said:
        case str():
            return _expression(said, at, faults, budget)
        case list() if level < MAX_LEVELS and 0 < len(said) <= MAX_ALTERNATIVES:
            sources = tuple(parse_source(one, f"{at}.{n}", faults, budget, is_key=is_key, level=level + 1) for n, one in enumerate(said))
            return sources[0] if len(sources) == 1 else FirstOf(sources)
        case list():
            faults.add(at, f"a list here has 1 to {MAX_ALTERNATIVES} expressions, and at most {MAX_LEVELS} levels")
        case dict() if said:
            return _made(said, at, faults, budget, is_key=is_key, level=level)
        case _:
            faults.add(at, FORMS)
    return NOTHING


def _made(said: JsonObject[str, object], at: str, faults: Faults, budget: Budget, *, is_key: bool, level: int) -> Source:
    """A constant, or a text of several parts."""
    match said:
        case {"value": value}:
            faults.check_names(said, ("value",), at)
            return _constant(value, at, faults)
        case {"join": list() as parts} if level < MAX_LEVELS and 0 < len(parts) <= MAX_PARTS:
            faults.check_names(said, ("join", "with"), at)
            between = said.get("with", " ")
            if not isinstance(between, str) or len(between) > 20 or not between.isprintable():
                faults.add(f"{at}.with", "it must be a text of at most 20 characters")
            read = tuple(parse_source(part, f"{at}.join.{n}", faults, budget, level=level + 1) for n, part in enumerate(parts))
            return Joined(read, str(between))
        case {"join": _}:
            faults.add(f"{at}.join", f"it must be a list of 1 to {MAX_PARTS} expressions")
        case {"named": parts} if is_key:
            faults.check_names(said, ("named",), at)
            return _named(parts, f"{at}.named", faults, budget, level)
        case {"named": _}:
            faults.add(f"{at}.named", "only a dedup_key is made of named parts")
        case _:
            faults.check_names(said, ("value", "join", "with", *(("named",) if is_key else ())), at)
            if said.keys() == {"with"}:
                faults.add(at, FORMS)
    return NOTHING


def _expression(said: str, at: str, faults: Faults, budget: Budget) -> Source:
    budget.expressions += 1
    try:
        return compile_expression(said)
    except BadExpression as bad:
        faults.add(at, f"character {bad.position}: {bad}")
        return NOTHING


def _constant(value: object, at: str, faults: Faults) -> Source:
    if isinstance(value, bool | int):
        return Constant(str(value).lower())
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_CONSTANT:
        faults.add(f"{at}.value", f"it must be a text of 1 to {MAX_CONSTANT:,} characters")
        return NOTHING
    return Constant(value)


def _named(said: object, at: str, faults: Faults, budget: Budget, level: int) -> Source:
    """Parts in the order in which they stand; of an object, which has none, in that of their names."""
    if isinstance(said, dict):
        said = [{name: source} for name, source in sorted(said.items())]
    if not isinstance(said, list) or not 0 < len(said) <= MAX_PARTS or not all(isinstance(part, dict) and len(part) == 1 for part in said):
        faults.add(at, 'it must be a list such as [{"host": "HOST"}, {"check": "CHECK"}]: each part with its name')
        return NOTHING
    parts = []
    for n, part in enumerate(said):
        ((name, source),) = part.items()
        if not name or len(name) > 50 or not name.replace("_", "").replace("-", "").replace(".", "").isalnum():
            faults.add(f"{at}.{n}.{name}", "a name of a part has letters, digits and _")
        parts.append((name, parse_source(source, f"{at}.{n}.{name}", faults, budget, level=level + 1)))
    return Named(tuple(parts))


NEVER = compile_expression("`false`")


def parse_condition(said: object, at: str, faults: Faults, budget: Budget) -> Expression:
    """An expression of which only matters whether it holds, or that says where a list is."""
    budget.expressions += 1
    if not isinstance(said, str):
        faults.add(at, "it must be an expression, as a text")
        return NEVER
    try:
        return compile_expression(said)
    except BadExpression as bad:
        faults.add(at, f"character {bad.position}: {bad}")
        return NEVER
