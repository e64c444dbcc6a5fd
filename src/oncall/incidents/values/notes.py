"""What people write down while they work on an incident."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId

NoteId = NewType("NoteId", UUID)


@dataclass(frozen=True, slots=True)
class Note:
    """A note in Markdown; it is never edited, and stays with its incident."""

    id: NoteId
    incident_id: IncidentId
    author: Actor
    written_at: datetime
    text: str
