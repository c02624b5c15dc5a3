from .appendix import proof_appendix
from .certificate import Certificate, Examination, certify, examine, verify
from .proving import prove
from .scanning import Scan, scan
from .search import Counterexample, search
from .step import ProofStep
from .text import proof_text

__all__ = [
    "Certificate",
    "Counterexample",
    "Examination",
    "ProofStep",
    "Scan",
    "certify",
    "examine",
    "proof_appendix",
    "proof_text",
    "prove",
    "scan",
    "search",
    "verify",
]
