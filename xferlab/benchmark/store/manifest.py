"""What a folder of runs holds of a suite: its header, its tasks and its runs, in one small file.

`<out>/<suite>.suite` gathers the runs of every request of a suite in that folder, so that a request
for some methods adds to the table and takes none away. Runs of another setup (other data, network,
budget or code) do not share a table: the earlier table then keeps its files under another name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from xferlab.benchmark.store.folders import seal, unseal
from xferlab.benchmark.store.spec import RunSpec
from xferlab.benchmark.suites.header import SuiteHeader
from xferlab.core.errors import InputError
from xferlab.core.files import disk_errors, write_aside
from xferlab.core.seeds import digest

SUFFIX = ".suite"
KEPT_STAGES = "Kept stages:"
"""How a protocol's sentence about a row that begins with kept stages begins."""


@dataclasses.dataclass(frozen=True)
class ManifestRun:
    """A run of a suite, whether it is finished or not.

    Attributes:
        digest: its identity.
        task: as in its spec.
        method: as in its spec.
        hyper: as in its spec.
        seed: as in its spec.
        failed: why it could not run, '' where it was not tried or is finished.
    """

    digest: str
    task: str
    method: str
    hyper: str
    seed: int
    failed: str = ""

    @classmethod
    def of(cls, spec: RunSpec) -> ManifestRun:
        """Returns the entry of a run."""
        return cls(spec.digest, spec.task.name, spec.method.name, spec.hyper_json, spec.seed)

    @property
    def cell(self) -> tuple[str, str, str, int]:
        """The place of the run in a table, which one run has at a time."""
        return self.task, self.method, self.hyper, self.seed


@dataclasses.dataclass(frozen=True)
class Manifest:
    """The runs of a suite in a folder.

    Attributes:
        header: what tables and reports say about the suite.
        setups: task → digest of what all methods share there: data, network, budget and code.
        runs: in the order of the table.
    """

    header: SuiteHeader
    setups: Mapping[str, str]
    runs: tuple[ManifestRun, ...]

    @property
    def digests(self) -> list[str]:
        """The identities of the runs."""
        return [run.digest for run in self.runs]

    @property
    def setup(self) -> str:
        """Six hex digits that tell this table from one of another setup."""
        return digest(dict(self.setups))[:6]

    def shares_table_with(self, other: Manifest) -> bool:
        """Tells whether no task of both has another setup in the other."""
        both = self.setups.keys() & other.setups.keys()
        return all(self.setups[task] == other.setups[task] for task in both)

    def joined(self, newer: Manifest) -> Manifest:
        """Returns the runs of both; of two in one place the newer one stays."""
        taken = {run.cell for run in newer.runs}
        kept = tuple(run for run in self.runs if run.cell not in taken)
        tasks = {**self.setups, **newer.setups}
        names = {**self.header.class_names, **newer.header.class_names}
        # What is said of tasks that only the older has, their networks and data, stays with them.
        # So does what is said of rows that begin with kept stages, which stay in the table.
        all_stays = bool(self.setups.keys() - newer.setups.keys())
        older = (s for s in self.header.protocol if all_stays or s.startswith(KEPT_STAGES))
        protocol = tuple(dict.fromkeys((*older, *newer.header.protocol)))
        header = dataclasses.replace(newer.header, class_names=names, protocol=protocol)
        return Manifest(header, tasks, kept + newer.runs)

    def with_failures(self, failed: Mapping[str, str]) -> Manifest:
        """Returns the manifest with the reasons, by digest, why runs could not run."""
        runs = (dataclasses.replace(r, failed=failed.get(r.digest, r.failed)) for r in self.runs)
        return dataclasses.replace(self, runs=tuple(runs))


def manifest_path(folder: Path, manifest: Manifest) -> Path:
    """Returns where a manifest stands."""
    return folder / f"{manifest.header.name}{SUFFIX}"


def store_manifest(folder: Path, manifest: Manifest) -> tuple[Manifest, tuple[str, ...]]:
    """Joins a request to what the folder holds of its suite, and writes the file.

    Returns:
        The manifest with the earlier runs, and sentences about what happened to earlier files.

    Raises:
        InputError: the file cannot be written.
    """
    path = manifest_path(folder, manifest)
    remarks: list[str] = []
    if path.exists():
        try:
            earlier = read_manifest(path)
        except InputError as error:
            aside = path.with_name(f"{path.name}.damaged")
            remarks.append(f"{error}; it is kept as {aside.name!r}, and {path.name!r} begins anew")
            with disk_errors(path):
                path.replace(aside)
        else:
            if earlier.shares_table_with(manifest):
                manifest, remarks = earlier.joined(manifest), _replaced(earlier, manifest)
            else:
                remarks.append(_put_aside(path, earlier))
    write_manifest(path, manifest)
    return manifest, tuple(remarks)


def _replaced(earlier: Manifest, newer: Manifest) -> list[str]:
    """Returns a sentence about the runs whose place in the table others take."""
    now = {run.cell: run.digest for run in newer.runs}
    gone = [r for r in earlier.runs if r.cell in now and now[r.cell] != r.digest]
    methods = ", ".join(dict.fromkeys(run.method for run in gone))
    if not gone:
        return []
    return [
        f"{len(gone)} earlier runs of {methods} leave the table for those of the method as it is"
        " now; they stay in the folder"
    ]


def _put_aside(path: Path, earlier: Manifest) -> str:
    """Renames the files of an earlier table, and returns a sentence about it."""
    name = f"{earlier.header.name}-{earlier.setup}"
    header = dataclasses.replace(earlier.header, name=name)
    write_manifest(path.with_name(f"{name}{SUFFIX}"), dataclasses.replace(earlier, header=header))
    stem = path.name.removesuffix(SUFFIX)
    with disk_errors(path):
        for other in path.parent.glob(f"{stem}.*"):
            if other != path and other.is_file():
                other.replace(other.with_name(f"{name}{other.name.removeprefix(stem)}"))
    return (
        f"the folder held runs of {stem!r} with other data, network, budget or code: they do not"
        f" share a table with these, and keep theirs as {name!r}"
    )


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Writes what a report needs beside the runs. Raises InputError if it cannot be written."""
    with disk_errors(path):
        write_aside(path, seal(dataclasses.asdict(manifest), indent=1))


def read_manifest(path: Path) -> Manifest:
    """Returns a suite's manifest. Raises InputError if it is damaged."""
    try:
        content = unseal(path.read_bytes())
        header = content["header"]
        for name in {"protocol", "further_metrics"} & header.keys():
            header[name] = tuple(header[name])
        header["class_names"] = {t: tuple(names) for t, names in header["class_names"].items()}
        runs = tuple(ManifestRun(**run) for run in content["runs"])
        return Manifest(SuiteHeader(**header), content["setups"], runs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{str(path)!r} is damaged ({type(error).__name__}: {error}); the same `xferlab bench`"
            " writes it anew"
        ) from error


def find_manifests(folder: Path) -> dict[str, Path]:
    """Returns the manifests of a folder by the name of their suite."""
    return {path.name.removesuffix(SUFFIX): path for path in sorted(folder.glob(f"*{SUFFIX}"))}
