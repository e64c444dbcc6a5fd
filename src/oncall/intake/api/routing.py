"""REST for trying routing rules on what a monitor would send."""

import asyncio
import json
from collections.abc import Sequence

from fastapi import APIRouter, Request

from oncall.access.api import Reader
from oncall.incidents.values import Action, Severity
from oncall.intake.commands import read, received_as, to_events
from oncall.intake.commands.routing import MAX_SHOWN, Way, ways
from oncall.intake.schemas.mappings import EventPreview
from oncall.intake.schemas.routing import EventIn, NamedOut, RoutingTestIn, RoutingTestOut, RuleNamedOut, RuleTriedOut, WayOut
from oncall.intake.values import Reading
from oncall.kit.http import ReadTx, now_in
from oncall.kit.ids import IntegrationId, RoutingRuleId, new_id
from oncall.services.commands import get_integration_ref
from oncall.services.commands.proposing import RuleProposed
from oncall.services.schemas.judging import shown_grouping
from oncall.services.schemas.routing import RoutingRuleIn, RoutingRuleOut
from oncall.services.values import UnknownIntegration
from oncall.services.values.routing import BadRule, RoutingRule, RuleTried

router = APIRouter(prefix="/api/v1/routing-rules", tags=["routing"])
SETTINGS = ("service_id", "severity", "urgency", "group_key", "add_labels", "drop_labels")


@router.post("/test")
async def try_routing(body: RoutingTestIn, request: Request, _: Reader, tx: ReadTx) -> RoutingTestOut:
    """The way of a pasted event, or of each event in a pasted body, through the rules as they are now, or through proposed ones in their
    place. Nothing is written.
    """
    try:
        integration = await get_integration_ref(tx, IntegrationId(body.integration_id), sealing=request.app.state.sealing)
    except UnknownIntegration as error:
        raise BadRule(str(error), field="integration_id") from error
    now = await now_in(request, tx)
    text = body.body if isinstance(body.body, str | None) else json.dumps(body.body, ensure_ascii=False)
    headers = {name.lower(): value for name, value in body.headers.items()}
    headers.pop("content-encoding", None)  # it is pasted as it was meant
    received = received_as(
        (text or "").encode("utf-8", "replace"),
        headers=headers | {"content-type": body.content_type},
        query=body.query,
        at=now,
    )
    readings = [_said(body.event)] if body.event else await asyncio.to_thread(read, received, integration)
    proposed = None if body.rules is None else [_proposed(rule) for rule in body.rules]
    found = await ways(tx, to_events(readings[:MAX_SHOWN], received, integration), proposed, now=now)
    return _shown(found, more=max(len(readings) - MAX_SHOWN, 0))


def _proposed(rule: RoutingRuleIn) -> RuleProposed:
    return RuleProposed(rule.to_rule(RoutingRuleId(new_id())), rule.position, rule.matches_everything)


def _said(event: EventIn) -> Reading:
    return Reading(
        Action(event.action),
        event.summary,
        event.dedup_key,
        Severity(event.severity),
        source=event.source,
        component=event.component,
        group=event.group,
        class_=event.class_,
        labels=dict(event.labels),
    )


def _shown(found: Sequence[Way], *, more: int) -> RoutingTestOut:
    return RoutingTestOut(events=[_way(way) for way in found], more=more)


def _way(way: Way) -> WayOut:
    return WayOut(
        event=EventPreview.of(way.event, has_key=way.event.dedup_key != f"{way.event.id}"),
        rules=[_tried(tried) for tried in way.routed.way],
        service=NamedOut(id=way.service.id, name=way.service.name),
        severity=Severity(way.routed.severity),
        urgency=way.urgency,
        labels=way.routed.labels,
        grouping=shown_grouping(way.grouping) if way.grouping else None,
        group_key=way.group_key,
        sentence=way.sentence,
    )


def _tried(tried: RuleTried) -> RuleTriedOut:
    return RuleTriedOut(
        rule=RuleNamedOut(id=tried.rule.id if tried.rule.version else None, name=tried.rule.name),
        matched=tried.matched,
        sentence=tried.sentence,
        sets=_sets(tried.rule),
    )


def _sets(rule: RoutingRule) -> dict[str, object]:
    """What a rule sets, in the words in which it was said."""
    shown = RoutingRuleOut.of(rule).model_dump(mode="json", include=set(SETTINGS))
    return {name: shown[name] for name in SETTINGS if shown[name]}
