"""Which service depends on which, and what the outage of one does to others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import ServiceId, TeamId

MAX_DEPENDENCIES = 100
"""Of one service, directly."""

MAX_IN_ALL = 20_000
"""Of all services together: so many are looked through in a fraction of a second."""

MOST_REACHED, DEEPEST = 500, 25
"""Services that one answer follows dependencies to, nearest first, and how many dependencies away they may be."""


IN_A_SENTENCE = 8
"""Services of a circle that are named in words; all of them are in the answer."""


class DependsInACircle(Conflict):
    """What a service would depend on depends on it already; `cycle` is the circle, service by service, closed."""

    code = "dependency_cycle"
    title = "A circle of dependencies"

    def __init__(self, cycle: Sequence[tuple[ServiceId, str]]) -> None:
        names = [name for _, name in cycle]
        if len(names) > IN_A_SENTENCE:
            names = [*names[: IN_A_SENTENCE - 2], "…", names[-2], names[-1]]
        chain = " depends on ".join(names)
        super().__init__(f"{chain}: services cannot depend on each other in a circle. Take one of these dependencies away first.")
        self.members = {"cycle": [{"id": f"{id}", "name": name} for id, name in cycle]}


class TooManyDependencies(Conflict):
    """More dependencies than are kept."""

    code = "too_many_dependencies"
    title = "Too many dependencies"


class UnknownDependency(Invalid):
    """There is no service that it could depend on with this id."""


class NoSuchDependency(NotFound):
    """The service does not depend on that one directly."""


@dataclass(frozen=True, slots=True)
class Edge:
    """`service` depends on `on`."""

    service: ServiceId
    on: ServiceId


@dataclass(frozen=True, slots=True)
class Reached:
    """A service that a chain of dependencies leads to: `path` is the shortest such chain, from where one began to itself."""

    id: ServiceId
    path: tuple[ServiceId, ...]

    @property
    def depth(self) -> int:
        """How many dependencies it is away."""
        return len(self.path) - 1


@dataclass(frozen=True, slots=True)
class Followed:
    """Where dependencies lead; `truncated`: more lies behind that is not told."""

    reached: tuple[Reached, ...]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """A service as those see it who are concerned by it: who owns it, and how much it matters."""

    id: ServiceId
    name: str
    tier: int | None = None
    team_id: TeamId | None = None
    team: str | None = None
    owner_contact: str = ""
    runbook_url: str | None = None


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What a service depends on directly, by name; `version` is raised by each edit of them."""

    of: ServiceId
    on: tuple[Known, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What depends on a service, and what it depends on, with what is known of each of them and of the service itself."""

    service: Known
    dependents: Followed
    dependencies: Followed
    known: Mapping[ServiceId, Known]
