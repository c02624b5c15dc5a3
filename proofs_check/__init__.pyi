from .scanning import Scan, scan

__all__ = ["Scan", "scan"]
