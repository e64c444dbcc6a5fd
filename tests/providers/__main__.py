"""`python -m tests.providers`: the fakes, to look at by hand. Each prints its address and the variables that make oncall use it, and
writes what it gets to standard output as JSON lines. A line on standard input makes one misbehave:

    ntfy 429 Retry-After: 7      until told otherwise
    slack 2 error token_revoked  for the next two requests
    telegram ok                  well-behaved again
"""

import asyncio
import json
import re
import sys
from contextlib import AsyncExitStack
from typing import Any

from tests.providers import pushover, slack, telegram
from tests.providers.apprise import AppriseSink, urls
from tests.providers.http import BROKEN, Received, WebhookSink
from tests.providers.ntfy import NtfySink
from tests.providers.smtp import BEFORE_GREETING, REPLIES, SmtpSink
from tests.providers.smtp import Received as Mail
from tests.providers.twilio import Twilio

COMMAND = re.compile(r"(?P<name>[a-z]+)(?: (?P<times>[0-9]{1,2}))? (?P<behaviour>.+)")


def sinks() -> dict[str, Any]:
    return {
        "smtp": SmtpSink(),
        "webhook": WebhookSink(),
        "ntfy": NtfySink(),
        "pushover": pushover.PushoverSink(),
        "slack": slack.SlackSink(),
        "telegram": telegram.TelegramSink(),
        "apprise": AppriseSink(),
        "twilio": Twilio(),
    }


def settings(running: dict[str, Any]) -> list[str]:
    """What to set so that oncall sends there."""
    base = {name: f"http://127.0.0.1:{sink.port}" for name, sink in running.items()}
    return [
        "ONCALL_OUTBOUND_ALLOW=127.0.0.1",
        f"ONCALL_SMTP_URL={running['smtp'].url}",
        f"ONCALL_NTFY_URL={base['ntfy']}",
        f"ONCALL_PUSHOVER_API_URL={base['pushover']}",
        f"ONCALL_PUSHOVER_TOKEN={pushover.TOKEN}",
        f"ONCALL_SLACK_API_URL={base['slack']}/api",
        f"ONCALL_SLACK_BOT_TOKEN={slack.TOKEN}",
        f"ONCALL_TELEGRAM_API_URL={base['telegram']}",
        f"ONCALL_TELEGRAM_BOT_TOKEN={telegram.TOKEN}",
        *running["twilio"].settings(),
    ]


def journal(name: str, got: Received | Mail) -> str:
    """One line of what arrived, `at` so many seconds of a clock that never jumps."""
    line: dict[str, Any] = {"at": round(got.received, 3), "provider": name}
    if isinstance(got, Received):
        line |= {"method": got.method, "path": got.path, "headers": dict(got.headers), "body": got.body.decode("utf-8", "replace")}
    else:
        line |= {"headers": dict(got.items()), "body": got.as_string()}
    return json.dumps(line, ensure_ascii=False)


def command(line: str, running: dict[str, Any]) -> str:
    """Do what a line says, and say what was done, or how it should read."""
    found = COMMAND.fullmatch(line.strip())
    if found is None or found["name"] not in running:
        return f"# PROVIDER [TIMES] BEHAVIOUR, where a provider is one of {', '.join(running)}"
    running[found["name"]].behave(found["behaviour"], times=int(found["times"]) if found["times"] else None)
    return f"# {found['name']}: {found['behaviour']}" + (f", {found['times']} times" if found["times"] else "")


async def watch(name: str, sink: Any) -> None:
    """Print whatever arrives, as it arrives."""
    told = 0
    while True:
        kept = sink.messages if isinstance(sink, SmtpSink) else sink.requests
        if len(kept) <= told:
            await sink.wait_for(told + 1, timeout=10**9)
        for got in kept[told:]:
            print(journal(name, got), flush=True)
        told = len(kept)


async def obey(running: dict[str, Any]) -> None:
    """Read commands until standard input ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        print(command(line.decode(), running), flush=True)


async def run() -> None:
    """All of them, until standard input ends or Ctrl-C."""
    async with AsyncExitStack() as stack:
        running = {name: await stack.enter_async_context(sink) for name, sink in sinks().items()}
        for name, sink in running.items():
            print(f"# {name}: {sink.url if name in {'smtp', 'webhook'} else f'http://127.0.0.1:{sink.port}'}")
        for kind, url in urls(running["apprise"].port).items():
            print(f"# apprise, {kind}: {url}")
        print(f"# behaviours of all but smtp: ok, three digits (a status), {', '.join(BROKEN)}")
        print(f"# behaviours of smtp: ok, {', '.join([*REPLIES, *BEFORE_GREETING])}")
        print(*settings(running), sep="\n", flush=True)
        watching = [asyncio.create_task(watch(name, sink)) for name, sink in running.items()]
        try:
            await obey(running)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)


if __name__ == "__main__":
    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        print("# stopped")
