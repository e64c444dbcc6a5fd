"""What would happen, and why it did.

Promises: nothing is written and nobody is paged; what is said is decided by the very rules that page. May touch: reads any table below,
writes none.
"""
