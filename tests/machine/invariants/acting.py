"""What people do, and what it does (`reliability.md` §3.1)."""

from collections.abc import Iterator
from uuid import UUID

from tests.machine.invariants.seen import Seen

from oncall.access.values import BundleToken, LinkToken, LinkVerb
from oncall.kit.ids import IncidentId

ENDS = {"acknowledged", "snoozed"}


def i_11_an_acknowledgement_ends_what_was_paged(seen: Seen) -> Iterator[str]:
    """I-11: no claim of an `unacknowledged` step's notification later (in `seq`) than the ack or resolve of its cycle."""
    pages = seen.pages()
    for incident in seen.now.incidents:
        entries = seen.now.entries_of(incident)
        ended = 0
        for n, entry in enumerate(entries):
            if entry.kind in ENDS:
                ended = max((one.cycle or 0 for one in entries[:n] if one.kind == "paged"), default=ended)
        over = not incident.is_open
        heard = incident.status == "acknowledged" and incident.tell_at is None and incident.confirm_by is None
        for one in seen.now.notifications:
            if one.incident_id != incident.id or one.next_at is None or one.page_id is None or one.cycle is None:
                continue
            if over or ((heard or one.cycle <= ended) and not pages[one.page_id].until_resolved):
                why = incident.status if over or heard else f"acknowledged in cycle {ended}"
                yield f"#{incident.number} is {why}, and a notification of cycle {one.cycle} is {one.status}"


def i_11_nothing_is_said_to_be_sent_after_it(seen: Seen) -> Iterator[str]:
    """I-11: … later (in `seq`) than the ack of its cycle: what was on the wire just then is recorded as a try, and no more."""
    until_resolved = {(page.incident_id, page.cycle, page.round, page.step) for page in seen.now.pages if page.until_resolved}
    for incident in seen.now.incidents:
        paged = ended = 0
        for entry in seen.now.entries_of(incident):
            if entry.kind == "paged":
                paged = max(paged, entry.cycle or 0)
            elif entry.kind in ENDS:
                ended = paged
            elif entry.kind == "sent" and (entry.cycle or 0) <= ended and (incident.id, *entry.position) not in until_resolved:
                yield f"#{incident.number} was acknowledged in cycle {ended}, and then: {entry.reason}"


def i_20_an_acknowledgement_counts_once(seen: Seen) -> Iterator[str]:
    """I-20: ack is effective once; every ack response reports `acked_by, acked_at` equal to the DB."""
    if seen.did.name not in {"acknowledges", "both_acknowledge"}:
        return
    last = max((entry.seq for entry in seen.before.entries), default=0)
    new = [entry for entry in seen.now.entries if entry.seq > last and entry.kind == "acknowledged"]
    changed = [answer for answer in seen.did.answers if answer.changed]
    if len(new) != len(changed):
        yield f"{len(changed)} acknowledgements were told that they changed something, and {len(new)} are in the timeline"
    if len(changed) > 1 and len({entry.actor_id for entry in new}) > 1:
        yield "two people acknowledged one incident at once, and both were told that they were first"
    for answer in seen.did.answers:
        incident = next((one for one in seen.now.incidents if answer.status == 200 and str(one.id) == answer.body["id"]), None)
        if incident is None:
            continue
        by, said = incident.acknowledged_by, answer.body["acknowledged_by"]
        if (by and by["name"]) != (said and said["name"]) or answer.body["status"] != incident.status:
            yield f"#{incident.number} is {incident.status} by {by}, and the answer was {answer.body['status']} by {said}"


DEEDS = {"acknowledge": {"acknowledged", "responder_accepted"}, "resolve": {"resolved"}}
"""What a link does, by its verb: who was asked to join and acknowledges has thereby accepted."""

NOT_ITS = {"sent", "send_failed", "responder_cancelled"}
"""What a slow provider answers meanwhile is no deed of the link's; and that nobody need join what is over, the engine says."""


def i_22_a_link_does_only_what_it_says(seen: Seen) -> Iterator[str]:
    """I-22: token for (incident i, user u, action a) can't act on any other triple; expired/revoked/forged acts on nothing."""
    if seen.did.name != "presses":
        return
    link = seen.did.pressed
    if link is None and seen.now != seen.before:
        yield "a link that is none of ours did something"
    if link is None:
        return
    last = max((entry.seq for entry in seen.before.entries), default=0)
    new = [entry for entry in seen.now.entries if entry.seq > last and entry.kind not in NOT_ITS]
    links = _of_a_list(seen, link) if isinstance(link, BundleToken) else [link]
    # Behind the link of a channel may be anybody, so it acts in nobody's name.
    acts_as = None if any(page.team_id and page.user_id == link.user_id for page in seen.before.pages) else link.user_id
    ends = {one: _end_of(seen, one.incident_id) for one in links}
    for entry in new:
        its = [one for one in links if entry.incident_id in {one.incident_id, ends[one]}]
        if not its or entry.actor_id != acts_as:
            yield f"a link of {link} did this: {entry.reason}"
        elif entry.kind not in DEEDS[its[0].verb.value]:
            yield f"a link to {its[0].verb.value} did this: {entry.reason}"
        elif not any(_is_alive(seen, one) for one in its):
            yield f"a dead link did this: {entry.reason}"
    done = {entry.incident_id for entry in new}
    for one in links:
        before = seen.before.incident(one.incident_id)
        open_ = before is not None and before.status == "triggered" and ends[one] == before.id
        if open_ and one.incident_id not in done and _is_alive(seen, one):
            yield f"a link that counts ({one}) did nothing"


def _of_a_list(seen: Seen, link: BundleToken) -> list[LinkToken]:
    """What each line of the list that was printed says by itself."""
    return [
        LinkToken(IncidentId(one.incident_id), link.user_id, LinkVerb.ACKNOWLEDGE, one.cycle, one.round)
        for one in seen.before.listed
        if one.bundle_id == link.bundle_id
    ]


def _end_of(seen: Seen, incident_id: UUID) -> UUID:
    """The incident that has its alerts now."""
    while (of := seen.now.incident(incident_id)) is not None and of.merged_into_id is not None:
        incident_id = of.merged_into_id
    return incident_id


def _is_alive(seen: Seen, token: LinkToken) -> bool:
    """`semantics.md` §1: a link of an earlier cycle or round still acts while the incident is open, if its user was paged since. Links
    live as long as the incident is open and die when it is resolved.
    """
    incident = seen.before.incident(token.incident_id)
    while incident is not None and incident.merged_into_id is not None:
        incident = seen.before.incident(incident.merged_into_id)
    pages = [page for page in seen.before.pages if page.incident_id == token.incident_id]
    later = [page for page in pages if page.cycle > token.cycle]
    return incident is not None and incident.is_open and (not later or any(page.user_id == token.user_id for page in later))


def i_24_nothing_is_our_fault(seen: Seen) -> Iterator[str]:
    """I-24: no response ≥ 500 is produced by any request body/header/query under a healthy DB (schemathesis + fuzz)."""
    for answer in seen.did.answers:
        if answer.status >= 500:
            yield f"{answer.to} was answered {answer.status}: {answer.body}"
