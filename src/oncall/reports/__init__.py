"""What the past says, and the plans for the weeks to come: who can be reached when, load, times to answer, noise and trends.

Promises: whether somebody is reached is asked of the very rules that page; every number is counted from the record. May touch: reads any
table below, writes none.
"""
