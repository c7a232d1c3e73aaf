"""Domains, transfer tasks and the batches that are drawn from them."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.core.batch import EpisodicTest
    from xferlab.core.inputs import ArrayFile, StoredRows
    from xferlab.data.catalogue.array_records import tfds_builder
    from xferlab.data.catalogue.digits import digits_domain, digits_present
    from xferlab.data.catalogue.domains import DOMAINS
    from xferlab.data.catalogue.load import domain_of, load_raw
    from xferlab.data.domain import Domain
    from xferlab.data.feeds.resident import Resident, draw_batch, to_resident
    from xferlab.data.feeds.scaling import scale_inputs
    from xferlab.data.feeds.streamed import stream_batches
    from xferlab.data.left_out import leave_one_out
    from xferlab.data.made.moons import moons
    from xferlab.data.made.optdigits import optdigits
    from xferlab.data.made.turned_digits import turned_digits
    from xferlab.data.readers.arrays import domain_from_arrays, domain_from_npz
    from xferlab.data.readers.csv import domains_from_csv
    from xferlab.data.readers.folders import domain_from_folder
    from xferlab.data.readers.tables import domain_from_table
    from xferlab.data.readers.tfds import domain_from_tfds
    from xferlab.data.shots import draw_shots
    from xferlab.data.split import Split, split_train_test
    from xferlab.data.stream import as_stream
    from xferlab.data.task import HeldOut, TransferTask

__all__ = [
    "DOMAINS",
    "ArrayFile",
    "Domain",
    "EpisodicTest",
    "HeldOut",
    "Resident",
    "Split",
    "StoredRows",
    "TransferTask",
    "as_stream",
    "digits_domain",
    "digits_present",
    "domain_from_arrays",
    "domain_from_folder",
    "domain_from_npz",
    "domain_from_table",
    "domain_from_tfds",
    "domain_of",
    "domains_from_csv",
    "draw_batch",
    "draw_shots",
    "leave_one_out",
    "load_raw",
    "moons",
    "optdigits",
    "scale_inputs",
    "split_train_test",
    "stream_batches",
    "tfds_builder",
    "to_resident",
    "turned_digits",
]
