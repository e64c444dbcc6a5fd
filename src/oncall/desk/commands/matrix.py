"""The priority matrix: see it, and edit it as a whole."""

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.rules.grading import USUAL
from oncall.desk.rules.matrix import Written, read_matrix, write_matrix
from oncall.desk.store import matrices as store
from oncall.desk.values.matrix import EditedMatrix
from oncall.kit.errors import Stale
from oncall.teams.rules import check_version


async def get_matrix(tx: AsyncConnection) -> EditedMatrix:
    found = await store.find_matrix(tx)
    return EditedMatrix(read_matrix(found[0]), found[1]) if found else EditedMatrix(USUAL)


async def edit_matrix(tx: AsyncConnection, written: Written, *, expected_version: int | None) -> EditedMatrix:
    """All of it. Incidents that have a priority keep it until they are graded again."""
    cells = read_matrix(written)
    check_version((await get_matrix(tx)).version, expected_version)
    version = await store.save_matrix(tx, write_matrix(cells), expected=expected_version)
    if version is None:
        raise Stale("Somebody else edited it at this very moment: read it again and repeat your edit.")
    return EditedMatrix(cells, version)


def written(matrix: EditedMatrix) -> dict[str, dict[str, str]]:
    """As people write it."""
    return write_matrix(matrix.cells)
