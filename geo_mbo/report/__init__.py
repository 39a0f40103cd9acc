"""Tables to the page that tells the findings and the workbook that holds them."""

from geo_mbo.report.index import write_index
from geo_mbo.report.workbook import write_workbook

__all__ = ["write_index", "write_workbook"]
