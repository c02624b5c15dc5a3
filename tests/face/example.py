"""The run that `make report` makes."""

from ..source_tree import ROOT

TRAIN, TEST = (str(ROOT / "examples" / "digits" / name) for name in ("train.csv", "test.csv"))
POINT = {"alpha": 2.0, "tau": 4.0, "kappa": 1.0, "rho": 0.01}
ARGUMENTS = [text for name, value in POINT.items() for text in (f"--{name}", str(value))]
PICTURES = ("error-kappa", "error-tau", "alignment", "spectra")
