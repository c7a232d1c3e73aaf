"""Domains, transfer tasks and the batches that are drawn from them."""

from etils import epy

with epy.lazy_api_imports(globals()):
    from xferlab.data.builder import tfds_builder
    from xferlab.data.catalogue import DOMAINS
    from xferlab.data.csv_reader import domains_from_csv
    from xferlab.data.digits import digits_domain, digits_present
    from xferlab.data.domain import Domain
    from xferlab.data.folder_reader import domain_from_folder
    from xferlab.data.optdigits_copies import optdigits
    from xferlab.data.plain import domain_of, load_raw
    from xferlab.data.readers import domain_from_arrays, domain_from_npz
    from xferlab.data.resident import Resident, draw_batch, to_resident
    from xferlab.data.scaling import scale_inputs
    from xferlab.data.split import Split, split_train_test
    from xferlab.data.streaming import stream_batches
    from xferlab.data.task import HeldOut, TransferTask
    from xferlab.data.tfds_reader import domain_from_tfds
    from xferlab.data.two_moons import moons

__all__ = [
    "DOMAINS",
    "Domain",
    "HeldOut",
    "Resident",
    "Split",
    "TransferTask",
    "digits_domain",
    "digits_present",
    "domain_from_arrays",
    "domain_from_folder",
    "domain_from_npz",
    "domain_from_tfds",
    "domain_of",
    "domains_from_csv",
    "draw_batch",
    "load_raw",
    "moons",
    "optdigits",
    "scale_inputs",
    "split_train_test",
    "stream_batches",
    "tfds_builder",
    "to_resident",
]
