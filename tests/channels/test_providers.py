"""The fakes as they are run by hand: they print where they are, keep a journal, and misbehave when told."""

import asyncio
import json
import sys
from pathlib import Path
from urllib.request import Request, urlopen

from oncall.kit.outbound import read_outbound_allow

ROOT = Path(__file__).parents[2]


async def test_they_say_where_they_are_write_down_what_they_get_and_do_as_they_are_told() -> None:
    run = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.providers", cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert run.stdin
    assert run.stdout
    said: dict[str, str] = {}
    async with asyncio.timeout(60):
        while "ONCALL_TWILIO_API_URL" not in said:
            name, _, value = (await run.stdout.readline()).decode().strip().partition("=")
            said[name] = value
        read_outbound_allow([said["ONCALL_OUTBOUND_ALLOW"]])
        run.stdin.write(b"nobody ok\nntfy 1 503\n")
        assert (await run.stdout.readline()).startswith(b"# PROVIDER [TIMES] BEHAVIOUR")
        assert await run.stdout.readline() == b"# ntfy: 503, 1 times\n"
        assert await asyncio.to_thread(publish, said["ONCALL_NTFY_URL"]) == 503
        assert await asyncio.to_thread(publish, said["ONCALL_NTFY_URL"]) == 200
        line = json.loads(await run.stdout.readline())
        assert (line["provider"], json.loads(line["body"])["topic"]) == ("ntfy", "oncall-ana")
        run.stdin.close()
        assert await run.wait() == 0


def publish(url: str) -> int:
    body = json.dumps({"topic": "oncall-ana", "message": "hello", "priority": 3}).encode()
    try:
        with urlopen(Request(url, data=body, method="POST")) as answer:
            return int(answer.status)
    except OSError as error:
        return int(getattr(error, "code", 0))
