from __future__ import annotations
def displayed(statement, printer):
    return printer.doprint(statement)
