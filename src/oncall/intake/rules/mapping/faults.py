"""What is wrong with a mapping: every fault with its place in the document and what to write instead."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from oncall.kit.errors import Invalid

NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` is the place, as `rules.0.event.severity.table.P1`."""

    at: str
    sentence: str


class BadMapping(Invalid):
    """A mapping that cannot be used; its sentence says what is wrong with it first, `faults` all of it."""

    def __init__(self, faults: Iterable[Fault], *, field: str = "mapping") -> None:
        found = list(faults)
        places = [(f"{field}.{fault.at}" if fault.at else field, fault.sentence) for fault in found]
        first = "; ".join(f"{at}: {sentence}" for at, sentence in places[:3])
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        super().__init__(first + more, field=places[0][0], faults=places)


class Faults(list[Fault]):
    """Those found so far."""

    def add(self, at: str, sentence: str) -> None:
        self.append(Fault(at, sentence))

    def check_names(self, names: Iterable[str], known: Collection[str], at: str, *, meaning: Mapping[str, str] = NO_NAMES) -> None:
        """That nothing is said that is not read: a field that is misspelt, or has others' name (`meaning`), would be missed in silence."""
        for name in names:
            if name not in known:
                plain = name.lower().replace("-", "_")
                near = [meaning[plain]] if plain in meaning else get_close_matches(plain, known, n=1)
                meant = f"perhaps {near[0]} is meant" if near else f"there are {', '.join(sorted(known))}"
                self.add(f"{at}.{name}" if at else name, f"there is no such field; {meant}")

    def list_of(self, said: object, at: str, limit: int) -> list[object]:
        """A list as it is, and none where nothing is said; anything else is a fault."""
        if said is None:
            return []
        if not isinstance(said, list):
            self.add(at, "it must be a list")
            return []
        if len(said) > limit:
            self.add(at, f"there are more than {limit}")
            return []
        return said

    def line_of(self, said: object, at: str, limit: int) -> str:
        """One line, empty where nothing is said; anything else is a fault."""
        if said is None:
            return ""
        if not isinstance(said, str) or not said.isprintable() or len(said) > limit:
            self.add(at, f"it must be one line of at most {limit} characters")
            return ""
        return said.strip()
