"""Fills the templates of a report. Every text is escaped, wherever a template puts it.

Not escaped are the drawings of `figures.svg`, which are markup whose names are escaped already,
and, by `safe`, the style sheet and the script of `assets/`.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import importlib.resources
import re

import jinja2

from xferlab.benchmark.html.elements import number

_ADDRESS = re.compile(r"(https?://[\w./%()+~:#=?&;-]*[\w/])")


def render(name: str, **fields: object) -> str:
    """Returns a template filled with fields.

    Raises:
        jinja2.UndefinedError: If the template names something that is not given.
    """
    return _environment().get_template(name).render(**fields)


def split_addresses(text: str) -> list[str]:
    """Returns the pieces of a text: words and http addresses in turn.

    >>> split_addresses("See https://a.org/b. Or not.")
    ['See ', 'https://a.org/b', '. Or not.']
    """
    return _ADDRESS.split(text)


@functools.cache
def asset(name: str) -> str:
    """Returns the text of a packaged style sheet or script."""
    folder = importlib.resources.files("xferlab.benchmark.html") / "assets"
    return (folder / name).read_text("utf-8")


def digest(script: str) -> str:
    """Returns what a content security policy names a script by."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@functools.cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("xferlab.benchmark.html"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "split_addresses": split_addresses}
    return made
