"""The study file, and the one pipeline that runs it."""

from geo_mbo.study.file import InputFile, Inputs, Parameters, Study, read_study
from geo_mbo.study.pipeline import Outcome, run_study

__all__ = ["InputFile", "Inputs", "Outcome", "Parameters", "Study", "read_study", "run_study"]
