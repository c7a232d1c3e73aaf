"""Finished runs on disk: one folder a run, complete or not there at all.

`<root>/<digest>/` holds spec.json, metrics.jsonl, predictions.npz, environment.json, timing.json,
perhaps outputs.npz, model.safetensors and, of kept stages, weights.npz, and DONE, which lists the
SHA-256 of the others except the times, which have their own. The folder is written aside and
renamed, so a run that was killed leaves nothing behind that could be taken for a result.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from xferlab.benchmark.store.model_files import MODEL
from xferlab.benchmark.store.outputs import OUTPUTS
from xferlab.core import seeds
from xferlab.core.errors import InputError
from xferlab.core.files import aside, disk_errors, remove_left
from xferlab.core.tree_files import arrays_from_bytes, arrays_to_bytes

if TYPE_CHECKING:
    from xferlab.benchmark.store.spec import RunSpec

SEAL = "sha256"
"""The key under which a sealed file has the digest of the rest."""
DONE = "DONE"
CHECKED = ("spec.json", "metrics.jsonl", "predictions.npz", "environment.json")


class StoreError(InputError):
    """A folder of runs that is not what it should be: no run of a suite can go on."""


class DamagedRunError(StoreError):
    """A finished run whose files are not what was written. It can be trained anew."""


class RunStore:
    """The folder of runs. Safe for several processes: a run is locked while it trains."""

    def __init__(self, root: Path):
        """Creates the folder. Raises InputError if it cannot be written."""
        self.root = root
        with disk_errors(root):
            root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=root) as probe:
                probe.write(b"0")

    def folder(self, digest: str) -> Path:
        """Returns where a run's results are or will be."""
        return self.root / digest

    def checkpoint_folder(self, digest: str) -> Path:
        """Returns where the pack with this first run keeps its checkpoints."""
        return self.root / ".checkpoints" / digest

    def is_done(self, spec: RunSpec) -> bool:
        """Tells whether the run is there, after checking that the folder belongs to the spec.

        Raises:
            DamagedRunError: if a file is missing or not what was written.
            StoreError: if the folder holds another run.
        """
        if not self.has(spec.digest):
            return False
        self.read(spec.digest)
        return True

    def has(self, digest: str) -> bool:
        """Tells whether a finished run of that digest is there, without reading it."""
        return (self.folder(digest) / DONE).is_file()

    def has_model(self, digest: str) -> bool:
        """Tells whether a run has kept its trained network, without reading it."""
        return (self.folder(digest) / MODEL).is_file()

    def write(
        self,
        spec: RunSpec,
        *,
        metrics: list[dict[str, Any]],
        arrays: Mapping[str, np.ndarray],
        environment: Mapping[str, Any],
        timing: Mapping[str, float],
        more: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        """Writes a finished run, with `more` files if any.

        Raises:
            InputError: the disk is full or the folder unwritable.
        """
        files = {
            "spec.json": _json_bytes(spec.to_json()),
            "metrics.jsonl": b"".join(_json_bytes(line) for line in metrics),
            "predictions.npz": arrays_to_bytes(arrays),
            "environment.json": _json_bytes(environment),
            **more,
        }
        files[DONE] = _json_bytes({name: _sha256(data) for name, data in files.items()})
        files["timing.json"] = seal(timing)
        target = self.folder(spec.digest)
        with disk_errors(target):
            remove_left(target)
            with aside(target) as folder:
                folder.mkdir()
                for name, data in files.items():
                    (folder / name).write_bytes(data)

    def read(self, digest: str) -> dict[str, Any]:
        """Returns a run's files: spec (plain JSON), metrics, arrays, environment and timing.

        Of a run of kept stages, `weights` are the bytes of its weights, of others None.

        Raises:
            DamagedRunError: if a file is missing or not what was written.
            StoreError: if the folder belongs to another spec.
        """
        folder = self.folder(digest)
        try:
            files = checked_files(folder)
            timing = {"seconds": float(unseal(files["timing.json"])["seconds"])}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedRunError(
                f"run folder {str(folder)!r} is damaged ({type(error).__name__}: {error}). The same"
                " `xferlab bench` trains that run anew; the other runs are kept"
            ) from error
        spec = json.loads(files["spec.json"])
        own_digest = seeds.digest(spec)
        if own_digest != digest:
            raise StoreError(
                f"run folder {str(folder)!r} belongs to another run ({own_digest}, task"
                f" {spec['task']['name']!r}, method {spec['method']['name']!r}). Move it away or"
                " choose another --out"
            )
        return {
            "spec": spec,
            "metrics": [json.loads(line) for line in files["metrics.jsonl"].splitlines()],
            "arrays": arrays_from_bytes(files["predictions.npz"]),
            "environment": json.loads(files["environment.json"]),
            "timing": timing,
            "weights": files.get("weights.npz"),
        }

    def read_outputs(self, digest: str) -> dict[str, np.ndarray]:
        """Returns the outputs that a run kept, see `outputs`; nothing where it kept none.

        Raises:
            DamagedRunError: if they are not what was written.
        """
        folder = self.folder(digest)
        try:
            expected = json.loads((folder / DONE).read_bytes()).get(OUTPUTS)
            data = b"" if expected is None else (folder / OUTPUTS).read_bytes()
            if expected not in (None, _sha256(data)):
                raise ValueError(f"{OUTPUTS} is not what {DONE} says")
        except (OSError, ValueError) as error:
            raise DamagedRunError(
                f"the outputs that run folder {str(folder)!r} kept are damaged"
                f" ({type(error).__name__}: {error}). Delete the folder: the same `xferlab bench`"
                " trains that run anew"
            ) from error
        return arrays_from_bytes(data) if data else {}

    @contextlib.contextmanager
    def locked(self, digests: list[str]) -> Iterator[bool]:
        """Holds the locks of several runs, or yields False if another process holds one."""
        folder = self.root / ".locks"
        with contextlib.ExitStack() as stack:
            with disk_errors(folder):
                folder.mkdir(exist_ok=True)
                free = _acquire(stack, [folder / digest for digest in sorted(digests)])
            yield free


def _acquire(stack: contextlib.ExitStack, paths: list[Path]) -> bool:
    """Takes every lock, or none and returns False."""
    try:
        for path in paths:
            stack.enter_context(filelock.FileLock(path, timeout=0))
    except filelock.Timeout:
        stack.close()
        return False
    return True


def seal(content: Mapping[str, Any], *, indent: int | None = None) -> bytes:
    """Returns plain JSON with a digest of itself, by which `unseal` finds any damage."""
    return _json_bytes(dict(content) | {SEAL: seeds.digest(dict(content))}, indent)


def unseal(data: bytes) -> dict[str, Any]:
    """Returns what was sealed. Raises ValueError, TypeError or KeyError if it is damaged."""
    content = dict(json.loads(data))
    expected = content.pop(SEAL)
    if seeds.digest(content) != expected:
        raise ValueError("its content is not what was written")
    return content


def checked_files(folder: Path) -> dict[str, bytes]:
    """Returns the bytes of a run's files. Raises ValueError or OSError if they are damaged."""
    sums = dict(json.loads((folder / DONE).read_bytes()))
    names = dict.fromkeys((*CHECKED, *sums))
    files = {name: (folder / name).read_bytes() for name in (*names, "timing.json")}
    for name in names:
        if sums.get(name) != _sha256(files[name]):
            raise ValueError(f"{name} is not what {DONE} says")
    return files


def _json_bytes(value: Any, indent: int | None = None) -> bytes:
    return (json.dumps(value, sort_keys=True, indent=indent) + "\n").encode()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
