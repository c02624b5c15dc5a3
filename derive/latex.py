"""placeholder"""
def display(*a, **k): return ""
def inline(*a, **k): return ""
