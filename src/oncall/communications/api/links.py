"""What a link in a message to a subscriber opens: GET shows, POST acts. The token in the address is the authority."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, Response

from oncall.communications.commands import subscribing as commands
from oncall.communications.templates.pages import STYLE_HASH, link_page
from oncall.communications.values.subscribers import SubscriberToken, Verb
from oncall.kit.http import AckTx, AgainRoute, ReadTx, now_in

router = APIRouter(prefix="/subscriptions", tags=["links"], route_class=AgainRoute)

# A page whose address is a secret: not kept, not passed on, not indexed, not framed, nothing from elsewhere.
HARDENED = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}


async def _token(token: str, request: Request) -> SubscriberToken | None:
    """Read before anything else: junk takes no connection."""
    return commands.read_token(token, request.app.state.link_keys)


Token = Annotated[SubscriberToken | None, Depends(_token)]


@router.get("/{token}", response_class=HTMLResponse)
async def show_subscription(token: Token, tx: ReadTx) -> Response:
    """Shows a button. Changes nothing, however often and by whomever it is fetched: mail filters open every link."""
    if token is None:
        return _unknown()
    found = await commands.find(tx, token.subscriber_id)
    if found is None:
        return _page("Nothing to do", "This address is told of no status updates by us. There is nothing to unsubscribe from.", None)
    one, about = found
    if token.verb is Verb.UNSUBSCRIBE:
        return _page("Unsubscribe", f"{one.address} is told of status updates about {about}.", "Unsubscribe")
    return _page("Confirm", f"Send status updates about {about} to {one.address}?", "Confirm")


@router.post("/{token}", response_class=HTMLResponse)
async def press_subscription(token: Token, request: Request, tx: AckTx) -> Response:
    """Does what the link says: confirm or unsubscribe. Mail programs post here by themselves when somebody presses their own
    unsubscribe button (RFC 8058); again is no error.
    """
    if token is None:
        return _unknown()
    # Browsers say where a form was sent from; mail services say nothing.
    if request.headers.get("sec-fetch-site", "none") not in {"same-origin", "none"}:
        return _page("Not done", "This was sent from another site. Open the link from the message, and press the button there.", None, 403)
    if token.verb is Verb.UNSUBSCRIBE:
        await commands.unsubscribe(tx, token.subscriber_id)
        return _page("Unsubscribed", "You hear nothing more of this from us.", None)
    if await commands.confirm(tx, token.subscriber_id, now=await now_in(request, tx)):
        return _page("Confirmed", "Status updates come to you from now on. Each has a link to unsubscribe.", None)
    return _page("Too late", "This invitation has ended or was withdrawn. Ask whoever sent it for another one.", None, 410)


def _unknown() -> Response:
    return _page("Unknown link", "This is none of our links. Was it cut off? Open it from the message.", None, 404)


def _page(title: str, said: str, button: str | None, status: int = 200) -> Response:
    return HTMLResponse(link_page(title=title, said=said, button=button), status, headers=HARDENED)
