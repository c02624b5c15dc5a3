"""The certificates that come with the package: `python -m taskalign.proofs_check.shipped` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from .certificate import FOLDER, Certificate, certify, examine
from .search import search


@dataclass(frozen=True)
class Shipped:
    """One of them: its file's name without the ending, what it shows, and how it is made."""

    name: str
    about: str
    make: Callable[[], Certificate]


def _power_law(size: int, exponent: str, digits: int | None = None) -> list[Fraction]:
    """Eigenvalues j^-exponent of mean one: exact for exponent 1, else rounded to so many significant digits."""
    if digits is None:
        values = [Fraction(1, j) for j in range(1, size + 1)]
        return [c * size / sum(values) for c in values]
    powers = [Decimal(j) ** -Decimal(exponent) for j in range(1, size + 1)]
    return [Fraction(f"{c * size / sum(powers):.{digits - 1}e}") for c in powers]


def _fails(*measure: list, **parameters: str | int) -> Callable[[], Certificate]:
    return lambda: certify(*measure, **parameters, claim="ordering-fails")  # type: ignore[arg-type]


def _holds(*measure: list, **parameters: str | int) -> Callable[[], Certificate]:
    return lambda: certify(*measure, **parameters, claim="ordering-holds")  # type: ignore[arg-type]


def _found(atoms: int, longest: float) -> Callable[[], Certificate]:
    def make() -> Certificate:
        found = search(rho=None, atoms=atoms, alpha=(1.0, longest), generations=400)
        if found is None:
            raise ArithmeticError(f"the search with {atoms} eigenvalues up to alpha = {longest} found nothing")
        return found.certify()

    return make


_LETEY = "alpha, kappa and rho of the experiments in arXiv 2509.26551, tau < 1"

SHIPPED = (
    Shipped("fails-half-rank", "half of the eigenvalues zero", _fails([0, 2], alpha=50, tau="3/10", kappa=1, rho=1)),
    Shipped(
        "fails-three-eigenvalues",
        "eigenvalues in ratio 0.01 : 0.1 : 1, mean one",
        _fails(["1/37", "10/37", "100/37"], alpha=100, tau="1/2", kappa=10, rho=5),
    ),
    Shipped(
        "fails-power-law",
        "eigenvalues 1/j, 20 of them, mean one",
        _fails(_power_law(20, "1"), alpha=100, tau="1/2", kappa=1, rho=1),
    ),
    Shipped(
        "fails-noise-free",
        "no noise",
        _fails(
            [0, "0.000338", "1.0002"],
            ["0.000123", "0.000123", "0.99975"],
            **{"alpha": 10**5, "tau": "0.999459", "kappa": 1000, "rho": 0},
        ),
    ),
    Shipped("fails-noise-free-found", "no noise; found by `search`: three eigenvalues, alpha to 1000", _found(3, 1000)),
    Shipped("fails-noise-free-short", "no noise; found by `search`: four eigenvalues, alpha to 100", _found(4, 100)),
    *(
        Shipped(
            f"holds-power-law-kappa-{kappa.replace('/', '-')}",
            f"eigenvalues j^-0.9, 20 of them, mean one, to 4 digits; {_LETEY}",
            _holds(_power_law(20, "0.9", 4), alpha=2, tau="1/2", kappa=kappa, rho="1/100"),
        )
        for kappa in ("1/5", "1", "10")
    ),
    Shipped(
        "holds-half-rank",
        f"half of the eigenvalues zero; {_LETEY}",
        _holds([0, 2], alpha=2, tau="1/2", kappa=1, rho="1/100"),
    ),
    Shipped(
        "holds-power-law-close-to-one",
        f"eigenvalues j^-0.9, 20 of them, mean one, to 4 digits; {_LETEY}",
        _holds(_power_law(20, "0.9", 4), alpha=2, tau="9/10", kappa=1, rho="1/100"),
    ),
)

_README = """# Certificates

Each file proves its claim about the ordering of K for one spectrum and one set of parameters, without a ridge, to
whoever runs the verifier on it, which needs Python alone:

    python ../verify_certificate.py fails-half-rank.json

`python -m taskalign.proofs_check.shipped` writes all of them, and this table, anew. K is given at the smallest
eigenvalue, at the one where it is largest and at the largest eigenvalue, to six digits.

| file | what | alpha | tau | kappa | rho | K: first, largest, last |
|---|---|---|---|---|---|---|
"""


def table_row(shipped: Shipped, certificate: Certificate) -> str:
    """One line of the table in the folder's README."""
    K = [low for low, _ in certificate.K]
    numbers = ", ".join(f"{float(k):.6g}" for k in (K[0], max(K), K[-1]))
    parameters = " | ".join(str(getattr(certificate, name)) for name in ("alpha", "tau", "kappa", "rho"))
    return f"| {shipped.name}.json | {shipped.about} | {parameters} | {numbers} |\n"


def main(folder: Path = FOLDER) -> None:
    """Write all certificates and the table."""
    folder.mkdir(exist_ok=True)
    rows = []
    for shipped in SHIPPED:
        certificate = shipped.make()
        certificate.save(folder / f"{shipped.name}.json")
        rows.append(table_row(shipped, certificate))
        print(f"{shipped.name}: {examine(folder / f'{shipped.name}.json').reason}")
    (folder / "README.md").write_text(_README + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
