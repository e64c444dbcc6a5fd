"""REST for what the past says, and who can be reached in the weeks to come."""

from oncall.kit.narrow import together
from oncall.reports.api import coverage, measures, trends

router = together(coverage.router, measures.router, trends.router)
