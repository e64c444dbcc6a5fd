"""A client that says exactly what it is told to, byte by byte."""

import asyncio
import contextlib
from dataclasses import dataclass


@dataclass
class Wire:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    greeting: str = ""

    @classmethod
    async def connect(cls, port: int) -> "Wire":
        wire = cls(*await asyncio.open_connection("127.0.0.1", port))
        wire.greeting = await wire.answer()
        return wire

    async def answer(self) -> str:
        """The next reply, all its lines; "" when the other side has hung up."""
        lines = []
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(10):
                while line := await self.reader.readline():
                    lines.append(line.decode())
                    if line[3:4] != b"-":
                        break
        return "".join(lines)

    async def say(self, said: str | bytes) -> str:
        """One line, or several at once, and the reply to the first."""
        self.writer.write((said.encode() if isinstance(said, str) else said) + b"\r\n")
        return await self.answer()

    async def envelope(self, *recipients: str, sender: str = "m@example.com") -> str:
        """Up to DATA; returns the answer to it."""
        await self.say("EHLO monitor.example.com")
        await self.say(f"MAIL FROM:<{sender}>")
        for recipient in recipients:
            await self.say(f"RCPT TO:<{recipient}>")
        return await self.say("DATA")

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()
