"""When a problem may be called what, and which ones are similar. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from oncall.incidents.values.similar import Known
from oncall.problems.values import Found, InvalidProblem, Problem, ProblemStatus, Said, Similar

OF_WORDS, OF_SERVICE, OF_WORKAROUND = 0.65, 0.25, 0.1
"""What a score is made of: mostly words, then the service, then that it says what to do."""


def check(said: Said) -> None:
    """A known error says its cause and what helps; a resolved one its cause and what was done. All that is missing is named at once."""
    needed: dict[str, str] = {}
    if said.status is ProblemStatus.KNOWN_ERROR:
        needed = {"root_cause": said.root_cause, "workaround": said.workaround}
    elif said.status is ProblemStatus.RESOLVED:
        needed = {"root_cause": said.root_cause, "resolution": said.resolution}
    if missing := [name for name, words in needed.items() if not words.strip()]:
        raise InvalidProblem(
            f"A problem that is {said.status.value} says its {' and its '.join(missing)}.".replace("_", " "),
            faults=[(name, f"Needed for status {said.status.value}.") for name in missing],
        )


def edited(problem: Problem, said: Said, *, by: str, now: datetime) -> Problem:
    """What it says from now on; when it was resolved is when it first was since it was last open."""
    check(said)
    is_resolved = said.status is ProblemStatus.RESOLVED
    resolved_at = (problem.resolved_at or now) if is_resolved else None
    return replace(problem, said=said, updated_by=by, updated_at=now, resolved_at=resolved_at, version=problem.version + 1)


def rank(found: Iterable[Found], *, limit: int) -> list[Similar]:
    """The best first; of equal ones the one that was changed last. Words that are not there at all are never similar."""
    scored = [_scored(one) for one in found if one.rank > 0]
    return sorted(scored, key=lambda one: (one.score, one.problem.updated_at, one.problem.id), reverse=True)[:limit]


def _scored(found: Found) -> Similar:
    said = found.problem.said
    score = OF_WORDS * min(1.0, found.rank) + OF_SERVICE * found.same_service + OF_WORKAROUND * bool(said.workaround)
    why = f"{found.rank:.0%} of the words{', same service' if found.same_service else ''}{', has a workaround' if said.workaround else ''}"
    return Similar(found.problem, round(score, 4), why, found.same_service)


def known(one: Similar) -> Known:
    """A problem in the words in which it stands beside an incident."""
    said = one.problem.said
    words = said.title, said.status.value, said.root_cause, said.workaround, said.resolution
    return Known(one.problem.id, *words, one.score, one.why, one.same_service)
