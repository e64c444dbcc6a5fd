"""Wakes due rows and hands each set to its owner.

Promises: what is due is handled exactly once however many nodes run, a poisoned row never stops the others, and a crash at any
point leaves the rows due. May touch: nothing but the sources it is given.
"""

from oncall.engine.source import DueSource, Engine, Pass, SetSource, look, was_lately

__all__ = ["DueSource", "Engine", "Pass", "SetSource", "look", "was_lately"]
