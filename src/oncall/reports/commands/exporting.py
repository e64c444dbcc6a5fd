"""Reports as tables and as pictures, for whoever asks for them so."""

from oncall.reports.rules.pictures import picture_of, picture_of_duties, picture_of_people
from oncall.reports.rules.tables import csv_of_duties, csv_of_incidents, csv_of_people

__all__ = ["csv_of_duties", "csv_of_incidents", "csv_of_people", "picture_of", "picture_of_duties", "picture_of_people"]
