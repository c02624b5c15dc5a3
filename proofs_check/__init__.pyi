from .adversary import Adversary
from .appendix import proof_appendix
from .box import BoxVerdict, certify_box
from .certificate import Certificate, Examination, certify, examine, verify
from .families import Atoms, OneSpectrum, PowerLaw, TwoAtoms
from .on_dask import WorkersLost
from .phase import PhaseDiagram, phase_diagram
from .points import Grid, RandomPoints
from .proving import prove
from .scanning import Scan, scan
from .search import Counterexample, search
from .step import ProofStep
from .summary import Summary, summarise
from .text import proof_text

__all__ = [
    "Adversary",
    "Atoms",
    "BoxVerdict",
    "Certificate",
    "Counterexample",
    "Examination",
    "Grid",
    "OneSpectrum",
    "PhaseDiagram",
    "PowerLaw",
    "ProofStep",
    "RandomPoints",
    "Scan",
    "Summary",
    "TwoAtoms",
    "WorkersLost",
    "certify",
    "certify_box",
    "examine",
    "phase_diagram",
    "proof_appendix",
    "proof_text",
    "prove",
    "scan",
    "search",
    "summarise",
    "verify",
]
