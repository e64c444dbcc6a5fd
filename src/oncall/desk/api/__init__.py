"""REST for what the service desk agrees on: categories, the priority matrix, calendars, SLAs, templates of incidents."""

from oncall.desk.api import calendars, categories, matrix, slas, templates
from oncall.kit.narrow import together

router = together(categories.router, matrix.router, calendars.router, slas.router, templates.router)
