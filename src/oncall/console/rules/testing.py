"""What the page behind the link of a test message says. Pure."""

from datetime import datetime, timedelta

from oncall.console.values import LinkPage
from oncall.contacts.values import ContactTest, RangOnSilent

NOTED = {
    RangOnSilent.YES: "Noted: it rings on silent.",
    RangOnSilent.NO: "Noted: it does not ring on silent yet.",
    RangOnSilent.NOT_TRIED: "Noted: it arrived. Set your phone to silent, and send another test.",
}
ARRIVED = "Noted: it arrived."
HOW_TO = (
    "Let oncall ring on silent in your phone's settings: put its contact (oncall.vcf) among those who may, or allow its app to; "
    "then send another test."
)
KEPT = "Nothing is wrong, and nobody else was told. The last answer counts."


def page_of_test(test: ContactTest, *, said: RangOnSilent | None, now: datetime) -> LinkPage:
    """For whoever opened the link (`said` is None), or has just answered: how long each part of the way took."""
    answered = test.answered_at or now
    if test.accepted_at and test.accepted_at <= answered:
        way = f"Its provider took it after {_exact(test.accepted_at - test.sent_at)}, and you "
        way += f"{'answered' if test.answered_at else 'opened it'} {_exact(answered - test.accepted_at)} later."
    else:
        way = "When its provider took it is not known yet."
    whole = f"{'Round trip' if test.answered_at else 'On its way until now'}: {_exact(answered - test.sent_at)}."
    if said is None and not test.may_ring and test.answered_at:
        return LinkPage(200, "Thank you", f"{ARRIVED} {whole}", "done", way, small=KEPT)
    if said is None and not test.may_ring:
        return LinkPage(200, "A test message of oncall", f"{whole} {way}", small=KEPT, asks_if_it_arrived=True)
    if said is None:
        return LinkPage(200, "The test message arrived", f"{whole} {way}", "done", small=KEPT, asks_if_it_rang=True)
    small = f"{HOW_TO} {KEPT}" if said is RangOnSilent.NO else KEPT
    return LinkPage(200, "Thank you", f"{NOTED[said]} {whole}", "open" if said is RangOnSilent.NO else "done", way, small=small)


def _exact(length: timedelta) -> str:
    """1.4 s, 2 min 5 s, 3 h 10 min: what stays together on a narrow screen."""
    seconds = max(length.total_seconds(), 0.0)
    if seconds < 60:
        return f"{seconds:.1f}\N{NO-BREAK SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}\N{NO-BREAK SPACE}min {rest}\N{NO-BREAK SPACE}s"
    return f"{minutes // 60}\N{NO-BREAK SPACE}h {minutes % 60}\N{NO-BREAK SPACE}min"
