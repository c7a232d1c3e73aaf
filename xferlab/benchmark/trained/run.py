"""`TrainedRun`: a finished run whose network was kept, in the hands of its user."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float, Int
from scipy.special import softmax

from xferlab.benchmark.store.folders import checked_files
from xferlab.benchmark.store.load import spec_from_json
from xferlab.benchmark.store.model_files import MODEL, ModelFile
from xferlab.benchmark.trained.forward import Forward, method_of
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.files import aside, disk_errors
from xferlab.core.heads import Head, Labels
from xferlab.core.inputs import Inputs
from xferlab.core.outputs import HostOutput
from xferlab.core.roles import SOURCE, TARGET, Role
from xferlab.data.entrance import as_path
from xferlab.data.features.preparation import Preparation
from xferlab.data.labels import integer_labels
from xferlab.evaluation.metric_table import metric_of, read_off, score_head
from xferlab.methods.base import Method


class TrainedRun:
    """A trained network with all that later inputs need: preparation, classes, history.

    `xferlab.train` and `xferlab.load_run` return it.

    Attributes:
        spec: what the run was: task, method, network, training options, seed.
        class_names: label i means class_names[i]; where the target has classes that the source
            lacks, 'unknown' is the last.
        heads: what the network predicts, the classes first.
        params: the parameters as nested dicts of NumPy arrays, by network.
        statistics: averages of batch norm and other variables, likewise.
        preparation: how inputs of source and target are brought to what the network reads.
    """

    def __init__(self, files: Mapping[str, bytes], method: Method, where: str):
        """Takes the files of a run's folder, and the method that predicts.

        Raises:
            InputError: the method's networks are others than those that were kept.
        """
        model = ModelFile.from_bytes(files[MODEL], where)
        self._files = dict(files)
        self.spec = spec_from_json(json.loads(files["spec.json"]), where)
        self.class_names = tuple(model.notes["class_names"])
        self.heads = tuple(
            Head(name, kind, size, tuple(names)) for name, kind, size, names in model.notes["heads"]
        )
        self.params = model.tree("params")
        self.statistics = model.tree("statistics")
        self.preparation: dict[Role, Preparation] = {
            role: Preparation.from_parts(model.notes["inputs"][role], model.under(f"inputs/{role}"))
            for role in (SOURCE, TARGET)
        }
        self._forward = Forward(self.spec, model, method)

    def __repr__(self) -> str:
        """Names method, task and seed."""
        return f"TrainedRun({self.spec.title})"

    def outputs(self, inputs: Inputs, *, role: Role = TARGET) -> HostOutput:
        """Returns features and the outputs of all heads, NumPy.

        Args:
            inputs: examples as the domain's own came, [n, ...], before any scaling.
            role: whose inputs they are, 'source' or 'target': batch norm may have statistics of
                each, and a target with its own inputs an encoder.

        Raises:
            InputError: inputs of another shape or dtype than those of that domain, or an unknown
                role.
        """
        if role not in self.preparation:
            raise unknown_name("role", str(role), self.preparation)
        return self._forward(self.preparation[role](inputs), role)

    def predict(self, inputs: Inputs, *, role: Role = TARGET) -> Int[np.ndarray, " n"]:
        """Returns the predicted class of each example, a place in `class_names`; see `outputs`."""
        return self.outputs(inputs, role=role).classes

    def predict_proba(self, inputs: Inputs, *, role: Role = TARGET) -> Float[np.ndarray, "n k"]:
        """Returns the softmax of the logits of the classes that the source has; see `outputs`."""
        return softmax(self.outputs(inputs, role=role).logits, axis=1)

    def features(self, inputs: Inputs, *, role: Role = TARGET) -> Float[np.ndarray, "n d"]:
        """Returns the features of each example; see `outputs`."""
        return self.outputs(inputs, role=role).features

    def score(
        self, inputs: Inputs, labels: Any, *, metric: str = "accuracy", role: Role = TARGET
    ) -> float:
        """Returns a metric of the predictions, a fraction where it is in percent in tables.

        Args:
            inputs: as `outputs` takes them.
            labels: true ones, [n]: of the class, places in `class_names`.
            metric: a name of `xferlab list`, with 'head/' before it for another head.
            role: as `outputs` takes it.

        Raises:
            InputError: see `outputs`; an unknown metric, one that is not defined on these labels,
                or another number of them.
        """
        place, measure = metric_of(self.heads, metric)
        classes = self.heads[place].kind == "classes"
        values = integer_labels(labels, "score") if classes else np.asarray(labels)
        if len(values) != len(inputs):
            raise InputError(f"score: {len(values)} labels for {len(inputs)} inputs. Give one each")
        predicted = read_off(self.heads, self.outputs(inputs, role=role))[place]
        value = score_head(measure, self.heads[place], predicted, Labels(values))
        if value is None or measure.probe is not None:
            raise InputError(f"metric {metric!r} is not defined on these labels. Choose another")
        return value

    @functools.cached_property
    def history(self) -> pd.DataFrame:
        """A row for each logged step: the loss terms, and at evaluations metrics and validators.

        What has no value at a step is NaN. Metrics of the target need its labels, and are unscaled.
        """
        rows: dict[int, dict[str, float]] = {}
        for text in self._files["metrics.jsonl"].splitlines():
            line = json.loads(text)
            own = rows.setdefault(line["step"], {})
            for kind in ("terms", "metrics", "validators"):
                own |= {f"{kind}/{name}": value for name, value in line.get(kind, {}).items()}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("step").sort_index()

    def save(self, folder: str | Path) -> Path:
        """Writes the run's files to a folder, from which `xferlab.load_run` reads them.

        Raises:
            InputError: the folder exists, or cannot be written.
        """
        path = as_path(folder).expanduser()
        if path.exists():
            raise InputError(f"{path} exists; give a new folder, so that nothing is overwritten")
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with aside(path) as beside:
                beside.mkdir()
                for name, data in self._files.items():
                    (beside / name).write_bytes(data)
        return path


def load_run(folder: str | Path, *, method: str | type[Method] | None = None) -> TrainedRun:
    """Returns a finished run that kept its network, from its folder or from where it was saved.

    Nothing in the folder is executed: weights are in safetensors, all else is JSON and NumPy's
    plain arrays.

    Args:
        folder: such as runs/<digest>, which `xferlab train` and `bench --keep_weights` write.
        method: of a run by a method from outside the package, its class, or
            'path/to/file.py:Class'.

    Raises:
        InputError: no such folder, files that are missing or damaged, a run that kept no network,
            or another method than the run's.
    """
    path = as_path(folder).expanduser()
    if not (path / "DONE").is_file():
        raise InputError(
            f"{path} is no finished run. Give a folder such as runs/<digest>, that `xferlab train`"
            " or `xferlab bench --keep_weights` wrote"
        )
    if not (path / MODEL).is_file():
        raise InputError(
            f"the run of {path} kept no network. `xferlab train` keeps it, and `xferlab bench"
            " --keep_weights`: the same command trains the run again; closed-form methods have none"
        )
    try:
        files = checked_files(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"the run of {path} is damaged ({type(error).__name__}: {error}). Train it again, or"
            " copy its folder anew"
        ) from error
    spec = spec_from_json(json.loads(files["spec.json"]), str(path))
    done = {"DONE": (path / "DONE").read_bytes()}
    return TrainedRun(files | done, method_of(spec, method), str(path))
