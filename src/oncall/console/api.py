"""The acknowledge link: GET shows, POST acts. The token in the address is the authority; there is no cookie to steal."""

from pathlib import Path

from fastapi import APIRouter, Request
from jinja2 import Environment, FileSystemLoader
from starlette.responses import HTMLResponse, Response

from oncall.console import commands
from oncall.console.values import FROM_ELSEWHERE, LinkPage
from oncall.kit.http import AckTx, now_in

HERE = Path(__file__).parent
PAGES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)
STYLE = (HERE / "assets" / "console.css").read_bytes()

# A page whose address is a secret: not kept, not passed on, not indexed, not framed, nothing from elsewhere.
HARDENED = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
}

router = APIRouter(tags=["links"])


@router.get("/l/{token}", response_class=HTMLResponse)
@router.head("/l/{token}", include_in_schema=False)
async def show_link(token: str, request: Request, tx: AckTx) -> Response:
    """Shows the incident and a button. Changes nothing, however often and by whomever it is fetched."""
    return _html(await commands.open_link(tx, token, request.app.state.link_keys, now=await now_in(request, tx)))


@router.post("/l/{token}", response_class=HTMLResponse)
async def press_link(token: str, request: Request, tx: AckTx) -> Response:
    """Does what the link says: acknowledge or resolve. Pressing it again is no error and changes nothing."""
    # Browsers say where a form was sent from; the page itself sends no referrer, so there is no Origin to go by.
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return _html(FROM_ELSEWHERE)
    return _html(await commands.press_link(tx, token, request.app.state.link_keys, now=await now_in(request, tx)))


@router.get("/assets/console.css", include_in_schema=False)
async def style() -> Response:
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"})


def _html(page: LinkPage) -> Response:
    return HTMLResponse(PAGES.get_template("link.html").render(page=page), page.status, headers=HARDENED)
