"""How much it takes to render a schedule: what nobody could read need not be drawn, and must not hold up others."""

from collections.abc import Sequence

from oncall.schedules.values import InvalidSchedule, LayerDefinition, RestrictionType, Unit

MOST_A_DAY = 10_000
DAYS_IN = {Unit.HOUR: 1 / 24, Unit.DAY: 1, Unit.WEEK: 7, Unit.MONTH: 28}


def check_effort(layers: Sequence[LayerDefinition]) -> None:
    """Each layer is asked at every instant at which any may change: fifty layers with hourly turns would be asked 60,000 times a day."""
    if sum(map(_changes_a_day, layers)) * len(layers) > MOST_A_DAY:
        raise InvalidSchedule(
            "So many layers with turns so short cannot be worked out in reasonable time: use longer turns, or several schedules.",
            field="layers",
        )


def _changes_a_day(layer: LayerDefinition) -> float:
    turns = 0.0 if layer.rotation is None else 1 / (DAYS_IN[layer.rotation.unit] * layer.rotation.count)
    return turns + sum(2 if one.type is RestrictionType.DAILY else 2 / 7 for one in layer.restrictions or ())
