"""Tasks of domain generalisation: each of several domains left out in turn."""

from __future__ import annotations

from collections.abc import Mapping

from xferlab.core.checks import check_type
from xferlab.core.errors import InputError, unknown_name
from xferlab.core.settings import Setting
from xferlab.data.domain import Domain
from xferlab.data.task import TransferTask


def leave_one_out(
    domains: Mapping[str, Domain],
    *,
    targets: Mapping[str, Domain] | None = None,
    setting: Setting = Setting.DOMAIN_GENERALISATION,
) -> tuple[TransferTask, ...]:
    """Returns a task for each target: to it from all other domains, called 'others->target'.

    Args:
        domains: of the same classes, by name; the sources of a task keep their order.
        targets: domains by the names that they have among `domains`, where a target has other
            splits than the source of that name, or only some domains are left out; by default
            `domains` themselves.
        setting: what methods see of sources and target.

    Raises:
        InputError: fewer than two domains; a target that is none of them; domains that do not fit
            together (see `TransferTask`).

    >>> from xferlab.data import moons
    >>> turned = {f"{angle}": moons(rotation_degrees=angle) for angle in (0, 30, 60)}
    >>> [(task.name, len(task.sources)) for task in leave_one_out(turned)]
    [('others->0', 2), ('others->30', 2), ('others->60', 2)]
    """
    check_type("domains", domains, Mapping, "a mapping of names to domains")
    if len(domains) < 2:
        raise InputError(
            f"a domain is left out of {list(domains)}, which leaves no source. Give at least two"
            " domains; from three on a task has several sources"
        )
    targets = domains if targets is None else targets
    for name in targets:
        if name not in domains:
            raise unknown_name("domain to leave out", name, domains)
    return tuple(
        TransferTask(
            f"others->{name}",
            tuple(domain for other, domain in domains.items() if other != name),
            target,
            setting,
        )
        for name, target in targets.items()
    )
