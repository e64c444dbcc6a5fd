"""Which addresses outbound calls may reach: nothing private, unless an operator lists it. Judges; connects to nothing."""

import re
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from oncall.kit.settings import SettingsError

Address = IPv4Address | IPv6Address

URL_LIMIT = 2048
PORTS = frozenset({80, 443, 8443})
ALLOW_SETTING = "ONCALL_OUTBOUND_ALLOW"

GLOBAL_UNICAST = ip_network("2000::/3")  # leaves out mapped, compatible, NAT64, unique local, link local, site local, multicast
NOT_FOR_US = tuple(
    ip_network(network)
    for network in (
        "100.64.0.0/10",  # carrier NAT, and one cloud's metadata
        "168.63.129.16/32",  # another cloud's host agent: a public number that is always the machine's own
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",
        "2002::/16",  # 6to4 carries an IPv4 address inside
        "3fff::/20",
    )
)
_NOT_A_URL = f"a URL begins with https:// or http://, names a host and has at most {URL_LIMIT} characters."
_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62})?(\.[a-z0-9_]([a-z0-9_-]{0,62})?)*\.?")  # with _, as inner names have it


class AddressNotAllowed(ValueError):
    """This URL may not be called; the sentence says why, and what an operator can do."""


@dataclass(frozen=True, slots=True)
class OutboundAllow:
    """Hosts and networks that may be called although they are private, on any port."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def lists(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


NOTHING_PRIVATE = OutboundAllow()


def read_outbound_allow(entries: Iterable[str]) -> OutboundAllow:
    """`127.0.0.1`, `10.0.0.0/8`, `hooks.internal`; anything else is a `SettingsError`."""
    hosts, networks = set(), []
    for entry in (entry.strip().lower() for entry in entries):
        try:
            networks.append(ip_network(entry[1:-1] if entry[:1] + entry[-1:] == "[]" else entry))
        except ValueError:
            if not _NAME.fullmatch(entry):
                raise SettingsError(
                    f"{ALLOW_SETTING} cannot be used: {entry!r} is neither a host (hooks.internal) nor an address (127.0.0.1) "
                    "nor a network (10.0.0.0/8, without host bits); leave out scheme and port."
                ) from None
            hosts.add(entry.rstrip("."))
    return OutboundAllow(frozenset(hosts), tuple(networks))


def is_public(address: Address) -> bool:
    """Whether this is an address on the open internet, whatever IPv4 address it may hide inside."""
    if isinstance(address, IPv6Address) and address not in GLOBAL_UNICAST:
        return False
    return address.is_global and not address.is_multicast and not any(address in network for network in NOT_FOR_US)


def is_ours(address: Address) -> bool:
    """Whether this machine itself has this address: the kernel would then talk to it from that same address. Sends nothing."""
    try:
        with socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ip_address(probe.getsockname()[0]) == address
    except OSError:
        return False  # no way there at all


def judge(host: str, port: int, addresses: Iterable[Address], allow: OutboundAllow, *, ours: Callable[[Address], bool] = is_ours) -> None:
    """Every address of the host must be allowed, else `AddressNotAllowed`. A name's addresses are not repeated to whoever asked."""
    if host.lower().rstrip(".") in allow.hosts:
        return
    unlisted = [address for address in addresses if not allow.lists(address)]
    if any(not is_public(address) or ours(address) for address in unlisted):
        raise AddressNotAllowed(f"{host} is not a public address; an operator can allow it with {ALLOW_SETTING}.")
    if unlisted and port not in PORTS:
        raise AddressNotAllowed(_wrong_port(host, port))


def _wrong_port(host: str, port: int) -> str:
    return f"port {port} is not one of 80, 443 and 8443; an operator can allow {host} with {ALLOW_SETTING}."


def check_url(url: str, allow: OutboundAllow) -> httpx.URL:
    """What can be said about a URL without asking a name server; the rest is judged when the connection is made."""
    try:
        parsed = httpx.URL(url if len(url) <= URL_LIMIT else "")
        host, port = parsed.raw_host.decode("ascii"), parsed.port or (443 if parsed.scheme == "https" else 80)
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressNotAllowed(_NOT_A_URL) from error
    numeric = _numeric(host)
    if parsed.scheme not in {"http", "https"} or not (numeric or _NAME.fullmatch(host)):
        raise AddressNotAllowed(_NOT_A_URL)
    if parsed.userinfo:
        raise AddressNotAllowed("a URL must not carry a user name or a password.")
    if numeric:
        judge(host, port, numeric, allow)
    elif port not in PORTS and not allow.networks and host.rstrip(".") not in allow.hosts:
        raise AddressNotAllowed(_wrong_port(host, port))
    return parsed.copy_with(fragment=None)


def _numeric(host: str) -> Sequence[Address]:
    """The addresses of hosts that need no name server, in every spelling the system's resolver knows: 127.1, 0x7f000001, 2130706433."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return [ip_address("127.0.0.1")]
    try:
        return addresses_in(socket.getaddrinfo(name, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except (OSError, ValueError):
        return []


def addresses_in(found: Iterable[tuple[object, object, object, object, tuple[object, ...]]]) -> Sequence[Address]:
    return list(dict.fromkeys(ip_address(str(sockaddr[0])) for *_, sockaddr in found))
