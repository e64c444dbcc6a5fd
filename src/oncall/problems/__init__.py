"""What breaks again and again, why, and what helps until it is repaired: problems and known errors.

Promises: a known error says its cause and its workaround; what is found as similar says why. May touch: problems and their links to
incidents; reads incidents and services.
"""

from oncall.problems.commands import similar_problems

__all__ = ["similar_problems"]
