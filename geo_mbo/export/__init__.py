"""Tables to files for GIS: GeoPackage with styles, CSV, GeoParquet."""
