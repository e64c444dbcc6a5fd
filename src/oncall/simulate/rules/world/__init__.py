"""A world without a database: stored events go in with their instants, and what would have become of them comes out.

Every decision is made by the rules that production uses; what production keeps in tables between them is kept here in dictionaries. Pure:
the same events in the same order make the same world.
"""

from oncall.simulate.rules.world.accepting import accept
from oncall.simulate.rules.world.acting import act
from oncall.simulate.rules.world.beginning import begin
from oncall.simulate.rules.world.state import Ruling, World
from oncall.simulate.rules.world.time import advance

__all__ = ["Ruling", "World", "accept", "act", "advance", "begin"]
