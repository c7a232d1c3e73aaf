"""Getting data sets from a server on this machine: whole, cut off, wrong, gone, malicious."""

import gzip
import hashlib
import http.server
import io
import tarfile
import threading
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.io

from tests.data.made_sets import CLASSES, READINGS, made_split, make_set, use_catalogue, write_pair
from xferlab.core.errors import InputError
from xferlab.data.catalogue.dataset import Download
from xferlab.data.catalogue.load import load_raw
from xferlab.data.catalogue.plain_file import read_plain, write_plain
from xferlab.data.catalogue.prepare import prepare
from xferlab.data.domain import Domain
from xferlab.data.raw import RawDomain
from xferlab.data.readers.archives import unpack
from xferlab.data.readers.arrays import domain_from_npz
from xferlab.data.readers.links import check_answers
from xferlab.data.readers.matlab import read_mat
from xferlab.data.readers.texts import read_json_lines


class Server:
    """Serves bytes by name; a length that is given in `lengths` is claimed whatever is sent."""

    def __init__(self):
        self.files, self.lengths, self.requests = {}, {}, []
        files, lengths, requests = self.files, self.lengths, self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.strip("/")
                requests.append(name)
                if name not in files:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(lengths.get(name, len(files[name]))))
                self.end_headers()
                self.wfile.write(files[name])

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def server():
    served = Server()
    yield served
    served.close()


@pytest.fixture(autouse=True)
def catalogue(monkeypatch):
    use_catalogue(monkeypatch, "xferlab.data.catalogue.load")


def pack(tmp_path, kind="zip"):
    """The bytes of an archive of the text form."""
    write_pair(tmp_path / "packed")
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            for path in (tmp_path / "packed").iterdir():
                archive.write(path, path.name)
    else:
        with tarfile.open(fileobj=file, mode="w:gz") as archive:
            archive.add(tmp_path / "packed", ".")
    return file.getvalue()


def downloaded(server, name="pair.zip", **known):
    return make_set(downloads=(Download(f"{server.url}/{name}", name, **known),))


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(("name", "kind"), [("pair.zip", "zip"), ("pair.tar.gz", "tar")])
def test_downloads_checks_unpacks_and_converts(tmp_path, server, name, kind):
    content = server.files[name] = pack(tmp_path, kind)
    known = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    said = []
    prepare(downloaded(server, name, **known), tmp_path, report=said.append)
    texts = ["left.txt", "right.txt"]
    assert left_in(tmp_path / "pair") == sorted(["left.npz", "right.npz", *texts, name])
    assert (read_plain(tmp_path / "pair/left.npz").train.inputs == made_split().inputs).all()
    assert any(server.url in line for line in said) and any("left.npz" in line for line in said)


def test_what_is_there_is_neither_downloaded_nor_read(tmp_path, server):
    for name in ("left", "right"):
        write_plain(tmp_path / "pair", name, RawDomain(made_split(), None, CLASSES))
    said = []
    prepare(downloaded(server), tmp_path, report=said.append)
    assert said == ["pair: is there"] and server.requests == [] and READINGS == []


def test_a_form_that_is_there_is_converted(tmp_path, server):
    write_pair(tmp_path / "pair")
    prepare(downloaded(server), tmp_path, report=lambda line: None)
    assert server.requests == [] and (tmp_path / "pair/right.npz").is_file()


def test_a_file_put_there_by_hand_is_checked_and_taken(tmp_path, server):
    content = pack(tmp_path)
    (tmp_path / "pair").mkdir()
    (tmp_path / "pair/pair.zip").write_bytes(content)
    prepare(downloaded(server, bytes=len(content)), tmp_path, report=lambda line: None)
    assert server.requests == [] and (tmp_path / "pair/left.npz").is_file()


@pytest.mark.parametrize("known", [{"bytes": 7}, {"sha256": "0" * 64}])
def test_a_wrong_file_put_there_by_hand_is_kept_and_refused(tmp_path, server, known):
    (tmp_path / "pair").mkdir()
    (tmp_path / "pair/pair.zip").write_bytes(pack(tmp_path))
    with pytest.raises(InputError, match=r"pair.zip has .*, expected .*remove it"):
        prepare(downloaded(server, **known), tmp_path, report=lambda line: None)
    assert left_in(tmp_path / "pair") == ["pair.zip"]


@pytest.mark.parametrize("known", [{"bytes": 7}, {"sha256": "0" * 64}])
def test_a_wrong_download_gets_no_name(tmp_path, server, known):
    server.files["pair.zip"] = pack(tmp_path)
    with pytest.raises(InputError) as caught:
        prepare(downloaded(server, **known), tmp_path, report=lambda line: None)
    for part in ("expected", f"{server.url}/pair.zip", f"{tmp_path}/pair/pair.zip", "Ask its aut"):
        assert part in str(caught.value)
    assert left_in(tmp_path / "pair") == []


def test_a_transfer_that_breaks_off_gets_no_name(tmp_path, server):
    server.files["pair.zip"] = pack(tmp_path)[:100]
    server.lengths["pair.zip"] = 5000
    with pytest.raises(InputError, match="put it there as"):
        prepare(downloaded(server), tmp_path, report=lambda line: None)
    assert left_in(tmp_path / "pair") == []


def test_an_archive_that_is_cut_off_is_refused(tmp_path, server):
    server.files["pair.tar.gz"] = pack(tmp_path, "tar")[:-60]
    with pytest.raises(InputError, match=r"cannot unpack .*pair.tar.gz|is no zip or tar archive"):
        prepare(downloaded(server, "pair.tar.gz"), tmp_path, report=lambda line: None)
    assert left_in(tmp_path / "pair") == ["pair.tar.gz"]


def test_a_dead_link_names_the_alternatives(tmp_path, server):
    with pytest.raises(InputError) as caught:
        prepare(downloaded(server), tmp_path, report=lambda line: None)
    for part in ("HTTP status 404", f"{tmp_path}/pair/pair.zip", "Ask its authors"):
        assert part in str(caught.value)


def test_no_network_is_said_at_once(tmp_path, server):
    dataset = downloaded(server)
    server.close()
    start = time.monotonic()
    with pytest.raises(
        InputError, match=r"cannot reach http.*no network here, or the link is dead"
    ):
        prepare(dataset, tmp_path, report=lambda line: None)
    assert time.monotonic() - start < 5


def test_a_silent_host_is_given_up(monkeypatch):
    import socket

    monkeypatch.setattr("xferlab.data.readers.links.CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(InputError, match="cannot reach"):
            check_answers(f"http://127.0.0.1:{port}/x")


def test_what_no_program_can_fetch(tmp_path):
    with pytest.raises(InputError, match=r"pair is not there.*Ask its authors"):
        prepare(make_set(), tmp_path, report=lambda line: None)


def test_tfds_is_asked_first(tmp_path, monkeypatch):
    split = made_split()
    domain = Domain("left", {"train": split, "test": split}, CLASSES)
    monkeypatch.setattr(
        "xferlab.data.catalogue.prepare.domain_from_tfds", lambda name, data_dir: domain
    )
    dataset = make_set(domains=("left",), tfds_name="left")
    prepare(dataset, tmp_path, report=lambda line: None)
    assert load_raw(dataset, tmp_path)["left"].test is not None


def test_where_tfds_fails_the_files_are_fetched(tmp_path, server, monkeypatch):
    def fail(name, data_dir):
        raise InputError("needs the Python module 'tensorflow'.")

    monkeypatch.setattr("xferlab.data.catalogue.prepare.domain_from_tfds", fail)
    server.files["pair.zip"] = pack(tmp_path)
    said = []
    download = Download(f"{server.url}/pair.zip", "pair.zip")
    prepare(make_set(tfds_name="pair", downloads=(download,)), tmp_path, report=said.append)
    assert (tmp_path / "pair/left.npz").is_file() and "tensorflow" in said[1]
    with pytest.raises(InputError, match=r"module 'tensorflow'. Ask its authors"):
        prepare(make_set("other", tfds_name="pair"), tmp_path, report=said.append)


def test_images_that_do_not_fit_stay_files(tmp_path, monkeypatch):
    from PIL import Image

    from tests.data.made_sets import IMAGES

    monkeypatch.setattr("xferlab.data.catalogue.image_tree.MAX_BYTES", 1000)
    for place in ("photo/no", "photo/yes", "drawing/no", "drawing/yes"):
        (tmp_path / "tree" / place).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "tree" / place / "1.png")
    said = []
    prepare(IMAGES, tmp_path, report=said.append)
    assert "tfds_builder" in said[0] and not list((tmp_path / "tree").glob("*.npz"))


def zipped(name, mode=0o100644):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("good.txt", "good")
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        archive.writestr(info, "/etc/passwd")
    return file.getvalue()


def tarred(name, kind=tarfile.REGTYPE, target=""):
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("good.txt"))
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        archive.addfile(member)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        zipped("../evil.txt"),
        zipped("a/../../evil.txt"),
        zipped("/evil.txt"),
        zipped("C:\\evil.txt"),
        zipped("..\\evil.txt"),
        zipped("link", 0o120777),
        tarred("../evil.txt"),
        tarred("/evil.txt"),
        tarred("link", tarfile.SYMTYPE, "../.."),
        tarred("link", tarfile.LNKTYPE, "/etc/passwd"),
        tarred("pipe", tarfile.FIFOTYPE),
    ],
)
def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path, content):
    folder = tmp_path / "outer/folder"
    folder.mkdir(parents=True)
    (folder / "archive").write_bytes(content)
    with pytest.raises(InputError, match=r"is refused: its member '.*' (would be|is a link)"):
        unpack(folder / "archive", folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["outer", "folder", "archive"]


BOMB = bytes(300 * 2**20)


def bomb(kind):
    """300 MB of zeros in a few hundred kilobytes."""
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", BOMB)
    else:
        with tarfile.open(fileobj=file, mode=kind, compresslevel=1) as archive:
            member = tarfile.TarInfo("zeros")
            member.size = len(BOMB)
            archive.addfile(member, io.BytesIO(BOMB))
    return file.getvalue()


@pytest.mark.parametrize("kind", ["zip", "w:gz", "w:bz2"])
def test_an_archive_that_fills_the_disk_is_refused_before_it_does(tmp_path, kind):
    (tmp_path / "archive").write_bytes(bomb(kind))
    with pytest.raises(InputError, match=r"becomes 3145728.. or more.*200 times its size"):
        unpack(tmp_path / "archive", tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["archive"]


def test_an_archive_for_which_there_is_no_room_is_refused(tmp_path, monkeypatch):
    (tmp_path / "archive").write_bytes(pack(tmp_path))
    monkeypatch.setattr("shutil.disk_usage", lambda folder: SimpleNamespace(free=100))
    with pytest.raises(InputError, match="there is room for 100"):
        unpack(tmp_path / "archive", tmp_path / "unpacked")
    assert not (tmp_path / "unpacked").exists()


def test_files_that_fill_the_memory_are_refused_before_they_do(tmp_path):
    zeros = np.frombuffer(BOMB, np.uint8)
    np.savez_compressed(tmp_path / "bomb.npz", x=zeros, y=np.zeros(2, int))
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(BOMB, 9))
    scipy.io.savemat(tmp_path / "bomb.mat", {"x": zeros}, do_compression=True)
    for name, read in (
        ("bomb.npz", domain_from_npz),
        ("bomb.npz", read_plain),
        ("bomb.gz", lambda path: read_json_lines(path, ["text"])),
        ("bomb.mat", lambda path: read_mat(path, "x")),
    ):
        with pytest.raises(InputError, match=rf"{name} has \d+ bytes and becomes \d+ or more"):
            read(tmp_path / name)


def test_a_page_in_the_place_of_an_archive(tmp_path):
    (tmp_path / "pair.zip").write_text("<html>Please log in</html>")
    with pytest.raises(InputError, match="is no zip or tar archive"):
        unpack(tmp_path / "pair.zip", tmp_path)


def test_unpacking_goes_on_after_an_interruption(tmp_path, monkeypatch):
    (tmp_path / "pair").mkdir()
    (tmp_path / "pair/pair.zip").write_bytes(pack(tmp_path))
    dataset = make_set(downloads=(Download("http://127.0.0.1:9/pair.zip", "pair.zip"),))

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare(dataset, tmp_path, report=lambda line: None)
    prepare(dataset, tmp_path, report=lambda line: None)
    assert len(load_raw(dataset, tmp_path)) == 2
    assert not (tmp_path / "pair/.unpacking").exists()
