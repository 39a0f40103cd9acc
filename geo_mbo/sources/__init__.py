"""Raw bytes to raw frames: one module a publisher, and the catalogue of all data sets.

Readers give frames with the columns their docstring names, texts as published, counts as numbers
with a column that says which were masked. What they mean is for the floor above (`geo_mbo.tables`).
"""
