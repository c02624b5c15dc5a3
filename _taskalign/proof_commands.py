"""The commands that prove, certify, verify and scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from taskalign.numerics.errors import InputError, need_library
from taskalign.options import (
    Alpha,
    CheckFailed,
    Kappa,
    PathGiven,
    PathIfGiven,
    Rho,
    Spectrum,
    Tau,
    Whole,
    WholeIfGiven,
    app,
)
from taskalign.values import exact, number


@app.command
def prove(*, details: bool = False, out: PathIfGiven = None) -> None:
    """Prove the claims about the ordering of K, the corollaries and Newton's iteration, each step checked by SymPy.

    Args:
        details: A line for every step.
        out: Write the proofs as a LaTeX document.
    """
    from taskalign import files

    if out is not None:
        files.check_file("--out", out)
    from taskalign.proofs_check import proof_appendix, proof_text
    from taskalign.proofs_check import prove as steps

    checked = steps()
    print(proof_text(checked, details=details))
    if out is not None:
        files.write("--out", out, proof_appendix(standalone=True) + "\n")
        print(f"wrote {out}")
    unsettled = [step.name for step in checked if step.status not in ("proved", "cited")]
    if unsettled:
        raise CheckFailed(f"not proved: {', '.join(unsettled)}")


@app.command
def certify(
    *,
    train: Spectrum,
    alpha: Alpha,
    tau: Tau,
    kappa: Kappa,
    rho: Rho,
    fails: bool = False,
    out: PathGiven,
) -> None:
    """Write a certificate that the ordering of K holds, or that it fails, for one spectrum without a ridge.

    Parameters are taken as the decimals or fractions they are, eigenvalues with all their digits; eigenvalues of a
    covariance that rounding alone sets apart are one, and the certificate states the tolerance.

    Args:
        fails: Claim that the ordering fails; that it holds if not given.
        out: File to write, JSON; `taskalign verify` checks it.
    """
    from taskalign import files, inputs
    from taskalign.proofs_check import certify as certified

    files.check_file("--out", out)
    given = {"alpha": alpha, "tau": tau, "kappa": kappa, "rho": rho}
    point = {name: exact(f"--{name}", text) for name, text in given.items()}
    claim = "ordering-fails" if fails else "ordering-holds"
    spectrum = inputs.tasks(train, None).spectrum
    try:
        certificate = certified(spectrum, **point, claim=claim)
    except InputError as error:
        if str(error).startswith("claim:"):
            raise CheckFailed(str(error)) from None
        raise
    files.write("--out", out, certificate.text())
    print(f"wrote {out}: {certificate.summary()}")


@app.command
def verify(certificates: Annotated[list[Path], Parameter(help="Certificate files.")], /) -> None:
    """Check certificates by exact arithmetic on the rationals in them, with nothing else trusted."""
    from taskalign.proofs_check import examine

    if not certificates:
        raise InputError("certificates: a file is needed")
    refused = []
    for path in certificates:
        found = examine(path)
        print(f"{path}: {'accepted' if found.accepted else 'refused'}: {found.reason}")
        if not found.accepted:
            refused.append(str(path))
    if refused:
        raise CheckFailed(f"refused: {', '.join(refused)}")


@app.command
def scan(
    *,
    train: Annotated[str | None, Parameter(help="One spectrum for all points, a file or a short form.")] = None,
    family: str | None = None,
    random: WholeIfGiven = None,
    grid: Annotated[tuple[str, ...], Parameter(consume_multiple=True)] = (),
    adversarial: WholeIfGiven = None,
    range_: Annotated[tuple[str, ...], Parameter(name="--range", consume_multiple=True)] = (),
    seed: Whole = 0,
    atoms: Whole = 2,
    steps: Whole = 200,
    goal: str = "violation",
    jobs: Whole = -1,
    scheduler: str | None = None,
    wait: str = "60",
    out: PathIfGiven = None,
    summary: PathIfGiven = None,
) -> None:
    """Decide the ordering of K at many points, into a folder of Parquet files; or sum up such a folder.

    A scan that was interrupted goes on with the same command, and one of random points goes on with a larger number.
    Verdicts near the border are decided with many digits.

    Args:
        family: Spectra with parameters of their own: two-atoms (ratio, share), power-law[:D] (exponent) or atoms:N
            (c1, c2, ..., w1, w2, ...).
        random: Number of random points, log-uniform in alpha, tau, kappa and rho (tau on both sides of 1).
        grid: NAME=START:STOP:COUNT[:log] or NAME=VALUE, separated by commas, for every parameter; may be repeated.
        adversarial: Number of starts of a gradient ascent on the violation, over parameters and spectra.
        range_: NAME=LOW:HIGH[:linear] or NAME=VALUE, separated by commas, for --random and --adversarial.
        seed: Of the random points.
        atoms: Eigenvalues of an adversarial spectrum.
        steps: Of the ascent.
        goal: What the ascent raises: violation (over all pairs), or top (the largest eigenvalue over the smallest).
        jobs: Files at once; -1 for the number of processors.
        scheduler: Address of a dask scheduler, tcp://HOST:PORT, whose workers have taskalign.
        wait: Seconds to wait for dask while it has no worker, or its scheduler does not answer.
        out: Folder, made if it is not there.
        summary: Folder of a scan: print what it found, and write a page with maps and certificates into it.
    """
    if summary is None and out is None:
        raise InputError("--out: a folder is needed")
    from taskalign import scan_command

    if out is not None:
        points = scan_command.points(
            grid=grid,
            random=random,
            adversarial=adversarial,
            ranges=range_,
            seed=seed,
            atoms=atoms,
            steps=steps,
            goal=goal,
        )
        spectra = scan_command.family(train, family, points)
        if summary is not None:
            scan_command.check_summary(summary, out)
        result = scan_command.run(points, spectra, out, jobs=jobs, scheduler=scheduler, wait=number("--wait", wait))
        print(scan_command.told(result, scheduler))
    if summary is not None:
        for line in scan_command.write_summary(summary):
            print(line)


@app.command
def phase(
    *,
    train: Annotated[tuple[str, ...], Parameter(consume_multiple=1, help="Spectra, or NAME=SPECTRUM for each.")],
    kappa: str = "1",
    rho: str = "1",
    alpha: str = "1/2:200",
    tau: str = "1/50:49/50",
    share: str = "0.995",
    out: PathGiven,
) -> None:
    """Certified phase diagrams of the ordering of K over alpha and tau: pictures, data and a page.

    Args:
        kappa: Values, separated by commas, taken exactly.
        rho: Values, separated by commas, taken exactly.
        alpha: Range LOW:HIGH.
        tau: Range LOW:HIGH.
        share: Share of the area that is to be decided.
        out: Folder, made if it is not there.
    """
    need_library("matplotlib", "latex2mathml")
    from taskalign import phase_command

    spectra = phase_command.named_spectra(train)
    ranges = {"alpha": phase_command.ends("--alpha", alpha), "tau": phase_command.ends("--tau", tau)}
    values = {"kappa": phase_command.exactly("--kappa", kappa), "rho": phase_command.exactly("--rho", rho)}
    for made in phase_command.make_phase_maps(out, spectra, share=number("--share", share), **values, **ranges):
        print(phase_command.line(made), flush=True)
