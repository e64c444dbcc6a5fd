"""Every channel on which people answer, with the whole system behind it: how they answer there, and what somebody else would forge."""

import json
import re
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import SecretStr
from tests.providers.ntfy import NtfySink
from tests.providers.pushover import TOKEN as PUSHOVER_TOKEN
from tests.providers.pushover import PushoverSink
from tests.providers.slack import SECRET as SLACK_SECRET
from tests.providers.slack import TOKEN as SLACK_TOKEN
from tests.providers.slack import SlackSink, buttons
from tests.providers.telegram import TOKEN as TELEGRAM_TOKEN
from tests.providers.telegram import TelegramSink
from tests.providers.telegram import buttons as telegram_buttons
from tests.providers.twilio import ACCOUNT, NUMBER, Twilio
from tests.providers.twilio import TOKEN as TWILIO_TOKEN
from tests.system import System, to

from oncall.channels.calling import Calls
from oncall.channels.ntfy import NtfyChannel
from oncall.channels.ports import Channel
from oncall.channels.pushover import PushoverChannel
from oncall.channels.slack import SlackChannel
from oncall.channels.slack_presses import SlackApp
from oncall.channels.telegram import TelegramChannel
from oncall.channels.telegram_presses import read_telegram_bot
from oncall.channels.twilio import SmsChannel, TwilioApi, VoiceChannel
from oncall.channels.twilio_settings import Callbacks, TwilioAccount
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import Settings
from oncall.replies.due import TelegramHook

KEYS = ("a-new-key-of-the-tests-0123456789abcdef", "secret-key-of-the-tests-0123456789abcdef")
WRONG = "another-secret-of-nobody-0123456789abcdef"


class AnswerRig:
    """Ana is paged, and after five minutes Ben. `answer` is what Ana does, and returns what she is told; `forge` is what a stranger posts,
    who knows everything but the secret, and returns the statuses they get.
    """

    name: str
    ana: str
    ben: str
    fake: type[Any]
    can: ClassVar[frozenset[str]] = frozenset()
    """What else this provider does: `receipts` tells of a message, `forges` posts to us at all."""

    def __init__(self, database: Database, clock: ManualClock, folder: Path) -> None:
        self._database, self.clock, self._folder = database, clock, folder

    async def __aenter__(self) -> Self:
        self.sink: Any = await self.fake().__aenter__()
        self.client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
        self.base = f"http://127.0.0.1:{self.sink.port}"
        self.calls = Calls(self.client, lambda: self.clock.at)
        self.system = System(self._database, self.clock, self._folder, self.channels)
        self.browser = self.system.client()
        self.sink.answer_to = self.browser
        self.system.node.app.state.client = self.client
        await self.listen()
        await self.system.start()
        people = []
        for name, address in (("Ana", self.ana), ("Ben", self.ben)):
            people.append(await self.system.user(name, channel=None))
            path = f"users/{people[-1]['id']}/contact-methods"
            await self.system.make(path, channel=self.name, address=address, verified=True)
        service = await self.system.service(*[[to(person)] for person in people])
        self.incident = (await self.system.event(service["key"]))["incident_id"]
        self.remember()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.browser.aclose()
        await self.system.stop()
        await self.client.close()
        await self.sink.__aexit__()

    def channels(self, settings: Settings) -> Iterable[Channel]:
        raise NotImplementedError

    async def listen(self) -> None:
        """Where the provider must be told first where to post."""

    def remember(self) -> None:
        """The message as it was sent: people look at old ones, whatever it says now."""

    async def answer(self, verb: str) -> str:
        raise NotImplementedError

    async def forge(self) -> list[int]:
        raise NotImplementedError

    async def tell(self, word: str) -> None:
        """What became of the message, by its provider."""
        raise NotImplementedError


class TwilioRig(AnswerRig):
    ana, ben = "+351912345678", "+351912345679"
    fake = Twilio
    can = frozenset({"receipts", "forges"})
    channel: type[SmsChannel | VoiceChannel]

    def channels(self, settings: Settings) -> Iterable[Channel]:
        self.account = TwilioAccount(ACCOUNT, (TWILIO_TOKEN,), NUMBER, self.sink.api_url)
        api = TwilioApi(self.account, self.client, callbacks=Callbacks(settings.base_url), now=lambda: self.clock.at)
        return [self.channel(api)]

    async def listen(self) -> None:
        self.system.node.app.state.twilio = self.account

    async def answer(self, verb: str) -> str:
        url, form = self.said(verb)
        answer = await self.sink.post(url, form)
        assert answer.status_code == 200, answer.text
        return str(answer.text)

    async def forge(self) -> list[int]:
        url, form = self.said("acknowledge")
        return [
            (await self.sink.post(url, form, token=WRONG)).status_code,
            (await self.sink.post(url, form, signature="")).status_code,
            (await self.sink.post(url, form | {"AccountSid": "AC" + "f" * 32})).status_code,
        ]

    def said(self, verb: str) -> tuple[str, dict[str, str]]:
        raise NotImplementedError

    async def tell(self, word: str) -> None:
        made = (self.sink.messages + self.sink.calls)[0]
        assert (await self.sink.status(made, word)).status_code == 204


class SmsRig(TwilioRig):
    name = "sms"
    channel = SmsChannel

    def said(self, verb: str) -> tuple[str, dict[str, str]]:
        found = re.search(r"Reply (\d{4}) to acknowledge\.", self.sink.messages[0]["Body"])
        assert found is not None
        body = found[1] if verb == "acknowledge" else f"{found[1]} R"
        return "http://oncall.test/replies/twilio/sms", {"From": self.ana, "To": NUMBER, "Body": body}


class VoiceRig(TwilioRig):
    name = "voice"
    channel = VoiceChannel

    def remember(self) -> None:
        self.keys_url = self.sink.calls[0].gather

    def said(self, verb: str) -> tuple[str, dict[str, str]]:
        key = "4" if verb == "acknowledge" else "6"
        return self.keys_url, {"CallSid": self.sink.calls[0].sid, "From": NUMBER, "To": self.ana, "Digits": key}


class SlackRig(AnswerRig):
    name, ana, ben = "slack", "U0000000ANA", "U0000000BEN"
    fake = SlackSink
    can = frozenset({"forges"})

    def channels(self, settings: Settings) -> Iterable[Channel]:
        return [SlackChannel(SLACK_TOKEN, f"{self.base}/api", self.calls, presses=True)]

    async def listen(self) -> None:
        self.system.node.app.state.slack = SlackApp((SLACK_SECRET,), f"{self.base}/api")

    def remember(self) -> None:
        self.message = deepcopy(self.sink.posted[0])

    async def answer(self, verb: str) -> str:
        told = await self.sink.press(verb, self.ana, at=self.clock.at.timestamp(), message=self.message)
        return str(told["text"]) if told else ""

    async def forge(self) -> list[int]:
        form, at = {"payload": json.dumps(self.sink.payload(buttons(self.message)[0], self.message, self.ana))}, self.clock.at.timestamp()
        return [
            (await self.sink.post(form, at=at, secret=WRONG)).status_code,
            (await self.sink.post(form, at=at, signature="")).status_code,
            (await self.sink.post(form, at=at - 301)).status_code,
        ]


class TelegramRig(AnswerRig):
    name, ana, ben = "telegram", "123456789", "987654321"
    fake = TelegramSink
    can = frozenset({"forges"})

    def channels(self, settings: Settings) -> Iterable[Channel]:
        return [TelegramChannel(TELEGRAM_TOKEN, self.base, self.calls)]

    async def listen(self) -> None:
        given: dict[str, Any] = {
            "telegram_bot_token": SecretStr(TELEGRAM_TOKEN),
            "telegram_api_url": self.base,
            "public_url": "https://oncall.test",
        }
        bot, channel = read_telegram_bot(Settings(data_dir=self._folder, **given), KEYS), self.system.node.channels["telegram"]
        assert bot is not None
        assert isinstance(channel, TelegramChannel)
        self.system.node.app.state.telegram = bot
        await TelegramHook(channel, bot, self.client, database=self.system.node.database, clock=self.clock).run()

    def remember(self) -> None:
        self.message = deepcopy(self.sink.messages[0])

    async def answer(self, verb: str) -> str:
        told = await self.sink.press(verb, int(self.ana), message=self.message)
        return str(told["text"]) if told else ""

    async def forge(self) -> list[int]:
        update = self.sink.update(telegram_buttons(self.message)[0]["callback_data"], self.message, int(self.ana))
        return [(await self.sink.post(update, secret=secret)).status_code for secret in ("", WRONG, self.sink.secret[:-1])]


class NtfyRig(AnswerRig):
    """Its buttons are our links, which act when they are posted to."""

    name, ana, ben = "ntfy", "oncall-ana-4f7Kq2", "oncall-ben-4f7Kq2"
    fake = NtfySink
    can = frozenset({"forges"})

    def channels(self, settings: Settings) -> Iterable[Channel]:
        return [NtfyChannel(self.base, self.calls)]

    def remember(self) -> None:
        self.links = {action["label"].lower(): action["url"] for action in self.sink.requests[0].json()["actions"]}

    async def answer(self, verb: str) -> str:
        return (await self.browser.post(self.links[verb])).text

    async def forge(self) -> list[int]:
        url = self.links["acknowledge"]
        forged = (url[:-9] + "A" * 9, url[:-1], f"{url}A", url.replace("/l/", "/l/x"))
        return [(await self.browser.post(one)).status_code for one in forged]


class PushoverRig(AnswerRig):
    """It is asked, and posts nothing to us: there is nothing to forge. It knows one answer."""

    name, ana, ben = "pushover", "a" * 30, "b" * 30
    fake = PushoverSink

    def channels(self, settings: Settings) -> Iterable[Channel]:
        return [PushoverChannel(PUSHOVER_TOKEN, self.base, self.calls)]

    async def answer(self, verb: str) -> str:
        if verb == "resolve":
            return (await self.system.api.post(f"/api/v1/incidents/{self.incident}/resolve")).text
        pushed, receipt = len(self.sink.pushed), next(iter(self.sink.receipts))
        self.sink.acknowledge(self.ana, receipt)
        await self.system.advance(seconds=10)
        return " ".join(said["title"] for said in self.sink.pushed[pushed:])


ANSWER_RIGS: dict[str, type[AnswerRig]] = {rig.name: rig for rig in (SmsRig, VoiceRig, NtfyRig, PushoverRig, SlackRig, TelegramRig)}
