"""Which links are bridges, and when one opens and closes by itself. Pure: what is random comes in."""

import re
from urllib.parse import urlsplit

from oncall.communications.values.bridges import (
    BRIDGE_FROM,
    URL_LIMIT,
    BadBridge,
    Bridge,
    BridgeDecision,
    BridgeFrom,
    CloseBridge,
    LeaveBridge,
    OpenBridge,
    RoomSettings,
)
from oncall.kit.actors import ActorKind

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
KNOWN = {"number", "random"}
ORDER = [one.value for one in BridgeFrom if one is not BridgeFrom.NEVER]


def checked_link(url: str, *, field: str = "url") -> str:
    """A link that people can join by: https, a host, no credentials, nothing left to fill in; else a refusal that names the field."""
    if len(url) > URL_LIMIT:
        raise BadBridge(f"A link may have {URL_LIMIT} characters at most.", field=field)
    if not url.isascii() or not url.isprintable() or any(sign in url for sign in ' "<>\\^`{}|'):
        raise BadBridge("This is no link: it holds a space, a bracket, or another sign that links do not.", field=field)
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme == "https" and bool(parts.hostname) and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        is_fine = False
    if not is_fine:
        raise BadBridge("A bridge is an https link such as https://meet.example.com/room, without a user name.", field=field)
    return url


def checked_template(template: str, *, field: str = "bridge") -> str:
    """A link, or a template of one: {number} and {random} are filled in, anything else in braces is refused."""
    names = [found[1] for found in PLACEHOLDER.finditer(template)]
    if strange := [name for name in names if name not in KNOWN]:
        raise BadBridge(f"A link is made from {{number}} and {{random}}; there is no {{{strange[0]}}}.", field=field)
    checked_link(filled(template, number=1, random="0"), field=field)
    if urlsplit(template).netloc != urlsplit(filled(template, number=1, random="0")).netloc:
        raise BadBridge("The host of a link is always the same: put {number} and {random} into its path.", field=field)
    return template


def filled(template: str, *, number: int, random: str) -> str:
    return template.replace("{number}", str(number)).replace("{random}", random)


def settled(service: RoomSettings, team: RoomSettings) -> RoomSettings:
    """What holds for a service: its own word, else its team's, else the default."""
    return RoomSettings(
        bridge=service.bridge if service.bridge is not None else team.bridge,
        bridge_from=service.bridge_from or team.bridge_from or BRIDGE_FROM,
        slack_channel=service.slack_channel if service.slack_channel is not None else team.slack_channel,
    )


def is_grave(priority: str | None, bridge_from: BridgeFrom) -> bool:
    """Whether a bridge opens for this priority; one without a priority has none."""
    if priority is None or bridge_from is BridgeFrom.NEVER:
        return False
    return ORDER.index(priority) <= ORDER.index(bridge_from.value)


def decide_bridge(
    bridge: Bridge | None, settings: RoomSettings, *, priority: str | None, is_major: bool, is_over: bool, number: int, random: str
) -> BridgeDecision:
    """What time and priority make of a bridge. What people closed stays closed, what they opened stays open until the incident is over."""
    if is_over:
        return CloseBridge("the incident is over") if bridge is not None and bridge.is_open else LeaveBridge("the incident is over")
    if bridge is not None and bridge.is_open:
        return LeaveBridge("it is open")
    if bridge is not None and bridge.closed_by is not None and bridge.closed_by.kind is not ActorKind.ENGINE:
        return LeaveBridge(f"{bridge.closed_by.name} closed it")
    if settings.bridge is None:
        return LeaveBridge("neither its service nor its team has a bridge")
    bridge_from = settings.bridge_from or BRIDGE_FROM
    if not is_major and not is_grave(priority, bridge_from):
        return LeaveBridge(_not_grave(priority, bridge_from))
    why = f"it is {priority}" if is_grave(priority, bridge_from) else "it is a major incident"
    url = bridge.url if bridge is not None else filled(settings.bridge, number=number, random=random)
    return OpenBridge(url, why)


def _not_grave(priority: str | None, bridge_from: BridgeFrom) -> str:
    when = "bridges never open by themselves" if bridge_from is BridgeFrom.NEVER else f"bridges open from {bridge_from.value} on"
    return f"{when}, and this is {priority}" if priority else f"{when}, and this has no priority"
