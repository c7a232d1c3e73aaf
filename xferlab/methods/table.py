"""The table of methods: the names a user types, in the order that tables print them.

`METHODS` train a network; `ALL_METHODS` has those that are trained by episodes too
(`episodic.table`), and the closed-form ones (`closed_form.table`).
"""

from __future__ import annotations

from xferlab.core.names import NameTable
from xferlab.methods.ada_bn import AdaBN
from xferlab.methods.adda import ADDA
from xferlab.methods.base import Method
from xferlab.methods.bnm import BNM
from xferlab.methods.cdan import CDAN
from xferlab.methods.closed_form.base import ClosedFormMethod
from xferlab.methods.closed_form.table import CLOSED_FORM
from xferlab.methods.dan import DAN
from xferlab.methods.dann import DANN
from xferlab.methods.deep_coral import DeepCORAL
from xferlab.methods.episodic.table import EPISODIC
from xferlab.methods.group_dro import GroupDRO
from xferlab.methods.jan import JAN
from xferlab.methods.m3sda import M3SDA
from xferlab.methods.mcc import MCC
from xferlab.methods.mcd import MCD
from xferlab.methods.mme import MME
from xferlab.methods.osbp import OSBP
from xferlab.methods.pada import PADA
from xferlab.methods.pcgrad import PCGrad
from xferlab.methods.self_ensembling import SelfEnsembling
from xferlab.methods.shot import SHOT
from xferlab.methods.simclr import SimCLR
from xferlab.methods.source_only import SourceOnly
from xferlab.methods.target_only import TargetOnly
from xferlab.methods.tent import Tent
from xferlab.methods.uncertainty_weighting import UncertaintyWeighting
from xferlab.methods.untrained import Untrained
from xferlab.methods.wdgrl import WDGRL

METHODS: NameTable[Method] = NameTable(
    "method",
    {
        "source_only": SourceOnly(),
        "ada_bn": AdaBN(),
        "dan": DAN(),
        "jan": JAN(),
        "deep_coral": DeepCORAL(),
        "dann": DANN(),
        "cdan": CDAN(),
        "cdan_e": CDAN(entropy_conditioning=True),
        "adda": ADDA(),
        "wdgrl": WDGRL(),
        "mcd": MCD(),
        "mcc": MCC(),
        "bnm": BNM(),
        "self_ensembling": SelfEnsembling(),
        "mme": MME(),
        "group_dro": GroupDRO(),
        "m3sda": M3SDA(),
        "pada": PADA(),
        "osbp": OSBP(),
        "shot": SHOT(),
        "tent": Tent(),
        "uncertainty_weighting": UncertaintyWeighting(),
        "pcgrad": PCGrad(),
        "untrained": Untrained(),
        "simclr": SimCLR(),
        "target_only": TargetOnly(),
    },
)

AnyMethod = Method | ClosedFormMethod

ALL_METHODS: NameTable[AnyMethod] = NameTable("method", {**METHODS, **EPISODIC, **CLOSED_FORM})
