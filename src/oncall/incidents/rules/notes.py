"""What the timeline says of a note. Pure."""

from oncall.incidents.values.notes import Note

SHOWN = 200
"""Characters of a note that the timeline says in one line; all of it is in the entry's detail."""


def words_of(note: Note) -> str:
    line = " ".join(note.text.split())
    return f"{note.author.name} notes: {line if len(line) <= SHOWN else line[: SHOWN - 1].rstrip() + '…'}"
