"""Changes to the tables, and the same measures run again."""
