"""A folder of runs: what is asked for adds to its tables, nothing vanishes, damage is found."""

import dataclasses
import json

import pytest

from tests.benchmark.tiny import NETWORK, tiny_packs, tiny_suite, tiny_task
from xferlab.benchmark.runs.suite_run import make_manifest
from xferlab.benchmark.store.manifest import (
    ManifestRun,
    find_manifests,
    read_manifest,
    store_manifest,
    write_manifest,
)
from xferlab.core.errors import InputError

pytestmark = pytest.mark.fast


def manifest(suite=None, **packs):
    suite = suite or tiny_suite()
    return make_manifest(suite.header, tiny_packs(suite, **packs))


def with_options(suite, **changes):
    tasks = (
        dataclasses.replace(each, training=dataclasses.replace(each.training, **changes))
        for each in suite.tasks
    )
    return dataclasses.replace(suite, tasks=tuple(tasks))


def cells(found):
    return [(run.method, run.seed) for run in found.runs]


def test_what_was_written_is_read(tmp_path):
    written, remarks = store_manifest(tmp_path, manifest(methods=["dann", "pca"], seeds=2))
    assert remarks == ()
    assert read_manifest(tmp_path / "tiny.suite") == written
    assert cells(written) == [("dann", 0), ("dann", 1), ("pca", 0)]
    assert list(find_manifests(tmp_path)) == ["tiny"]


def test_a_request_for_some_methods_keeps_the_others(tmp_path):
    store_manifest(tmp_path, manifest(methods=["source_only", "dann"], seeds=2))
    joined, remarks = store_manifest(tmp_path, manifest(methods=["mcc", "dann"], seeds=1))
    assert remarks == [] or remarks == ()
    assert set(cells(joined)) == {
        *(("source_only", s) for s in (0, 1)),
        *(("dann", s) for s in (0, 1)),
        ("mcc", 0),
    }
    assert len(set(joined.digests)) == len(joined.runs) == 5
    whole, _ = store_manifest(tmp_path, manifest(methods=["source_only", "dann", "mcc"], seeds=2))
    assert cells(whole) == [(m, s) for m in ("source_only", "dann", "mcc") for s in (0, 1)]


OTHER_SETUPS = {
    "steps": lambda suite: with_options(suite, steps=9),
    "learning rate": lambda suite: with_options(suite, lr=0.5),
    "network": lambda suite: dataclasses.replace(
        suite,
        tasks=(
            dataclasses.replace(suite.tasks[0], network=dataclasses.replace(NETWORK, hidden=(3,))),
        ),
    ),
    "data": lambda suite: dataclasses.replace(
        suite,
        tasks=(
            dataclasses.replace(
                suite.tasks[0], task=dataclasses.replace(tiny_task(tiny_task().source))
            ),
        ),
    ),
}


@pytest.mark.parametrize("change", OTHER_SETUPS.values(), ids=OTHER_SETUPS)
def test_runs_of_another_setup_keep_their_own_table(tmp_path, change):
    first, _ = store_manifest(tmp_path, manifest(methods=["source_only", "dann"]))
    for suffix in ("md", "csv", "comparison.csv", "html"):
        (tmp_path / f"tiny.{suffix}").write_text(f"earlier {suffix}")
    (tmp_path / "tiny_other.md").write_text("of another suite")
    second, remarks = store_manifest(tmp_path, manifest(change(tiny_suite())))
    assert len(remarks) == 1 and "do not share a table" in remarks[0]
    name = f"tiny-{first.setup}"
    assert set(find_manifests(tmp_path)) == {"tiny", name}
    kept = read_manifest(tmp_path / f"{name}.suite")
    assert (kept.header.name, kept.runs) == (name, first.runs)
    assert read_manifest(tmp_path / "tiny.suite").runs == second.runs
    assert (tmp_path / f"{name}.comparison.csv").read_text() == "earlier comparison.csv"
    assert not (tmp_path / "tiny.md").exists()
    assert (tmp_path / "tiny_other.md").read_text() == "of another suite"


def test_swept_training_options_are_no_other_setup(tmp_path):
    """A method's own learning rate is a hyper-parameter, not the budget of the table."""
    packs = tiny_packs(methods=["source_only", "dann"])
    spec, method = packs[1].runs[0]
    swept = dataclasses.replace(spec, training=dataclasses.replace(spec.training, lr=0.7))
    packs[1] = packs[1]._replace(runs=((swept, method),))
    joined, remarks = store_manifest(tmp_path, make_manifest(tiny_suite().header, packs))
    again, more = store_manifest(tmp_path, manifest(methods=["source_only"]))
    assert not remarks and not more
    assert again.setups == joined.setups and len(again.runs) == 2


def test_an_edited_method_takes_the_place_of_its_earlier_self(tmp_path):
    earlier, _ = store_manifest(tmp_path, manifest(methods=["source_only", "dann"], seeds=2))
    renew = {run.digest: run.digest[::-1] for run in earlier.runs if run.method == "dann"}
    runs = (dataclasses.replace(r, digest=renew.get(r.digest, r.digest)) for r in earlier.runs)
    newer, remarks = store_manifest(tmp_path, dataclasses.replace(earlier, runs=tuple(runs)))
    assert len(newer.runs) == 4 and set(renew.values()) <= set(newer.digests)
    (said,) = remarks
    assert "2 earlier runs of dann leave the table" in said and "stay in the folder" in said


def test_reasons_of_failures_are_kept_and_cleared():
    both = manifest(methods=["source_only", "dann"])
    first, second = both.digests
    failed = both.with_failures({second: "dims=9"})
    assert [run.failed for run in failed.runs] == ["", "dims=9"]
    assert [run.failed for run in failed.with_failures({first: "x"}).runs] == ["x", "dims=9"]
    assert [run.failed for run in failed.with_failures({second: ""}).runs] == ["", ""]
    assert ManifestRun.of(tiny_packs()[0].runs[0][0]).failed == ""


def test_any_flipped_bit_of_a_manifest_is_found(tmp_path):
    store_manifest(tmp_path, manifest(methods=["source_only"]))
    path = tmp_path / "tiny.suite"
    whole = path.read_bytes()
    content = json.loads(whole)
    for place in range(0, len(whole), 7):
        for bit in (0, 3, 7):
            data = bytearray(whole)
            data[place] ^= 1 << bit
            path.write_bytes(data)
            try:
                read_manifest(path)
            except InputError as error:
                assert "is damaged" in str(error)
            else:  # White space between the values says nothing.
                assert json.loads(data) == content, (place, bit)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"null", b'{"sha256": 3}', b"\xff"])
def test_a_damaged_manifest_is_kept_aside_and_begun_anew(tmp_path, content):
    (tmp_path / "tiny.suite").write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        read_manifest(tmp_path / "tiny.suite")
    stored, (said,) = store_manifest(tmp_path, manifest())
    assert "damaged" in said and "begins anew" in said
    assert read_manifest(tmp_path / "tiny.suite") == stored
    assert (tmp_path / "tiny.suite.damaged").read_bytes() == content
    write_manifest(tmp_path / "tiny.suite", stored)
    assert store_manifest(tmp_path, manifest())[0] == stored
