"""Phase diagrams of several spectra: pictures, data and a page in one folder."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

from taskalign import files
from taskalign.numerics.errors import InputError
from taskalign.numerics.exact import Exact
from taskalign.numerics.spectrum import Spectrum
from taskalign.phase_page import PhaseMap, page
from taskalign.phase_plot import picture
from taskalign.proofs_check.box import Range
from taskalign.proofs_check.phase import phase_diagram
from taskalign.proofs_check.phase_data import as_json
from taskalign.values import exact, listed

#: the ranges of alpha and tau, and the share of the area that is to be decided where there is a border
ALPHA, TAU, SHARE = ("1/2", "200"), ("1/50", "49/50"), 0.995


def make_phase_maps(
    out: Path,
    spectra: Mapping[str, Spectrum],
    *,
    kappa: Sequence[Exact] = (1,),
    rho: Sequence[Exact] = ("1/100", 1),
    alpha: Range = ALPHA,
    tau: Range = TAU,
    share: float = SHARE,
) -> Iterator[PhaseMap]:
    """One diagram for each spectrum, kappa and rho: a PNG and a JSON file each, and index.html with all.

    Args:
        out: folder, made if it is not there.
        spectra: by the name that the reader sees.
        kappa, rho: values, exactly.

    Yields:
        each map when its files are there; the page is written after the last.

    Raises:
        InputError: naming the argument.
        ImportError: matplotlib or latex2mathml is missing.
    """
    folder = files.folder("--out", out)
    maps = []
    for (title, spectrum), k, r in product(spectra.items(), kappa, rho):
        diagram = phase_diagram(spectrum, kappa=k, rho=r, alpha=alpha, tau=tau, share=share)
        name = _file_name(f"{title}-kappa-{k}-rho-{r}")
        draft = PhaseMap(name, title, diagram, b"")
        made = PhaseMap(name, title, diagram, picture(diagram, draft.title))
        files.write("--out", folder / f"{name}.png", made.png)
        files.write("--out", folder / f"{name}.json", as_json(diagram))
        maps.append(made)
        yield made
    files.write("--out", folder / "index.html", page(maps))


def ends(option: str, text: str) -> tuple[str, str]:
    """The two ends of a range `LOW:HIGH`, as text, which is exact.

    Raises:
        InputError: naming the option.
    """
    low, colon, high = text.partition(":")
    if not colon or ":" in high:
        raise InputError(f"{option}: {text!r} is no range, must be LOW:HIGH")
    for end in (low, high):
        exact(option, end)
    return low, high


def exactly(option: str, text: str) -> list[str]:
    """The values of a list, as text, which is exact.

    Raises:
        InputError: naming the option.
    """
    entries = listed(option, text)
    for entry in entries:
        exact(option, entry)
    return entries


def _file_name(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-")


def named_spectra(texts: Sequence[str]) -> dict[str, Spectrum]:
    """Spectra as `--train` gives them, each a file or a short form, with a name before it if wanted: `NAME=SPECTRUM`.

    Raises:
        InputError: naming the option.
    """
    from taskalign import inputs

    return {name: inputs.tasks(form, None).spectrum for name, form in inputs.named("--train", texts).items()}


def line(made: PhaseMap) -> str:
    """What is printed of one map."""
    decided, holds, fails, above = made.shares
    return f"{made.name}: {decided} decided, holds on {holds}, fails on {fails}; above tau_order {above}"
