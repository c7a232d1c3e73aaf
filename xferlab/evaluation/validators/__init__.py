"""Validators: scores of a finished run, to select among runs. One file per validator."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.evaluation.validators.base import Validator
    from xferlab.evaluation.validators.bnm import NuclearNorm
    from xferlab.evaluation.validators.dev import DeepEmbeddedValidation
    from xferlab.evaluation.validators.entropy import Entropy
    from xferlab.evaluation.validators.information_maximisation import InformationMaximisation
    from xferlab.evaluation.validators.oracle import OracleAccuracy
    from xferlab.evaluation.validators.snd import SoftNeighbourhoodDensity
    from xferlab.evaluation.validators.source_accuracy import SourceAccuracy
    from xferlab.evaluation.validators.table import VALIDATORS

__all__ = [
    "VALIDATORS",
    "DeepEmbeddedValidation",
    "Entropy",
    "InformationMaximisation",
    "NuclearNorm",
    "OracleAccuracy",
    "SoftNeighbourhoodDensity",
    "SourceAccuracy",
    "Validator",
]
