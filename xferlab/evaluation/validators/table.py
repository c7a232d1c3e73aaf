"""The table of validators: the names that a user types, in the order in which they are printed."""

from __future__ import annotations

from xferlab.core.names import NameTable
from xferlab.evaluation.validators.base import Validator
from xferlab.evaluation.validators.bnm import NuclearNorm
from xferlab.evaluation.validators.dev import DeepEmbeddedValidation
from xferlab.evaluation.validators.entropy import Entropy
from xferlab.evaluation.validators.information_maximisation import InformationMaximisation
from xferlab.evaluation.validators.oracle import OracleAccuracy
from xferlab.evaluation.validators.snd import SoftNeighbourhoodDensity
from xferlab.evaluation.validators.source_accuracy import SourceAccuracy

VALIDATORS: NameTable[Validator | OracleAccuracy] = NameTable(
    "validator",
    {
        "source_accuracy": SourceAccuracy(),
        "entropy": Entropy(),
        "information_maximisation": InformationMaximisation(),
        "snd": SoftNeighbourhoodDensity(),
        "dev": DeepEmbeddedValidation(),
        "bnm": NuclearNorm(),
        "oracle": OracleAccuracy(),
    },
)
