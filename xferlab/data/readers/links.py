"""Whether an address answers: asked once, with a time limit, before anything is retried."""

from __future__ import annotations

from xferlab.core.errors import InputError
from xferlab.core.optional import require

CONNECT_SECONDS = 10.0
ELSEWHERE = (
    "Where you have the files, `xferlab data import FOLDER --data_dir=DIR` takes them, and"
    " --data_dir=DIR reads them"
)


def check_answers(url: str) -> None:
    """Asks an address for its file, without reading it; proxies are taken from the environment.

    TFDS's own downloader tries ten times, 204 seconds in all, before it says that there is no
    network, and waits for ever for a host that accepts but is silent.

    Args:
        url: of http or https.

    Raises:
        InputError: there is no network, the host is silent, or the file is not there.
    """
    requests = require("requests", "requests")
    try:
        with requests.get(url, stream=True, timeout=CONNECT_SECONDS) as response:
            status = response.status_code
    except requests.RequestException as error:
        raise InputError(
            f"cannot reach {url} ({type(error).__name__}): there is no network here, or the link"
            f" is dead. {ELSEWHERE}"
        ) from error
    if status >= 400:
        raise InputError(
            f"cannot get {url} (HTTP status {status}): the link is dead or closed. {ELSEWHERE}"
        )
