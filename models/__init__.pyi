from .bayes import Comparison, bayes_ridge, compare, discrete_posterior
from .contexts import Contexts, Prompts, draw_contexts, draw_prompts, draw_tasks
from .evaluation import measure_errors
from .implicit_ridge import FittedRidge, fitted_ridge
from .learned import LearnedAttention, Predictions
from .linear_attention import LinearAttention, fit_linear_attention
from .prediction_samples import PredictionSamples, prediction_samples
from .pretraining import pretrain
from .simulation import Simulation, simulate
from .spearman import SpearmanRow, SpearmanTable, spearman_table
from .spearman_runs import SpearmanSetting
from .training import Schedule
from .transformer import TrainedTransformer, Transformer, train_transformer

__all__ = [
    "Comparison",
    "Contexts",
    "FittedRidge",
    "LearnedAttention",
    "LinearAttention",
    "PredictionSamples",
    "Predictions",
    "Prompts",
    "Schedule",
    "Simulation",
    "SpearmanRow",
    "SpearmanSetting",
    "SpearmanTable",
    "TrainedTransformer",
    "Transformer",
    "bayes_ridge",
    "compare",
    "discrete_posterior",
    "draw_contexts",
    "draw_prompts",
    "draw_tasks",
    "fit_linear_attention",
    "fitted_ridge",
    "measure_errors",
    "prediction_samples",
    "pretrain",
    "simulate",
    "spearman_table",
    "train_transformer",
]
