"""Phase diagrams as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass

from taskalign.mathml import text
from taskalign.page_style import STYLE
from taskalign.proofs_check.phase import PhaseDiagram
from taskalign.proofs_check.phase_data import exact_text

_INTRO = (
    r"The ordering says that the alignment matrix $\mathcal{K}$ has its eigenvalues in the opposite order to those of"
    r" $C_{\mathrm{train}}$. It holds for a spectrum exactly when $\mathcal{K}(c_1) \ge \mathcal{K}(c_2)$ for its two"
    r" smallest distinct eigenvalues. Each diagram is filled with boxes between rational corners, and each coloured box"
    r" is a proof in ball arithmetic for all of its points; in the grey ones nothing is proved. The border, a black"
    r" line, is of double precision and runs in grey boxes. On and above the dashed curve"
    r" $\tau_{\mathrm{order}} = 1 - s\,\mathcal{M}_\kappa(2 s)$ the effective ridge is at most s, which suffices for"
    r" the ordering. Areas count $\alpha$ in its logarithm."
)
_HEADER = ("Spectrum", r"$\kappa$", r"$\rho$", "decided", "holds", "fails", r"above $\tau_{\mathrm{order}}$")


@dataclass(frozen=True, eq=False)
class PhaseMap:
    """A diagram with what to call it.

    Attributes:
        name: of its files, without suffix.
        spectrum: as the user named it.
    """

    name: str
    spectrum: str
    diagram: PhaseDiagram
    png: bytes

    @property
    def title(self) -> str:
        """In LaTeX text."""
        box = self.diagram.verdict.box
        return rf"{self.spectrum}, $\kappa = {exact_text(box.kappa[0])}$, $\rho = {exact_text(box.rho[0])}$"

    @property
    def shares(self) -> tuple[str, ...]:
        """Decided, holds, fails, above the curve."""
        found = self.diagram
        return tuple(f"{100 * x:.2f} %" for x in (found.decided, found.holds, found.fails, found.above_tau_order))

    @property
    def caption(self) -> str:
        """What is seen, in LaTeX text."""
        found = self.diagram
        if not found.fails:
            beyond = found.holds - found.above_tau_order
            words = "everywhere" if found.decided == 1 else "wherever it is decided"
            return (
                rf"The ordering holds {words}; {100 * beyond:.1f} % of the area is below $\tau_{{\mathrm{{order}}}}$."
            )
        alpha = min((line[:, 0].min() for line in found.border), default=None)
        where = rf" The border begins at $\alpha = {alpha:.3g}$." if alpha is not None else ""
        below = 1 - found.above_tau_order
        return (
            rf"The ordering fails on {100 * found.fails:.2f} % of the area, {100 * found.fails / below:.1f} % of what"
            rf" is below $\tau_{{\mathrm{{order}}}}$.{where}"
        )


def page(maps: Sequence[PhaseMap]) -> str:
    """The page.

    Raises:
        ImportError: latex2mathml is missing.
    """
    rows = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in _row(one)) + "</tr>" for one in maps)
    head = "".join(f"<th>{text(cell)}</th>" for cell in _HEADER)
    table = f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>'
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Where the ordering of K holds</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Where the ordering of K holds</h1>\n<p>{text(_INTRO)}</p>\n{table}\n"
        f'<div class="pair">{"".join(map(_figure, maps))}</div>\n</main>\n</body>\n</html>\n'
    )


def _row(one: PhaseMap) -> tuple[str, ...]:
    box = one.diagram.verdict.box
    numbers = (exact_text(box.kappa[0]), exact_text(box.rho[0]), *one.shares)
    return (html.escape(one.spectrum), *(f'<span class="value">{number}</span>' for number in numbers))


def _figure(one: PhaseMap) -> str:
    source = base64.b64encode(one.png).decode()
    return (
        f'<figure id="{html.escape(one.name)}"><img src="data:image/png;base64,{source}"'
        f' alt="phase diagram, {html.escape(one.name)}">'
        f"<figcaption>{text(one.title)}. {text(one.caption)}</figcaption></figure>\n"
    )
