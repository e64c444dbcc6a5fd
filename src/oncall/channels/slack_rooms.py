"""A conversation of ours as a thread of a Slack channel: posted, changed and deleted there as it is here
(https://docs.slack.dev/reference/methods/chat.update, …/chat.delete).
"""

from dataclasses import dataclass
from uuid import UUID

from oncall.channels.calling import Calls, said_in, words_in
from oncall.channels.slack import escaped, meaning_of
from oncall.channels.values import Outcome, Sent
from oncall.kit.http_client import HttpReply

# Nothing is left there to change: somebody deleted it, or its time is over.
GONE = frozenset({"cant_delete_message", "cant_update_message", "edit_window_closed", "message_not_found", "thread_not_found"})


@dataclass(frozen=True, slots=True)
class RoomWords:
    """What is said by whom; the id is the same on every attempt."""

    notification_id: UUID
    name: str
    text: str


class SlackRooms:
    """One method of Slack's for each thing that is done in a room. `Sent.provider_id` is the message's `ts`."""

    def __init__(self, token: str, url: str, calls: Calls) -> None:
        self._calls, self._url = calls, url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json; charset=utf-8"}

    async def post(self, channel: str, thread: str | None, words: RoomWords) -> Outcome:
        """In the thread; without one it begins one."""
        more = {"thread_ts": thread} if thread else {}
        return await self._call("chat.postMessage", words, {"channel": channel, "client_msg_id": str(words.notification_id), **more})

    async def change(self, channel: str, stamp: str, words: RoomWords) -> Outcome:
        return await self._call("chat.update", words, {"channel": channel, "ts": stamp})

    async def remove(self, channel: str, stamp: str, words: RoomWords) -> Outcome:
        return await self._call("chat.delete", words, {"channel": channel, "ts": stamp}, says=False)

    async def _call(self, method: str, words: RoomWords, arguments: dict[str, object], *, says: bool = True) -> Outcome:
        if says:
            text = f"*{escaped(words.name)}*: {escaped(words.text)}" if words.name else escaped(words.text)
            arguments |= {"text": text, "unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none"}
        reply = await self._calls.post_json(f"{self._url}/{method}", words, arguments, self._headers)
        if not isinstance(reply, HttpReply):
            return reply
        said = said_in(reply)
        if method != "chat.postMessage" and said.get("error") in GONE:
            return Sent(None, f"nothing is left to change there: {words_in(said, 'error')}")
        outcome = meaning_of(reply, self._calls)
        return Sent(words_in(said, "ts"), outcome.detail) if isinstance(outcome, Sent) else outcome
