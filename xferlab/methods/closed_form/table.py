"""The table of closed-form methods: the names a user types, in the order that tables print them."""

from __future__ import annotations

from xferlab.core.names import NameTable
from xferlab.methods.closed_form.base import ClosedFormMethod
from xferlab.methods.closed_form.coral import CORAL
from xferlab.methods.closed_form.gfk import GFK
from xferlab.methods.closed_form.jda import JDA
from xferlab.methods.closed_form.nearest_neighbour import NearestNeighbour
from xferlab.methods.closed_form.pca import PCA
from xferlab.methods.closed_form.subspace_alignment import SubspaceAlignment
from xferlab.methods.closed_form.svm import SVM
from xferlab.methods.closed_form.tca import TCA

CLOSED_FORM: NameTable[ClosedFormMethod] = NameTable(
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
