"""Checkpoints of a training in progress, by Orbax: everything that the rest of it depends on."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xferlab.core.errors import InputError
from xferlab.core.seeds import canonical_json
from xferlab.training.run import Training
from xferlab.training.step import TrainState

_ORBAX = threading.Lock()
"""Orbax checkpointers are not thread-safe; packs that train side by side take turns."""


class Checkpoint:
    """The latest checkpoint of one pack in a folder of its own.

    It holds the stage, the whole training state (parameters, batch-norm averages, optimiser,
    method state, key, step) and the caller's journal: what was recorded so far, as plain JSON.
    The data position is a function of key and step and needs no storing.
    """

    def __init__(self, folder: Path, identity: Any):
        """Names the folder and what the checkpoint must belong to.

        Args:
            folder: created at the first save.
            identity: plain JSON that a checkpoint must repeat to be resumed: the runs of the pack
                and the versions and devices whose change would change last bits.
        """
        self.folder = folder.resolve()
        self._identity = canonical_json(identity)

    def save(self, training: Training, journal: Any) -> None:
        """Saves the training and the journal; an older checkpoint goes only after this one stands.

        Raises:
            OSError: if the disk is full or the folder cannot be written.
        """
        notes = {
            "stage": training.stage,
            "identity": self._identity,
            "journal": canonical_json(journal),
        }
        notes["checksum"] = _checksum(notes, training.state)
        try:
            with _ORBAX, self._open() as checkpointer:
                checkpointer.save_checkpointables(
                    training.step,
                    {"state": training.state._asdict()},
                    custom_metadata=notes,
                    overwrite=True,
                )
        except ValueError as error:  # TensorStore's form of an OSError.
            if "RESOURCE_EXHAUSTED" not in str(error):
                raise
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error

    def restore(self, training: Training) -> Any | None:
        """Puts a new training where the checkpoint left off and returns the journal.

        Returns:
            None, and leaves the training at its start, where there is no checkpoint. One of
            another identity is removed: later steps would keep Orbax from saving earlier ones.

        Raises:
            InputError: if the checkpoint is damaged.
        """
        if not self.folder.is_dir():
            return None
        try:
            with _ORBAX, self._open() as checkpointer:
                if checkpointer.latest is None:
                    return None
                notes = checkpointer.checkpointables_metadata(checkpointer.latest).custom_metadata
                if notes["identity"] != self._identity:
                    self.clear()
                    return None
                training.restore(notes["stage"], lambda template: _load(checkpointer, template))
                if notes.pop("checksum") != _checksum(notes, training.state):
                    raise ValueError("its content is not what was saved")
        except Exception as error:
            raise InputError(
                f"checkpoint {str(self.folder)!r} cannot be read ({type(error).__name__}:"
                f" {str(error)[:200]}). Delete that folder to train these runs from the start;"
                " finished runs are kept"
            ) from error
        return json.loads(notes["journal"])

    def clear(self) -> None:
        """Removes the checkpoint once its runs are recorded."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self) -> Any:
        from orbax.checkpoint import v1 as ocp

        keep_latest: Any = ocp.training.preservation_policies.LatestN(1)
        return ocp.training.Checkpointer(
            str(self.folder), preservation_policy=keep_latest, cleanup_tmp_directories=True
        )


def _checksum(notes: dict[str, Any], state: TrainState) -> str:
    """Returns the SHA-256 of all that a checkpoint holds; Orbax checks only a part of it."""
    hasher = hashlib.sha256(canonical_json(notes).encode())
    for leaf in jax.tree.leaves(state):
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        hasher.update(np.asarray(jax.random.key_data(leaf) if is_key else leaf).tobytes())
    return hasher.hexdigest()


def _load(checkpointer: Any, template: TrainState) -> TrainState:
    abstract = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=leaf.sharding),
        template._asdict(),
    )
    return TrainState(**checkpointer.load_checkpointables(None, {"state": abstract})["state"])
