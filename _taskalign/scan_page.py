"""The page of a scan: one HTML file that opens offline, with maps of where the ordering fails."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence

import numpy as np

from taskalign.page_style import STYLE
from taskalign.proofs_check.summary import PhaseMap, Summary, Violation

_STYLE = """
.maps { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1.5rem; }
.maps figure { margin: 0; } .maps svg { width: 100%; height: auto; display: block; }
.maps text { font: 11px system-ui, sans-serif; fill: currentColor; }
.maps .frame { fill: none; stroke: var(--line); } .maps .holds { fill: #dfe7ea; }
.worst pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .8rem; background: var(--wash);
  padding: .5rem .8rem; border-radius: .4rem; margin: .4rem 0; }
"""

#: size of a map and of the margins for its labels
_SIDE, _LEFT, _BOTTOM = 240, 58, 34
#: colours of few and of only failures
_FEW, _ALL = (245, 205, 170), (160, 40, 15)


def page(summary: Summary, certificates: Mapping[int, str]) -> str:
    """The page.

    Args:
        summary: what to show.
        certificates: place of a row -> file of its certificate, relative to the page.
    """
    share = f"{100 * summary.failing / summary.rows:.4g} %"
    body = [
        "<header>",
        "<h1>Where does the ordering of K fail?</h1>",
        f"<p>{summary.rows:,} points; the ordering fails at {summary.failing:,} of them, {share}.</p>",
        _unfinished(summary),
        f"<p>Eigenvalues closer than {summary.tolerance:.3g} of the largest were taken as one.</p>"
        if summary.tolerance
        else "",
        "</header>",
        _counts(summary),
        '<h2>Maps</h2><p>Share of the points in a cell at which the ordering fails: <span style="color:'
        f'{_colour(0.0)}">■</span> few, <span style="color:{_colour(1.0)}">■</span> all; grey where it holds, empty'
        " where there are no points.</p>"
        if summary.maps
        else "",
        f'<div class="maps">{"".join(map(_map, summary.maps))}</div>',
        _worst(summary.worst, certificates),
        f"<h2>Origin</h2><pre><code>{html.escape(json.dumps(dict(summary.scan), indent=1))}</code></pre>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Ordering of K: {share} of {summary.rows:,} points fail</title>\n<style>{STYLE}{_STYLE}</style>\n"
        "</head>\n<body>\n<main>\n" + "\n".join(filter(None, body)) + "\n</main>\n</body>\n</html>\n"
    )


def _unfinished(summary: Summary) -> str:
    if summary.chunks_there == summary.chunks:
        return ""
    return f"<p><strong>Not finished: {summary.chunks_there} of {summary.chunks} files.</strong></p>"


def _counts(summary: Summary) -> str:
    rows = [("ordering holds", summary.rows - summary.failing), ("ordering fails", summary.failing)]
    rows += [(f"best spike: {end}", count) for end, count in summary.optimal_spike.items()]
    rows += [(f"decided by {means}", count) for means, count in summary.decided_by.items()]
    cells = "".join(f'<tr><td>{name}</td><td class="value">{count:,}</td></tr>' for name, count in rows)
    return f'<h2>Counts</h2><table class="numbers"><tbody>{cells}</tbody></table>'


# --- maps -----------------------------------------------------------------------------------------------------
def _map(phases: PhaseMap) -> str:
    return (
        f"<figure>{_svg(phases)}<figcaption>{html.escape(phases.y)} against {html.escape(phases.x)}</figcaption>"
        "</figure>"
    )


def _svg(phases: PhaseMap) -> str:
    x_count, y_count = phases.visited.shape
    x, y = np.linspace(_LEFT, _LEFT + _SIDE, x_count + 1), np.linspace(_SIDE, 0, y_count + 1)
    width, height = _SIDE / x_count, _SIDE / y_count
    cells = []
    for i, j in np.argwhere(phases.visited > 0):
        share = float(phases.failing[i, j] / phases.visited[i, j])
        fill = 'class="holds"' if share == 0 else f'fill="{_colour(share)}"'
        cells.append(
            f'<rect x="{x[i]:.2f}" y="{y[j + 1]:.2f}" width="{width + 0.1:.2f}" height="{height + 0.1:.2f}" {fill}/>'
        )
    frame = f'<rect class="frame" x="{_LEFT}" y="0" width="{_SIDE}" height="{_SIDE}"/>'
    labels = [
        _text(_LEFT, _SIDE + 15, "start", f"{phases.x_edges[0]:.3g}"),
        _text(_LEFT + _SIDE, _SIDE + 15, "end", f"{phases.x_edges[-1]:.3g}"),
        _text(_LEFT + _SIDE / 2, _SIDE + 28, "middle", phases.x),
        _text(_LEFT - 5, _SIDE, "end", f"{phases.y_edges[0]:.3g}"),
        _text(_LEFT - 5, 10, "end", f"{phases.y_edges[-1]:.3g}"),
        _text(_LEFT - 5, _SIDE / 2, "end", phases.y),
    ]
    return (
        f'<svg viewBox="0 0 {_LEFT + _SIDE + 4} {_SIDE + _BOTTOM}" role="img" aria-label="share of failures,'
        f' {html.escape(phases.y)} against {html.escape(phases.x)}">{"".join(cells)}{frame}{"".join(labels)}</svg>'
    )


def _text(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _colour(share: float) -> str:
    return "#" + "".join(f"{round(few + share * (most - few)):02x}" for few, most in zip(_FEW, _ALL, strict=True))


# --- violations -------------------------------------------------------------------------------------------------
def _worst(worst: Sequence[Violation], certificates: Mapping[int, str]) -> str:
    if not worst:
        return "<h2>Worst violations</h2><p>None was found.</p>"
    return (
        '<h2>Worst violations</h2><div class="worst">' + "".join(_violation(v, certificates) for v in worst) + "</div>"
    )


def _violation(violation: Violation, certificates: Mapping[int, str]) -> str:
    row = violation.row
    point = ", ".join(f"{name} = {row[name]:.6g}" for name in ("alpha", "tau", "kappa", "rho"))
    factor = f"{1 + row['violation']:.6g}"
    file = certificates.get(violation.place)
    proof = (
        f'<a href="{html.escape(file)}">certificate</a>'
        if file
        else html.escape(f"no certificate: {violation.problem}")
    )
    command = f"<pre><code>{html.escape(violation.command)}</code></pre>" if violation.command else ""
    return (
        f"<h3>Row {violation.place}: K({row['worst_spike']:.6g}) is {factor} times K at the smallest eigenvalue</h3>"
        f"<p>{point}; decided by {row['decided_by']}; {proof}</p>{command}"
    )
