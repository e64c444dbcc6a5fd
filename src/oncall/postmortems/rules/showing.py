"""A postmortem as a document: its body with what changes put in its place. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from oncall.kit.ids import UserId
from oncall.postmortems.rules.templates import fill
from oncall.postmortems.rules.words import escaped, table
from oncall.postmortems.values import Text
from oncall.postmortems.values.action_items import ActionItem, ActionStatus


def as_document(text: Text, items: Sequence[ActionItem], names: Mapping[UserId, str]) -> str:
    """The Markdown that is exported; title, factors and action items are as they are now."""
    factors = "\n".join(f"- {escaped(factor)}" for factor in text.factors) or "None was named."
    rows = [
        (item.title, _who(item, names), f"{item.priority}", f"{item.due_at:%Y-%m-%d}", item.status.value + _why(item)) for item in items
    ]
    promised = table(("Action item", "Owner", "Priority", "Due", "Status"), rows) if rows else "None was promised."
    return fill(text.body, {"title": escaped(text.title), "contributing_factors": factors, "action_items": promised})


def titled(text: Text, *, before: Text) -> Text:
    """A heading that says the title of before, as drafts once had it, follows the title from now on."""
    first, end, rest = text.body.partition("\n")
    follows = text.title != before.title and first.strip() == f"# {escaped(before.title)}"
    return replace(text, body=f"# {{{{title}}}}{end}{rest}") if follows else text


def _who(item: ActionItem, names: Mapping[UserId, str]) -> str:
    return names.get(item.owner_id, "deleted user") if item.owner_id else "nobody any more"


def _why(item: ActionItem) -> str:
    return f": {item.reason}" if item.status is ActionStatus.DROPPED and item.reason else ""
