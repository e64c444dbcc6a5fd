"""REST for the priority matrix."""

from fastapi import APIRouter, Response

from oncall.access.api import Admin, Reader
from oncall.desk.commands import matrix as commands
from oncall.desk.schemas.matrix import MatrixIn, MatrixOut
from oncall.desk.values.matrix import EditedMatrix
from oncall.kit.http import IfMatch, ReadTx, WriteTx, set_etag

router = APIRouter(prefix="/api/v1/priority-matrix", tags=["service desk"])


def _show(matrix: EditedMatrix, response: Response) -> MatrixOut:
    set_etag(response, matrix.version)
    return MatrixOut(cells=commands.written(matrix))


@router.get("")
async def get_matrix(response: Response, _: Reader, tx: ReadTx) -> MatrixOut:
    """Which priority follows from impact and business urgency."""
    return _show(await commands.get_matrix(tx), response)


@router.put("")
async def edit_matrix(body: MatrixIn, response: Response, _: Admin, tx: WriteTx, version: IfMatch) -> MatrixOut:
    """All of it. Incidents that have a priority keep it until they are graded again."""
    return _show(await commands.edit_matrix(tx, body.cells, expected_version=version), response)
