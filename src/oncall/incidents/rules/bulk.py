"""What may be done with many incidents at once, and what is said with it. Pure."""

from datetime import datetime, timedelta

from oncall.incidents.values.acting import BulkVerb, CannotAct

WITHOUT_REASON = {BulkVerb.ACKNOWLEDGE, BulkVerb.RESOLVE}


def check_said(verb: BulkVerb, *, duration: timedelta | None, until: datetime | None, reason: str | None) -> None:
    """Refuse what the verb does not take, as it would for one incident."""
    if verb is not BulkVerb.SNOOZE and (duration is not None or until is not None):
        field = "duration" if duration is not None else "until"
        raise CannotAct(f"Only `snooze` takes `{field}`: leave it out to {verb.value}.", field=field)
    if verb in WITHOUT_REASON and reason is not None:
        raise CannotAct(f"`{verb.value}` takes no `reason`: leave it out.", field="reason")
