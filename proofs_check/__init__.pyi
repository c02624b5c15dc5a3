from .scan import Scan, scan

__all__ = ["Scan", "scan"]
