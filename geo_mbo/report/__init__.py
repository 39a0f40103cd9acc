"""Tables to the HTML index and the workbook."""
