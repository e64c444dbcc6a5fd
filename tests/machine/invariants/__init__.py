"""The invariants of `reliability.md` §3.1, each named after its rule and quoting it, judged from the database and the journal alone."""

from tests.machine.invariants.acting import (
    i_11_an_acknowledgement_ends_what_was_paged,
    i_11_nothing_is_said_to_be_sent_after_it,
    i_20_an_acknowledgement_counts_once,
    i_22_a_link_does_only_what_it_says,
    i_24_nothing_is_our_fault,
)
from tests.machine.invariants.delivering import (
    f_19_a_receipt_is_kept_and_stops_nothing,
    i_12_duplicates_are_bounded,
    i_13_the_past_stays_as_it_was,
    i_14_a_repeat_says_that_it_is_one,
    i_15_nothing_goes_out_without_a_lease,
    i_18_a_list_is_what_its_link_acts_on,
    i_18_a_storm_rings_once,
    i_18_no_page_is_silent,
    i_18_nobody_waits_longer_than_is_said,
    i_19_who_was_paged_is_who_was_meant,
)
from tests.machine.invariants.escalating import (
    i_04_nobody_is_forgotten,
    i_04_whoever_has_it_is_asked_again,
    i_05_escalation_stops_for_a_reason,
    i_06_a_step_is_executed_once,
    i_07_nothing_is_planned_outside_the_database,
    i_08_steps_come_in_order,
    i_09_every_step_waits_its_time,
    i_10_nothing_is_stuck,
    i_16_a_failure_delays_nothing_else,
    i_16_a_node_that_stands_still_holds_up_no_other,
)
from tests.machine.invariants.events import (
    i_02_every_event_has_one_decision,
    i_03_every_incident_is_born_with_what_comes_next,
    i_17_a_repeat_pages_nobody,
    i_17_one_open_alert_for_a_key_and_its_count_is_exact,
)
from tests.machine.invariants.seen import Invariant, Seen

ALWAYS: tuple[Invariant, ...] = (
    i_02_every_event_has_one_decision,
    i_03_every_incident_is_born_with_what_comes_next,
    i_04_nobody_is_forgotten,
    i_04_whoever_has_it_is_asked_again,
    i_05_escalation_stops_for_a_reason,
    i_06_a_step_is_executed_once,
    i_07_nothing_is_planned_outside_the_database,
    i_08_steps_come_in_order,
    i_09_every_step_waits_its_time,
    i_10_nothing_is_stuck,
    i_11_an_acknowledgement_ends_what_was_paged,
    i_11_nothing_is_said_to_be_sent_after_it,
    i_12_duplicates_are_bounded,
    i_13_the_past_stays_as_it_was,
    i_14_a_repeat_says_that_it_is_one,
    i_15_nothing_goes_out_without_a_lease,
    i_16_a_failure_delays_nothing_else,
    i_16_a_node_that_stands_still_holds_up_no_other,
    i_17_a_repeat_pages_nobody,
    i_17_one_open_alert_for_a_key_and_its_count_is_exact,
    i_18_a_list_is_what_its_link_acts_on,
    i_18_a_storm_rings_once,
    i_18_no_page_is_silent,
    i_18_nobody_waits_longer_than_is_said,
    f_19_a_receipt_is_kept_and_stops_nothing,
    i_20_an_acknowledgement_counts_once,
    i_22_a_link_does_only_what_it_says,
    i_24_nothing_is_our_fault,
)
AT_THE_END = (i_19_who_was_paged_is_who_was_meant,)

__all__ = ["ALWAYS", "AT_THE_END", "Invariant", "Seen"]
