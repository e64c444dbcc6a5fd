"""Which priority an incident has, and why. Pure (`incident-process.md`: impact × business urgency; risks lift it)."""

from collections.abc import Mapping

from oncall.desk.values import BusinessUrgency, Grading, Impact, Priority

Matrix = Mapping[tuple[Impact, BusinessUrgency], Priority]

PRIORITIES = tuple(Priority)
ROWS = {
    Impact.WIDESPREAD: "P1 P1 P2 P3",
    Impact.LARGE: "P1 P2 P3 P4",
    Impact.LIMITED: "P2 P3 P4 P5",
    Impact.MINOR: "P3 P4 P5 P5",
}
USUAL: Matrix = {
    (impact, urgency): Priority(said) for impact, row in ROWS.items() for urgency, said in zip(BusinessUrgency, row.split(), strict=True)
}
"""The matrix that everybody begins with."""

PAGED_AT_ONCE = {Priority.P1, Priority.P2}
"""Of these the urgency is high, whatever a service says (`semantics.md` §2)."""


def prioritise(grading: Grading, matrix: Matrix) -> tuple[Priority | None, str]:
    """The priority with its reason; None as long as impact or business urgency is not known.

    Any risk lifts it by one, several by no more than that: they say that the matrix sees too little, not how much.
    """
    impact, urgency = grading.impact, grading.business_urgency
    if impact is None or urgency is None:
        missing = [word for word, value in (("impact", impact), ("business urgency", urgency)) if value is None]
        return None, f"nobody has said its {' and '.join(missing)}"
    priority = matrix[impact, urgency]
    reason = f"impact {impact.value} and business urgency {urgency.value} make {priority.value}"
    risks = ", ".join(risk.value for risk in grading.risks)
    if not risks:
        return priority, reason
    word = "risks" if len(grading.risks) > 1 else "risk"
    if priority is PRIORITIES[0]:
        return priority, f"{reason}; {word}: {risks}"
    lifted = PRIORITIES[PRIORITIES.index(priority) - 1]
    return lifted, f"{reason}; {word} ({risks}) lift{'' if len(grading.risks) > 1 else 's'} it to {lifted.value}"
