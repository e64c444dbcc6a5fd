"""What is handed on with an incident, in one line for a page or the timeline. Pure."""

from oncall.incidents.values import Incident
from oncall.incidents.values.so_far import SoFar

NOTE_SHOWN = 160


def words_of(incident: Incident, so_far: SoFar) -> str:
    """Empty, if nobody has done or said anything."""
    said = [incident.priority.value] if incident.priority else []
    said += ["a major incident"] if incident.is_major else []
    said += [f"{name} is {role.value}" for role, name in so_far.holders]
    if so_far.tasks:
        said.append(f"{so_far.open_tasks} of {_many(so_far.tasks, 'task')} open")
    if so_far.last_note is not None:
        author, text = so_far.last_note
        line = " ".join(text.split())
        shown = line if len(line) <= NOTE_SHOWN else line[: NOTE_SHOWN - 1].rstrip() + "…"
        said.append(f"{_many(so_far.notes, 'note')}, the last by {author}: {shown}")
    return "; ".join(said)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"
