"""Tables to the page that tells the findings and the workbook that holds them."""

from geo_mbo.report.index import write_index

__all__ = ["write_index"]
