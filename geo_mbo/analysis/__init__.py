"""Measures: a travel matrix and tables in, a table out."""
