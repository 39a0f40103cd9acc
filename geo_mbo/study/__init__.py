"""The study file, and the one pipeline that runs it."""

from geo_mbo.study.file import read_study
from geo_mbo.study.model import InputFile, Inputs, Parameters, Study
from geo_mbo.study.pipeline import Outcome, measure_study, run_study, write_outcome

__all__ = [
    "InputFile",
    "Inputs",
    "Outcome",
    "Parameters",
    "Study",
    "measure_study",
    "read_study",
    "run_study",
    "write_outcome",
]
