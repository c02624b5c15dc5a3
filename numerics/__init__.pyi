from .alignment import Aligned, align
from .compile import Compiled, compile
from .enclose import EnclosedError, Enclosure, enclose
from .error_budget import ErrorBudget
from .errors import ConvergenceError, InputError, UnsupportedNodeError
from .export import export_module
from .fixed_point import FixedPoint, solve
from .icl import IclError, icl_error
from .implicit_ridge import ImplicitRidge, implicit_ridge
from .long_context import LimitErrors, NoiseErrors, Phase, phase
from .low_rank import LowRankErrors, low_rank_errors
from .metrics import metrics
from .optimal_ridge import OptimalRidge, optimal_ridge
from .ordering import Ordering, ordering
from .precise import PreciseError, PreciseFixedPoint, precise
from .prediction_law import PredictionLaw, PredictionSample, prediction_law
from .single import ratios
from .spectrum import Spectrum
from .training_tasks import TaskError, rotated_task_error, train_task_error

__all__ = [
    "Aligned",
    "Compiled",
    "ConvergenceError",
    "EnclosedError",
    "Enclosure",
    "ErrorBudget",
    "FixedPoint",
    "IclError",
    "ImplicitRidge",
    "InputError",
    "LimitErrors",
    "LowRankErrors",
    "NoiseErrors",
    "OptimalRidge",
    "Ordering",
    "Phase",
    "PreciseError",
    "PreciseFixedPoint",
    "PredictionLaw",
    "PredictionSample",
    "Spectrum",
    "TaskError",
    "UnsupportedNodeError",
    "align",
    "compile",
    "enclose",
    "export_module",
    "icl_error",
    "implicit_ridge",
    "low_rank_errors",
    "metrics",
    "optimal_ridge",
    "ordering",
    "phase",
    "precise",
    "prediction_law",
    "ratios",
    "rotated_task_error",
    "solve",
    "train_task_error",
]
