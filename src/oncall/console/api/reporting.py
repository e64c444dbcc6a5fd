"""The form of a service by which anybody reports that it is broken, without an account. GET shows it, POST logs an incident."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import HTMLResponse, Response

from oncall.console.api.links import HARDENED, PAGES, Form
from oncall.console.commands import reporting
from oncall.console.values.reporting import ReportPage
from oncall.kit.errors import Invalid
from oncall.kit.http import AgainRoute, PublicTx, ReadTx, now_in
from oncall.kit.limits import FailureLimiter, network_of

router = APIRouter(tags=["links"], route_class=AgainRoute)

Key = Annotated[str, Path(max_length=64)]
PER = timedelta(minutes=10)
EACH, OF_A_SERVICE = 5, 30
"""Reports in ten minutes from one network, and of one service: each pages somebody."""


class Porter:
    """What this process remembers of who reported lately."""

    def __init__(self) -> None:
        self.networks = FailureLimiter(limit=EACH, per=PER)
        self.services = FailureLimiter(limit=OF_A_SERVICE, per=PER)


async def _said(form: Form) -> dict[str, str]:
    """What was filled in, all of it read before a connection is taken: whoever sends slowly keeps nobody waiting."""
    return {name: value.replace("\x00", "").strip() for name, value in form.items()}


Said = Annotated[dict[str, str], Depends(_said)]


@router.get("/report/{key}", response_class=HTMLResponse)
@router.head("/report/{key}", include_in_schema=False)
async def show_form(key: Key, tx: ReadTx) -> Response:
    """The form. Changes nothing."""
    return _html(await reporting.show(tx, key))


@router.post("/report/{key}", response_class=HTMLResponse)
async def send_report(key: Key, said: Said, request: Request, tx: PublicTx) -> Response:
    """Log an incident on the form's service, reported by whoever filled it in; it pages by the service's policy."""
    if not hasattr(request.app.state, "porter"):
        request.app.state.porter = Porter()
    porter: Porter = request.app.state.porter
    source = network_of(request.client.host if request.client else None)
    page = await reporting.show(tx, key)
    if page.service is None:
        return _html(page)
    if wait := max(porter.networks.wait(source), porter.services.wait(key)):
        return _html(page.busy(wait))
    try:
        done = await reporting.report(tx, key, said, now=await now_in(request, tx))
    except Invalid as refused:
        return _html(page.again(said, [sentence for _, sentence in refused.faults] or [f"{refused}"]))
    porter.networks.failed(source)
    porter.services.failed(key)
    return _html(done)


def _html(page: ReportPage) -> Response:
    headers = HARDENED | ({"Retry-After": f"{page.wait}"} if page.wait else {})
    return HTMLResponse(PAGES.get_template("report.html").render(page=page), page.status, headers=headers)
