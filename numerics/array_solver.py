"""The same iteration for whole arrays: for torch, and for the stand-alone modules that `export` writes.

Takes the array library `xp` and the generated algebra as arguments and nothing of the package, so that it can be
written into another file as it is. A masked point takes part in every pass and is left where it is once it has
arrived.
"""

from contextlib import nullcontext

MAX_PASSES = 100


def weighted(terms, weights):
    """Means over the spectrum, the last axis."""
    return [(weights * term).sum(-1) for term in terms]


def difference(xp, level, learned, unlearned, null_learned, rank_fraction):
    """level - learned, where learned + unlearned = rank_fraction: from the smaller of the two.

    `null_learned` is zero, and carries the slope in the eigenvalues that are zero.
    """
    small = (level - rank_fraction) + unlearned - null_learned
    return xp.where(unlearned < learned, small, level - learned)


def residual(xp, algebra, spectrum, parameters, t):
    """g and its slope at t."""
    c, weights, support, null_weight, rank_fraction = spectrum
    s, kappa, tau, ridge = parameters
    learned, unlearned, slope = algebra.newton_terms(c, t[..., None])
    d, v, e, d_null = weighted((learned, unlearned * support, slope, learned * (1 - support)), weights)
    u = null_weight + v - d_null
    gap_kappa = difference(xp, kappa, d, v, d_null, rank_fraction)
    gap_tau = difference(xp, tau, d, v, d_null, rank_fraction)
    regimes = (
        algebra.g_above(t, gap_kappa, e, s, kappa),
        algebra.g_below(t, gap_kappa, gap_tau, u, e, s, kappa),
        algebra.g_ridge(t, gap_kappa, gap_tau, u, e, s, kappa, tau, ridge),
    )
    return [xp.where(ridge > 0, r, xp.where(tau > 1, a, b)) for a, b, r in zip(*regimes, strict=True)]


def start(xp, algebra, c_train, rank_fraction, s, kappa, tau, ridge):
    """Upper bound of the root."""
    sigma = xp.where(ridge > 0, algebra.sigma_upper(c_train, s, tau, ridge), s)
    above = algebra.t_upper_above(c_train, rank_fraction, sigma, kappa)
    return xp.where((ridge > 0) | (tau > 1), above, algebra.t_upper_below(c_train, s, kappa, tau))


def find_root(xp, algebra, spectrum, parameters, t):
    """Newton's iteration from t; returns the root and the passes it took.

    Raises:
        ArithmeticError: a point did not arrive.
    """
    eps = xp.finfo(t.dtype).eps
    previous = xp.full_like(t, float("inf"))
    active = t > 0
    passes = 0
    small = eps**0.4
    while bool(active.any()) and passes < MAX_PASSES:
        passes += 1
        g, dg = residual(xp, algebra, spectrum, parameters, t)
        step = g / dg
        relative = xp.abs(step) / t
        # small and no longer shrinking (Newton at least halves its steps): what is left is rounding of the sums
        arrived = (relative <= 2 * eps) | ((previous < small) & (relative >= 0.75 * previous))
        t = xp.where(active & ~arrived, t - step, t)
        previous = xp.where(active, relative, previous)
        active = active & ~arrived
    lost = active | ~xp.isfinite(t)
    if bool(lost.any()):
        raise ArithmeticError(
            f"Newton's iteration in t did not arrive at {int(lost.sum())} points (the first at index"
            f" {int(xp.argmax(1 * lost))}) in {passes} passes; they are likely beyond the range of {t.dtype}"
        )
    return t, passes


def balance(xp, algebra, t, u, gap_kappa, parameters):
    """Effective ridge that balances the noise at t: concave and increasing, so Newton from the left."""
    s, kappa, tau, ridge = parameters
    eps = xp.finfo(t.dtype).eps
    lt = algebra.sigma_of_t(t, gap_kappa, kappa) - s
    lt = xp.where(lt > 0, lt, s)
    for _ in range(MAX_PASSES):
        h, dh = algebra.noise_balance(lt, t, u, s, kappa, tau, ridge)
        new = lt - h / dh
        new = xp.where(new > 0, new, 0.125 * lt)
        done = bool((xp.abs(new - lt) <= 2 * eps * (s + lt)).all())
        lt = new
        if done:
            break
    return lt


def effective_ridge_at(xp, algebra, spectrum, parameters, t, recorded, untracked):
    """The effective ridge at the root where there is a ridge, and any positive number elsewhere."""
    c, weights, support, null_weight, rank_fraction = spectrum
    s, kappa, tau, ridge = parameters
    if not bool((ridge > 0).any()):
        return s
    learned, unlearned, _ = algebra.newton_terms(c, t[..., None])
    d, v, d_null = weighted((learned, unlearned * support, learned * (1 - support)), weights)
    u = null_weight + v - d_null
    gap_kappa = difference(xp, kappa, d, v, d_null, rank_fraction)
    # where there is no ridge, an equation that has a root takes the place
    safe = (s, kappa, tau, xp.where(ridge > 0, ridge, xp.ones_like(ridge)))
    with untracked():
        lt = balance(xp, algebra, t, u, gap_kappa, safe)
    for _ in range(recorded):
        h, dh = algebra.noise_balance(lt, t, u, *safe)
        lt = lt - h / dh
    return lt


def outputs_at(xp, algebra, spectrum, parameters, rho, t, lt):
    """All outputs at the root t; `lt` is the effective ridge where there is a ridge."""
    c, weights, support, null_weight, _ = spectrum
    s, kappa, tau, ridge = parameters
    learned, unlearned, slope, learned2, unlearned2 = algebra.output_terms(c, t[..., None])
    d, v, e, d2, v2 = weighted((learned, unlearned * support, slope, learned2, unlearned2 * support), weights)
    d_null = (weights * learned * (1 - support)).sum(-1)
    u = null_weight + v - d_null
    u2 = null_weight + v2 - 2 * d_null
    above, below = algebra.gap_above(t, s, kappa), algebra.gap_below(t, u, s, kappa, tau)
    gap_kappa = xp.where(ridge > 0, (s + lt) * kappa / t, xp.where(tau > 1, above, below))
    sigma = xp.where(ridge > 0, s + lt, xp.where(tau > 1, s, algebra.sigma_of_t(t, below, kappa)))
    effective_ridge, share = algebra.shares(u, sigma, tau, ridge)
    names = ("a", "da", "M", "dM", "q", "Qbar", "A", "B")
    values = algebra.outputs(t, d, u, e, d2, u2, gap_kappa, sigma, effective_ridge, share, s, kappa, rho)
    found = dict(zip(names, values, strict=True))
    return {"t": t, "s": s, "sigma": s + effective_ridge, "effective_ridge": effective_ridge} | found


def solve(xp, algebra, spectrum, parameters, rho, c_train, recorded=0, untracked=nullcontext):
    """All outputs, and the passes that it took.

    The root is found under `untracked`; `recorded` Newton steps from it carry the derivatives of the implicit function.
    """
    with untracked():
        first = start(xp, algebra, c_train, spectrum[-1], *parameters)
        t, passes = find_root(xp, algebra, spectrum, parameters, first)
    for _ in range(recorded):
        g, dg = residual(xp, algebra, spectrum, parameters, t)
        t = t - g / dg
    lt = effective_ridge_at(xp, algebra, spectrum, parameters, t, recorded, untracked)
    return outputs_at(xp, algebra, spectrum, parameters, rho, t, lt), passes
