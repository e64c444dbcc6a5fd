"""One node, wired: which room plugs into which. Nothing is decided here."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.commands import valid_keys
from oncall.access.rules import sign_link
from oncall.access.values import BundleToken, LinkToken, LinkVerb
from oncall.app.channels import make_answers, make_channels, make_return_path
from oncall.app.http import make_app
from oncall.app.leaving import on_undeliverable
from oncall.app.routes import Role
from oncall.channels.calling import Calls
from oncall.channels.mail_settings import parse_mail_from
from oncall.channels.ports import Channel
from oncall.channels.slack_rooms import SlackRooms
from oncall.channels.telegram import TelegramChannel
from oncall.channels.telegram_presses import read_telegram_bot
from oncall.communications.commands.actions import open_bridge
from oncall.communications.commands.bridges import open_bridges
from oncall.communications.commands.publishing import FEEDS
from oncall.communications.commands.rooms import TOPIC as ROOMS
from oncall.communications.commands.subscribing import sign_link as sign_subscription
from oncall.communications.compiled.boards import Maintenance, load_board, load_maintenance
from oncall.communications.compiled.incidents import IncidentChanges
from oncall.communications.compiled.rooms import RoomEntries
from oncall.communications.due.rooms import BridgeFollower, SlackMirror
from oncall.communications.due.updates import DueUpdates, UpdateDeliverer
from oncall.communications.values.subscribers import SubscriberId, SubscriberToken, Verb
from oncall.engine import DueSource, Engine, SetSource
from oncall.engine.ticker import Ticker
from oncall.handoffs.commands.telling import tell_of_webhook
from oncall.handoffs.due import DueHandoffs
from oncall.health.due import Auditor
from oncall.heartbeats.due import DueHeartbeats, Listening
from oncall.incidents.api.telling import describe
from oncall.incidents.commands import promising, workflow
from oncall.incidents.commands.beside import ask_for_bridges, ask_for_problems
from oncall.incidents.commands.following import REPORTERS
from oncall.incidents.commands.letters import Desk
from oncall.incidents.commands.promising import SLAS
from oncall.incidents.commands.reporters import asking
from oncall.incidents.commands.workflow import WORKFLOW
from oncall.incidents.compiled import Judging
from oncall.incidents.due import DueIncidents, DueMarks, KeptBodies, SilentAlerts, SilentReporters
from oncall.intake.commands import Gate
from oncall.intake.commands.bounces import Bounces
from oncall.intake.commands.people import People
from oncall.intake.smtp import Door, MailServer, read_listening
from oncall.kit import failpoints
from oncall.kit.clock import Clock, DatabaseClock
from oncall.kit.compiled import CONFIGURATION, Compilation, Exact
from oncall.kit.db import Database, Pool
from oncall.kit.http_client import HttpClient
from oncall.kit.ids import BundleId, UserId
from oncall.kit.keyring import load_ring
from oncall.kit.listen import Listener
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.sealing import Sealing
from oncall.kit.settings import PREFIX, Settings
from oncall.kit.streams import Fan
from oncall.notifications.due import Sealer, Sender
from oncall.notifications.due.editing import Editor
from oncall.notifications.values import Step
from oncall.notifications.values.spending import Cap
from oncall.postmortems.due import DueActionItems, OwedPostmortems
from oncall.problems.commands import known_problems
from oncall.replies.commands.telephones import give_codes
from oncall.replies.due import Asker, TelegramHook
from oncall.reports.commands.coverage import Prover
from oncall.reports.commands.duties import Adder
from oncall.reports.due import CoverageWatch, Measuring
from oncall.schedules.due import CalendarReader, DueRecords
from oncall.services.commands import ROUTING, integration_keys, load_routing
from oncall.services.compiled import Book, Keys, load_book
from oncall.silences.commands.muting import MUTING, load_mutings
from oncall.silences.rules.muting import Mutings
from oncall.timeline import tell_entries_to
from oncall.webhooks.commands.listening import TOPIC as WEBHOOKS
from oncall.webhooks.commands.listening import hearing
from oncall.webhooks.due import Deliverer, Pruner

RECORDS_EVERY = timedelta(seconds=30)
"""How often schedules are looked at whose past is to be written down; until then it is computed."""
HANDOFFS_EVERY = timedelta(seconds=10)
"""How often schedules are looked at whose people may have to be told of their shifts."""
HEARTBEATS_EVERY = timedelta(seconds=10)
"""How often heartbeats are looked at, beside the instants at which they expire; one whose interval was shortened is noticed so late."""

MARKS_EVERY = timedelta(seconds=10)
"""How often what is promised is looked at, beside the instants at which a mark is due."""
REMINDERS_EVERY = timedelta(seconds=10)
"""How often incidents are looked at whose next status update is owed, beside the instants at which it is."""
ACTION_ITEMS_EVERY = timedelta(minutes=1)
"""How often action items are looked at, beside the instants at which somebody is reminded of one."""

SEALED_EVERY = timedelta(seconds=10)
"""How often what was sent is sealed in the ledger."""

# What other programs are told of incidents is the incidents' to say, and hangs in the transaction of each entry of a timeline; so does
# what is promised of those that have an SLA, and what workflow rules do, after that.
tell_entries_to(WEBHOOKS, hearing(describe))
tell_entries_to(SLAS, promising.keep_up)
tell_entries_to(WORKFLOW, workflow.on_entries)
workflow.register_action("open_bridge", open_bridge)
# Bridges are shown with incidents, and pages say where to join.
ask_for_bridges(open_bridges)
# Known problems are shown beside an incident, and before one is logged.
ask_for_problems(known_problems)


class Node:
    """Everything one process holds, its database included. `app` answers HTTP; `start()` and `stop()` run the rest."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        *,
        role: Role = Role.ALL,
        clock: Clock | None = None,
        channels: Mapping[str, Channel] | None = None,
        shares_ports: bool = False,
    ) -> None:
        failpoints.arm(settings.failpoints)
        self.settings, self.role = settings, role
        self.database = database
        self.clock = clock or DatabaseClock()
        self.ring = load_ring([key.get_secret_value() for key in settings.secret_keys], settings.data_dir)
        allow = read_outbound_allow(settings.outbound_allow)
        # Calendars and programs have look-ups of their own: a dead name server of theirs holds up no page.
        self.client, self.calendars, self.programs = HttpClient(allow=allow), HttpClient(allow=allow), HttpClient(allow=allow)
        self.channels = channels or make_channels(settings, self.client, self.ring, self.clock.about)
        self.compilation = Compilation(self.database)
        self.sealing = Sealing(self.ring)
        self.keys = self.compilation.add(CONFIGURATION, self._load_keys)
        self.callers = self.compilation.add(CONFIGURATION, valid_keys)
        self.book = self.compilation.add(CONFIGURATION, self._load_book)
        self.judging = Judging(Exact(MUTING, self._load_mutings, self.clock.about), Exact(ROUTING, load_routing, self.clock.about))
        self.board = self.compilation.add(FEEDS, load_board)
        self.maintenance = self.compilation.add(MUTING, self._load_maintenance)
        self.gate = Gate(self.database, self.clock, self.judging)
        self.room_streams = Fan("rooms", RoomEntries(self.database), leaving=self._is_leaving)
        self.incident_streams = Fan("incidents", IncidentChanges(self.database, self.clock), leaving=self._is_leaving)
        self.prover = Prover(self.database, self.clock, self.channels)
        self.adder = Adder(self.database, self.clock)
        desk = Desk(settings.base_url, [key.encode() for key in self.ring], make_answers(settings, self.ring))
        tell_entries_to(REPORTERS, asking(desk))
        self.people = People(desk, self.database, self.clock, ours=parse_mail_from(settings.mail_from).address)
        self.mail = self._mail_server(shares_ports=shares_ports)
        self.sources = self._sources()
        self.engine = Engine(self.sources)
        self.ticker = Ticker(self.sources, tick=settings.tick)
        self.listener = Listener(self.database, self._hear)
        self.app = make_app(self)

    def _mail_server(self, *, shares_ports: bool) -> MailServer | None:
        """Where mails are taken, if they are."""
        listening = read_listening(self.settings)
        if listening is None or self.role is Role.ENGINE:
            return None
        returns = make_return_path(self.settings, self.ring)
        bounces = Bounces(returns, self.database, self.clock) if returns else None
        door = Door(self.gate, self.compilation, self.keys, self.clock, bounces=bounces, people=self.people)
        return MailServer(listening, door, shares_port=shares_ports)

    def _sources(self) -> list[DueSource]:
        """Incidents that are due, one sender per channel, what else time makes due, and the auditor; of a node that only answers HTTP, that
        it listens.
        """
        common: dict[str, Any] = {"database": self.database, "clock": self.clock}
        listening: list[DueSource] = [] if self.role is Role.ENGINE else [Listening(self.judging, **common)]
        if self.role is Role.API:
            return listening
        asker = Asker(self.channels, every=self.settings.tick, **common)
        editor = Editor(self.channels, links=self._links, every=self.settings.tick, **common)
        senders = [
            Sender(
                channel,
                links=self._links,
                open_sealed=self.sealing.open,
                on_undeliverable=on_undeliverable,
                lease=self.settings.send_lease,
                every=self.settings.tick,
                reply_codes=give_codes if channel.name == "sms" and self.settings.public_url else None,
                on_sent=asker.note_sent,
                cap=self._cap(channel.name),
                **common,
            )
            for channel in self.channels.values()
        ]
        auditor = Auditor(client=self.client, heartbeat_url=self.settings.heartbeat_url, **common)
        records = SetSource(DueRecords(), every=RECORDS_EVERY, **common)
        calendars = CalendarReader(self.calendars, every=RECORDS_EVERY, **common)
        told = SetSource(DueHandoffs(), every=HANDOFFS_EVERY, looks=False, **common)
        beats = SetSource(DueHeartbeats(self.judging), every=HEARTBEATS_EVERY, looks=False, **common)
        kept = KeptBodies(keep=self.settings.keep_bodies, **common)
        incidents_due = SetSource(DueIncidents(self.judging), every=self.settings.tick, relies=True, **common)
        marks = SetSource(DueMarks(), every=MARKS_EVERY, **common)
        # That somebody listens is said before anything expires.
        silent = SilentAlerts(self.judging, **common)
        sealer = Sealer(every=SEALED_EVERY, **common)
        deliverer = Deliverer(
            self.programs,
            open_sealed=self.sealing.open,
            tell_people=tell_of_webhook,
            heard=self._hear,
            lease=self.settings.send_lease,
            every=self.settings.tick,
            **common,
        )
        asked_for: list[DueSource] = [SetSource(DueActionItems(), every=ACTION_ITEMS_EVERY, **common), OwedPostmortems(**common)]
        programs: list[DueSource] = [
            deliverer,
            Pruner(**common),
            asker,
            editor,
            *self._hooks(common),
            *self._stakeholders(common),
            *asked_for,
        ]
        followers: list[DueSource] = [BridgeFollower(**common), *self._mirrors(common)]
        watches: list[DueSource] = [auditor, CoverageWatch(self.prover, **common), Measuring(**common)]
        soon: list[DueSource] = [incidents_due, *senders, *listening, *followers, marks, beats, silent, SilentReporters(**common)]
        return [*soon, records, calendars, told, kept, sealer, *programs, *watches]

    def _mirrors(self, common: Mapping[str, Any]) -> list[DueSource]:
        """Where rooms are shown besides, if we may write there."""
        token = self.settings.slack_bot_token
        if token is None:
            return []
        calls = Calls(self.programs, self.clock.about)
        rooms = SlackRooms(token.get_secret_value(), self.settings.slack_api_url, calls)
        return [SlackMirror(rooms, lease=self.settings.send_lease, every=self.settings.tick, **common)]

    def _cap(self, channel: str) -> Cap | None:
        """What may be spent in a day on this channel, if that is limited."""
        settings = {"sms": self.settings.sms_daily_cap, "voice": self.settings.voice_daily_cap}
        limit = settings.get(channel)
        return Cap(limit, f"{PREFIX}{channel.upper()}_DAILY_CAP") if limit is not None else None

    def _hooks(self, common: Mapping[str, Any]) -> list[DueSource]:
        """What sees to it that buttons are heard, where they can be."""
        channel, bot = self.channels.get("telegram"), read_telegram_bot(self.settings, self.ring)
        if isinstance(channel, TelegramChannel) and bot is not None and bot.hook is not None:
            return [TelegramHook(channel, bot, self.client, **common)]
        return []

    def _stakeholders(self, common: Mapping[str, Any]) -> list[DueSource]:
        """What sees to it that everyone else is told."""
        lease, every = self.settings.send_lease, self.settings.tick
        deliverer = UpdateDeliverer(self.channels, link=self._subscriber_link, lease=lease, every=every, **common)
        return [SetSource(DueUpdates(), every=REMINDERS_EVERY, looks=False, **common), deliverer]

    def _subscriber_link(self, id: SubscriberId, verb: Verb) -> str:
        token = sign_subscription(SubscriberToken(id, verb), [key.encode() for key in self.ring])
        return f"{self.settings.base_url}/subscriptions/{token}"

    async def _load_keys(self, tx: AsyncConnection) -> Keys:
        return await integration_keys(tx, sealing=self.sealing)

    async def _load_mutings(self, tx: AsyncConnection) -> Mutings:
        return await load_mutings(tx, now=await self.clock.now(tx))

    async def _load_maintenance(self, tx: AsyncConnection) -> Maintenance:
        return await load_maintenance(tx, now=await self.clock.now(tx))

    async def _load_book(self, tx: AsyncConnection) -> Book:
        return await load_book(tx, self.book.value, now=await self.clock.now(tx))

    def _hear(self, topic: str) -> None:
        self.ticker.poke(topic)
        self.compilation.hear(topic)
        if topic == ROOMS:
            self.room_streams.poke()
        elif topic == "incidents":
            self.incident_streams.poke()

    def _is_leaving(self) -> bool:
        return bool(self.app.state.draining)

    def _links(self, at: Step | UUID, user_id: UserId) -> tuple[str, str, str]:
        ring, url = [key.encode() for key in self.ring], f"{self.settings.base_url}/l/"
        if isinstance(at, UUID):
            return url + sign_link(BundleToken(BundleId(at), user_id), ring), "", ""
        acknowledge, resolve, escalate = (
            url + sign_link(LinkToken(at.incident_id, user_id, verb, at.cycle, at.round), ring)
            for verb in (LinkVerb.ACKNOWLEDGE, LinkVerb.RESOLVE, LinkVerb.ESCALATE)
        )
        return acknowledge, resolve, escalate

    async def start(self) -> None:
        """From here on events are taken and due work is done."""
        async with self.database.transaction(Pool.API, read_only=True) as tx:
            await self.clock.now(tx)
        await self.compilation.refresh()
        self.compilation.start()
        if self.role is not Role.ENGINE:
            self.gate.start()
        if self.mail:
            await self.mail.start()
        self.ticker.start()
        self.listener.start()

    async def stop(self) -> None:
        """Readiness fails, ticks stop, what is in flight finishes or keeps its lease, pools close."""
        self.app.state.draining = True
        await self.room_streams.stop()
        await self.incident_streams.stop()
        if self.mail:
            await self.mail.stop()
        await self.gate.stop()
        await self.ticker.stop()
        await self.listener.stop()
        await self.compilation.stop()
        await self.client.close()
        await self.calendars.close()
        await self.programs.close()
        await self.database.close()
