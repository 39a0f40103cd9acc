"""Results to files for other programs: the GeoPackage with styles, and the record of a run."""

from geo_mbo.export.geopackage import write_geopackage
from geo_mbo.export.record import write_run_record

__all__ = ["write_geopackage", "write_run_record"]
