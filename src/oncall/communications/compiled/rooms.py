"""What listeners of rooms hear: everything that is done in a room, in order."""

from collections.abc import Mapping, Sequence

import msgspec

from oncall.communications.commands import rooms
from oncall.communications.values.rooms import RoomEntry
from oncall.kit.db import Database, Pool
from oncall.kit.ids import IncidentId
from oncall.kit.streams import News, frame


class RoomEntries:
    """The rooms that this node's listeners are in; the place in one is the number of what was done last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def admit(self, key: IncidentId, at: int | None) -> tuple[int, bytes]:
        """A number that this room has not come to yet is another room's, or of a restored copy: then what there is must be read."""
        async with self._database.transaction(Pool.API, read_only=True) as tx:
            last = await rooms.last_seq(tx, key)
        if at is None:
            return last, b""
        return (at, b"") if at <= last else (last, frame(self.id_of(last), "reload", b"{}"))

    async def read(self, after: Mapping[IncidentId, int], *, limit: int) -> Mapping[IncidentId, Sequence[News[int]]]:
        async with self._database.transaction(Pool.API, read_only=True) as tx:
            found = await rooms.entries_after(tx, after, limit=limit)
        return {id: [News(entry.seq, _frame(entry)) for entry in entries] for id, entries in found.items()}

    def id_of(self, at: int) -> str:
        return str(at)


def _frame(entry: RoomEntry) -> bytes:
    said = {
        "message_id": entry.message_id,
        "seq": entry.message_seq,
        "text": None if entry.is_deleted else entry.text,
        "by": {"id": entry.by.id, "name": entry.by.name, "type": entry.by.kind.value},
        "at": entry.at,
    }
    return frame(str(entry.seq), entry.kind.value, msgspec.json.encode(said))
