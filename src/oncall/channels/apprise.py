"""Everything else, through the library Apprise (https://appriseit.com/services/): chats and push services over HTTP."""

import asyncio
import logging
import re
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from oncall.channels.brief import Brief, brief, fitted, rings
from oncall.channels.calling import Calls, bad_address
from oncall.channels.guarded import Calling, Exchange, TooLate, run_guarded
from oncall.channels.values import BadAddress, FailedPermanently, FailedTemporarily, Message, Outcome, Sent, Unknown
from oncall.channels.webhook import outcome_of
from oncall.kit.http_client import HttpReply, NoAnswer, NotSent
from oncall.kit.outbound import AddressNotAllowed

if TYPE_CHECKING:
    from apprise import NotifyBase

THREADS = 32
"""As many as there are messages of one channel on the wire."""

BODY_LIMIT = 3_500
OF_A_TEXT_MESSAGE = 160
"""Services that take no more than this send text messages: what is too long would lose its link."""
SHORTEST = 20
"""What is said at least beside a link."""
_LOADING = threading.Lock()
URL = re.compile(r"(?P<schema>[a-z0-9]{2,20})://[\x21-\x7e]{3,2000}")

SCHEMAS = frozenset(
    re.findall(
        r"\S+",
        """
        bark barks bulksms chanify clicksend cliq d7sms dingtalk discord feishu flock gchat gotify gotifys guilded hassio hassios
        httpsms ifttt join kook lark line matrix matrixs misskey misskeys mmost mmosts msgbird nctalk nctalks notica notifiarr pbul
        plivo prowl psafer pushdeer pushdeers pushplus pushy revolt ringc rocket rockets ryver schan seven signal signals signl4
        simplepush sinch spugpush stackfield synology synologys threema twist viber vonage webex wecombot workflow workflows wxpusher
        wxteams zulip
        """,
    )
)
"""Those that reach a person and speak HTTP by `requests` alone (a test reads them). What has a channel of its own is not among them."""

OPTIONS = frozenset(
    re.findall(
        r"\S+",
        """
        api-version avatar botname channel channels e2ee footer id image key mode pa powerautomate priority route routeid sig sound
        team thread to token ver webhook workspace
        """,
    )
)
"""What may stand behind the question mark. Others read files (`template`), mention people (`ping`), or change what we rely on."""


class AppriseChannel:
    """The address is an Apprise URL. It holds secrets, so only its beginning is ever shown."""

    name = "apprise"
    takes_updates = True
    rings = False
    lacks: str | None = None

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="apprise")

    def check_address(self, address: str) -> str:
        """The URL, if Apprise reads it. The sentence repeats nothing of it but its beginning."""
        url = address.strip()
        _checked(url)
        if _plugin(url) is None:
            schema = url.partition("://")[0]
            raise BadAddress(f"This is not a whole {schema}:// URL: https://appriseit.com/services/ says what belongs into it.")
        return url

    def signing_secret(self, address: str) -> None:
        """What signs is in the address already, if anything does."""

    async def send(self, message: Message) -> Outcome:
        try:
            _checked(message.address)
        except BadAddress as error:
            return bad_address(str(error))
        loop = asyncio.get_running_loop()
        key = {"Idempotency-Key": str(message.notification_id)}
        calling = Calling(self._calls.client, loop, time.monotonic() + self._calls.deadline, key)
        try:
            accepted = await run_guarded(lambda: _notify(message), calling, self._threads)
        except TooLate:
            late = f"no end within {self._calls.deadline:g} s"
            return Unknown(f"sent, but {late}") if calling.begun else FailedTemporarily(f"not sent: {late}")
        except BadAddress as error:
            return bad_address(str(error))
        except Exception as error:  # noqa: BLE001 — whatever a plugin stumbles over is about this message
            return self._meaning(accepted=False, exchange=_last(calling), stumbled=type(error).__name__)
        return self._meaning(accepted=accepted, exchange=_last(calling))

    async def close(self) -> None:
        """Threads end by themselves: nothing they want to send any more is sent."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _meaning(self, *, accepted: bool, exchange: Exchange | None, stumbled: str = "") -> Outcome:
        """By the last answer: Apprise itself says only whether it was content."""
        match exchange:
            case None:
                return FailedPermanently(f"Apprise sent nothing{stumbled and ': '}{stumbled}", code="refused")
            case AddressNotAllowed():
                return FailedPermanently(str(exchange), code="ssrf_blocked")
            case NotSent():
                return FailedTemporarily(f"not sent: {exchange}")
            case NoAnswer():
                return Unknown(f"sent, but {exchange}")
            case HttpReply() if accepted:
                return Sent(None, f"answered {exchange.status}")
            case HttpReply(status=status) if 200 <= status < 300:
                return Unknown(f"answered {status} with something else than it should")
            case HttpReply():
                outcome = outcome_of(exchange, now=self._calls.now())
                # The credentials are in the address: that they are refused is for its owner to know.
                return replace(outcome, credential=False) if isinstance(outcome, FailedPermanently) else outcome


def _last(calling: Calling) -> Exchange | None:
    return calling.exchanges[-1] if calling.exchanges else None


def _checked(url: str) -> None:
    """What can be said without the library, which is slow to load."""
    found = URL.fullmatch(url)
    if found is None:
        raise BadAddress("This is not an Apprise URL: it is like discord://ID/TOKEN (https://appriseit.com/services/).")
    if found["schema"] not in SCHEMAS:
        raise BadAddress(f"This cannot be used: of Apprise's services these are: {', '.join(sorted(SCHEMAS))}.")
    options = {name.lower() for name, _ in parse_qsl(url.partition("?")[2].partition("#")[0], keep_blank_values=True)}
    if refused := sorted(options - OPTIONS):
        name = refused[0] if re.fullmatch(r"[a-z_-]{1,30}", refused[0]) else "of that kind"
        raise BadAddress(f"This URL has an option {name}, which cannot be used here; leave it out.")


@cache
def _loaded() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what its hundred plugins import is not our concern
        import apprise  # noqa: PLC0415 — a second and many megabytes that only its users should pay for
        from apprise.manager_plugins import NotificationManager  # noqa: PLC0415

        from oncall.channels.guarded_requests import guard  # noqa: PLC0415

        NotificationManager().load_modules()  # type: ignore[no-untyped-call]
    guard()
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)  # what it logs may hold addresses
    return apprise


def _library() -> Any:
    """Apprise, loaded once, by whichever thread needs it first."""
    with _LOADING:
        return _loaded()


def _plugin(url: str) -> "NotifyBase | None":
    """What sends to this URL: it keeps nothing on disk, tries once, follows no redirect; None if the URL is not whole."""
    library = _library()
    asset = library.AppriseAsset(
        app_id="oncall",
        app_desc="oncall",
        async_mode=False,
        allow_templates=False,
        http_redirects=False,
        image_url_logo="",  # nobody's phone asks a third party for a picture
        image_url_mask="",
        interpret_emojis=False,
        interpret_escapes=False,
        plugin_paths=[],
        secure_logging=True,
        service_timeout=0,
        storage_mode=library.PersistentStoreMode.MEMORY,
    )
    made: NotifyBase | None = library.Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if made is not None:
        made.overflow_mode = library.OverflowMode.TRUNCATE  # what is too long is cut rather than refused
    return made


def _notify(message: Message) -> bool:
    """Blocking, in a guarded thread. `True` once Apprise is content with every answer."""
    plugin = _plugin(message.address)
    if plugin is None:
        raise BadAddress("This is not a whole Apprise URL: https://appriseit.com/services/ says what belongs into it.")
    library = _library()
    notifier = library.Apprise(asset=plugin.asset)
    notifier.add(plugin)
    title, body = words(message)
    if plugin.body_maxlen <= OF_A_TEXT_MESSAGE:
        title, body = "", shortened(message, plugin.body_maxlen)
    kind = library.NotifyType.FAILURE if rings(message) else library.NotifyType.INFO
    form = library.NotifyFormat.TEXT
    if plugin.notify_format == library.NotifyFormat.MARKDOWN:
        # Made from text it would escape our links, which nobody could follow then.
        form, body = library.NotifyFormat.MARKDOWN, body.replace("\n", "  \n")
    return bool(notifier.notify(body=body, title=title, notify_type=kind, body_format=form))


def shortened(message: Message, limit: int) -> str:
    """A text message: what it is about, as much as fits, and the whole of the link by which it is answered."""
    said = brief(message)
    link = said.acknowledge_url or next((href for href, _ in said.links), None)
    room = limit - len(link) - 1 if link else limit
    if link is None or room < SHORTEST:
        return said.line[:limit]
    return f"{said.line if len(said.line) <= room else f'{said.line[: room - 2].rstrip()}..'}\n{link}"


def words(message: Message) -> tuple[str, str]:
    """Title and body, as text that no chat takes for a mention or a link in disguise."""
    said = brief(message)
    title = _harmless(said.line)
    return title, fitted(_lines(said), BODY_LIMIT) or title


def _lines(said: Brief) -> list[str]:
    """Our own links come early: services cut what is too long for them."""
    buttons = [f"{label}: {url}" for _, label, url in said.buttons]
    links = [f"{_harmless(words)}: {href.replace('@', '%40')}" for href, words in said.links]
    return [*map(_harmless, said.marks), *buttons, *map(_harmless, (*said.paragraphs, *(f"{n}: {v}" for n, v in said.facts))), *links]


def _harmless(text: str) -> str:
    """A word joiner, which nobody sees, takes apart what chats make something of: @everyone, <!channel>, <users/all>, [words](link)."""
    return re.sub(r"(@)(?=\w)|(<)(?=\S)|(\])(?=\()", lambda found: f"{found[0]}\u2060", text)
