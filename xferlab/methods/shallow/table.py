"""The table of closed-form methods: the names a user types, in the order that tables print them."""

from __future__ import annotations

from xferlab.core.names import NameTable
from xferlab.methods.shallow.base import ShallowMethod
from xferlab.methods.shallow.coral import CORAL
from xferlab.methods.shallow.gfk import GFK
from xferlab.methods.shallow.jda import JDA
from xferlab.methods.shallow.nearest_neighbour import NearestNeighbour
from xferlab.methods.shallow.pca import PCA
from xferlab.methods.shallow.subspace_alignment import SubspaceAlignment
from xferlab.methods.shallow.svm import SVM
from xferlab.methods.shallow.tca import TCA

SHALLOW: NameTable[ShallowMethod] = NameTable(
    "method",
    {
        "nearest_neighbour": NearestNeighbour(),
        "svm": SVM(),
        "svm_rbf": SVM(kernel="rbf", penalties=(0.001, 0.01, 0.1, 1.0, 10.0, 100.0)),
        "pca": PCA(),
        "coral": CORAL(),
        "tca": TCA(),
        "jda": JDA(),
        "subspace_alignment": SubspaceAlignment(),
        "gfk": GFK(),
    },
)
