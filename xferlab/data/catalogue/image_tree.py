"""Data sets of image files: which files a domain has, and their decoding where they fit in memory.

An `ImageTree` names the files without opening them; large sets are read through it, image by image.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from xferlab.core.errors import InputError, unknown_name
from xferlab.core.names import NameTable
from xferlab.data.catalogue.dataset import Form
from xferlab.data.raw import RawDomain
from xferlab.data.readers.images import decode_image, image_files, is_system_file, resize_images
from xferlab.data.split import Split

MAX_BYTES = 4 * 2**30
"""The most that `read_image_tree` decodes into memory."""

Example = tuple[Path, int]
"""An image file and its label."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ImageTree:
    """Where the images of a data set lie, and what their labels are.

    Without lists, an image's label is the folder it lies in: `<place>/<class>/*.jpg`. With lists, a
    line of the list file is `<path> <label>`, the path relative to the place.

    Attributes:
        name: of the data set, for messages.
        class_names: names of the class folders, in the order of the labels.
        places: for each domain, the folders in which it may lie; the first that exists is taken.
        lists: for each domain, the list files of its splits "train" and, where one is published,
            "test", relative to the data set's folder; {} where the folders are the labels.
        first_label: the lists' number for the first class.
    """

    name: str
    class_names: tuple[str, ...]
    places: Mapping[str, tuple[str, ...]]
    lists: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    first_label: int = 0

    def split_names(self, domain: str) -> tuple[str, ...]:
        """Returns the published splits: ("train", "test"), or ("train",) where there are none."""
        return tuple(self.lists.get(domain, ("train",)))

    def examples(self, folder: Path, domain: str, *, split: str = "all") -> Iterator[Example]:
        """Iterates over the image files of a domain and their labels; no image is opened.

        Args:
            folder: of the data set.
            domain: one of `places`.
            split: one of `split_names(domain)`, or "all" for one after the other.

        Raises:
            InputError: an unknown domain or split; a missing folder, list, class or image; a
                folder that is no class; a label outside the class list; no image at all.
        """
        place = self._place(folder, domain)
        names = self.split_names(domain)
        if split not in ("all", *names):
            raise unknown_name(f"split of {self.name}/{domain}", split, ("all", *names))
        chosen = names if split == "all" else (split,)
        if domain not in self.lists:
            return self._classes(place)
        return itertools.chain.from_iterable(
            self._listed(folder / self.lists[domain][name], place) for name in chosen
        )

    def _place(self, folder: Path, domain: str) -> Path:
        """Returns the folder in which a domain lies."""
        places = NameTable(f"domain of {self.name}", self.places)[domain]
        found = [folder / place for place in places if (folder / place).is_dir()]
        if not found:
            raise InputError(
                f"{self.name}: the domain {domain!r} is missing; {folder} has none of the folders "
                f"{', '.join(map(repr, places))}. Copy or unpack it again."
            )
        return found[0]

    def _classes(self, place: Path) -> Iterator[Example]:
        """Iterates over the images of the class folders, in the order of the labels, then names."""
        present = {e.name for e in place.iterdir() if e.is_dir() and not is_system_file(e)}
        if present != set(self.class_names):
            unknown = sorted(present - set(self.class_names))
            missing = sorted(set(self.class_names) - present)
            raise InputError(
                f"{self.name}: {place} lacks the class folders {missing} and has the unknown "
                f"folders {unknown}. Needed: exactly {', '.join(self.class_names)}; unpack it "
                "again, or move away what does not belong to it."
            )
        for label, class_name in enumerate(self.class_names):
            yield from ((file, label) for file in image_files(place / class_name))

    def _listed(self, list_file: Path, place: Path) -> Iterator[Example]:
        """Iterates over the images of a list file, in its order."""
        for number, line in enumerate(_read_lines(list_file), 1):
            path, _, text = line.rpartition(" ")
            label = int(text) - self.first_label if text.isdecimal() else -1
            if not path or not 0 <= label < len(self.class_names):
                raise InputError(
                    f"{self.name}: line {number} of {list_file} is {line!r}. Needed: a path, a "
                    f"space and a label from {self.first_label} to "
                    f"{self.first_label + len(self.class_names) - 1}; fetch the list again."
                )
            if not (place / path).is_file():
                raise InputError(
                    f"{self.name}: {place / path} is missing (line {number} of {list_file.name}). "
                    "The download is partial or unpacked elsewhere; unpack it again."
                )
            yield place / path, label


def _read_lines(list_file: Path) -> list[str]:
    """Returns the lines of a list file that are not empty."""
    try:
        lines = list_file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read the list {list_file}: {error} Fetch it again and put it there."
        ) from error
    lines = [line.strip() for line in lines if line.strip()]
    if not lines:
        raise InputError(f"the list {list_file} is empty. Fetch it again and put it there.")
    return lines


def read_image_tree(
    tree: ImageTree, folder: Path, *, image_size: int = 224, max_bytes: int = MAX_BYTES
) -> dict[str, RawDomain]:
    """Returns every domain of a tree as uint8 images [n, image_size, image_size, 3].

    Args:
        tree: says where the images are.
        folder: of the data set.
        image_size: height and width of what a network sees; see `central_image`.
        max_bytes: the most that the images may take.

    Raises:
        InputError: see `ImageTree.examples`; more images than fit, or one that cannot be decoded.
    """
    examples = {
        domain: {
            split: list(tree.examples(folder, domain, split=split))
            for split in tree.split_names(domain)
        }
        for domain in tree.places
    }
    count = sum(len(part) for splits in examples.values() for part in splits.values())
    if count * image_size**2 * 3 > max_bytes:
        raise InputError(
            f"{tree.name} has {count} images, {count * image_size**2 * 3 / 2**30:.1f} GiB at "
            f"{image_size} x {image_size} pixels. Allowed: {max_bytes / 2**30:.1f} GiB; read it "
            "image by image through its TFDS builder or ImageTree.examples, or extract features."
        )
    domains = {}
    for domain, splits in examples.items():
        decoded = {split: _decode(part, image_size) for split, part in splits.items()}
        domains[domain] = RawDomain(decoded["train"], decoded.get("test"), tree.class_names)
    return domains


def _decode(examples: list[Example], image_size: int) -> Split:
    """Returns images and labels as arrays."""
    images = np.empty((len(examples), image_size, image_size, 3), np.uint8)
    for place, (file, _) in zip(images, examples, strict=True):
        place[...] = central_image(decode_image(file), image_size)
    return Split(images, np.array([label for _, label in examples], np.int32))


def central_image(image: np.ndarray, image_size: int) -> np.ndarray:
    """Returns the centre of a resized image: 224 x 224 pixels of 256 x 256.

    The whole image is resized to a square of side round(image_size * 8 / 7), whatever its
    proportions, as TLL does for testing and as the papers on Office-31 before it (theirs is
    bicubic, ours bilinear with antialiasing).

    Args:
        image: uint8 [h, w, 3].
        image_size: height and width of the result.
    """
    side = round(image_size * 8 / 7)
    first = (side - image_size) // 2
    inside = slice(first, first + image_size)
    return resize_images(image[None], side)[0, inside, inside]


def image_forms(tree: ImageTree, title: str) -> tuple[Form, ...]:
    """Returns the forms of a tree: one for each place where its first domain may lie.

    Args:
        tree: says where the images are.
        title: of the forms, for messages.
    """
    read = functools.partial(read_image_tree, tree)
    domain, places = next(iter(tree.places.items()))
    if tree.lists:
        return (Form(title, tree.lists[domain]["train"], read, tree=tree),)
    markers = [f"{place}/{tree.class_names[0]}" for place in places]
    return tuple(Form(title, marker, read, tree=tree) for marker in markers)
