"""What an incident is that is logged by a template. Pure."""

from dataclasses import replace
from datetime import datetime

from oncall.desk.values import Grading
from oncall.desk.values.templates import Template
from oncall.incidents.values.filing import Logged
from oncall.incidents.values.tasks import ToDo

LONGEST_TITLE = 1_024
FIRST_UPDATE = "Send the first status update"


def filled(template: Template, wanted: Logged, *, service: str) -> Logged:
    """What is said counts; what is not said the template says. A pattern with `{title}` stands around what is said."""
    pattern = template.title.replace("{service}", service)
    title = pattern.replace("{title}", wanted.title).strip() if "{title}" in template.title or not wanted.title else wanted.title
    said = wanted.grading
    return replace(
        wanted,
        title=(title or template.name)[:LONGEST_TITLE],
        description=wanted.description or template.description,
        category_id=wanted.category_id or template.category_id,
        grading=Grading(
            said.impact or template.grading.impact,
            said.business_urgency or template.grading.business_urgency,
            said.affected_users,
            said.risks,
        ),
    )


def to_do(template: Template, *, now: datetime) -> list[ToDo]:
    """Its tasks, in their order; before them what is to be told first, which a person sends, or words it otherwise."""
    first = [ToDo(FIRST_UPDATE, template.first_update)] if template.first_update else []
    return first + [ToDo(one.title, one.description, due_at=now + one.due_in if one.due_in else None) for one in template.tasks]
