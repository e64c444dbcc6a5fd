"""The acknowledge link: GET shows, POST acts. The token in the address is the authority; there is no cookie to steal."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import fastapi_offline
from fastapi import APIRouter, Depends, Request
from fastapi.openapi.docs import get_swagger_ui_html
from jinja2 import Environment, FileSystemLoader
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from oncall.access.values import BundleToken, LinkToken, LinkVerb
from oncall.channels.mail_settings import parse_mail_from
from oncall.channels.vcard import card
from oncall.console import commands
from oncall.console.commands.testing import hear_test
from oncall.console.values import FROM_ELSEWHERE, NOT_NOW, UNKNOWN, LinkPage
from oncall.kit.http import AckTx, AgainRoute, now_in
from oncall.kit.log import get_log

log = get_log("console")
HERE = Path(__file__).parent.parent
SWAGGER = Path(fastapi_offline.__file__).parent / "static"
PAGES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True)
DOCUMENT = "/openapi.json"
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


class NotALink(Exception):
    """Somebody opened an address that is none of our links."""


class LinkRoute(AgainRoute):
    """Whatever happens is told as a page: whoever reads it is a person."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        run = super().get_route_handler()

        async def run_and_tell(request: Request) -> Response:
            try:
                return await run(request)
            except NotALink:
                return _html(UNKNOWN)
            except Exception as error:
                log.exception("a link could not be followed", error=type(error).__name__)
                return _html(NOT_NOW)

        return run_and_tell


async def _token(token: str, request: Request) -> LinkToken | BundleToken:
    """Read before anything else: junk takes no connection away from those who acknowledge."""
    read = commands.read_token(token, request.app.state.link_keys)
    if read is None:
        raise NotALink
    return read


Token = Annotated[LinkToken | BundleToken, Depends(_token)]

LONGEST_FORM = 64 * 1024


async def _form(request: Request) -> dict[str, str]:
    """What was written into the page's own form; nothing of what is too long for it, or none. Read before a connection is taken."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            return {}
    try:
        return dict(parse_qsl(body.decode(errors="replace"), max_num_fields=10))
    except ValueError:  # more fields than it has
        return {}


Form = Annotated[dict[str, str], Depends(_form)]
router = APIRouter(tags=["links"], route_class=LinkRoute)


@router.get("/l/{token}", response_class=HTMLResponse)
@router.head("/l/{token}", include_in_schema=False)
async def show_link(token: Token, request: Request, tx: AckTx) -> Response:
    """Shows the incident and a button. Changes nothing, however often and by whomever it is fetched."""
    return _html(await commands.open_link(tx, token, now=await now_in(request, tx)))


@router.post("/l/{token}", response_class=HTMLResponse)
async def press_link(token: Token, form: Form, request: Request, tx: AckTx) -> Response:
    """Does what the link says: acknowledge, resolve or escalate. Pressing it again is no error and changes nothing."""
    # Browsers say where a form was sent from; the page itself sends no referrer, so there is no Origin to go by.
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return _html(FROM_ELSEWHERE)
    if isinstance(token, LinkToken) and token.verb is LinkVerb.HELP:
        said = form.get("say", ""), form.get("text", "").replace("\x00", "")
        return _html(await commands.hear(tx, token, *said, now=await now_in(request, tx)))
    if isinstance(token, LinkToken) and token.verb is LinkVerb.VERIFY:
        said = form.get("say", ""), form.get("text", "").replace("\x00", "")
        return _html(await commands.hear_reporter(tx, token, *said, now=await now_in(request, tx)))
    if isinstance(token, LinkToken) and token.verb is LinkVerb.TEST:
        return _html(await hear_test(tx, token, form.get("say", ""), now=await now_in(request, tx)))
    return _html(await commands.press_link(tx, token, now=await now_in(request, tx)))


@router.get("/", include_in_schema=False)
async def front_door() -> Response:
    """Until there is a console, whoever opens the printed address finds the API reference."""
    return RedirectResponse("/docs")


@router.get(DOCUMENT, include_in_schema=False)
async def document(request: Request) -> Response:
    """What the reference shows. A route of ours, since FastAPI's own is not among those that are looked up; and to make it the first time
    takes seconds, in which events come in.
    """
    return JSONResponse(await asyncio.to_thread(request.app.openapi))


@router.get("/docs", include_in_schema=False)
async def reference() -> Response:
    """The API, to read and to try. Nothing of it is loaded from elsewhere: whoever installs a pager may have no internet there."""
    return get_swagger_ui_html(
        openapi_url=DOCUMENT,
        title="oncall API",
        swagger_js_url="/docs/swagger-ui-bundle.js",
        swagger_css_url="/docs/swagger-ui.css",
        swagger_favicon_url="data:,",
    )


@router.get("/docs/{name}", include_in_schema=False)
async def part_of_reference(name: Literal["swagger-ui-bundle.js", "swagger-ui.css"]) -> Response:
    return FileResponse(SWAGGER / name, headers={"Cache-Control": "public, max-age=3600"})


@router.get("/l/", include_in_schema=False)
async def cut_off_link() -> Response:
    return _html(UNKNOWN)


@router.get("/assets/console.css", include_in_schema=False)
async def style() -> Response:
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"})


@router.get("/oncall.vcf", response_class=Response, responses={200: {"content": {"text/vcard": {}}}})
async def contact(request: Request) -> Response:
    """Our number and address, for a phone's list of those who may ring on silent. Whoever was paged knows them: a plain link will do."""
    twilio, settings = request.app.state.twilio, request.app.state.settings
    said = card(number=twilio.number if twilio else None, mail=parse_mail_from(settings.mail_from).address)
    headers = {"Content-Disposition": 'attachment; filename="oncall.vcf"', "X-Content-Type-Options": "nosniff"}
    return Response(said, media_type="text/vcard; charset=utf-8", headers=headers)


def _html(page: LinkPage) -> Response:
    return HTMLResponse(PAGES.get_template("link.html").render(page=page), page.status, headers=HARDENED)
