"""The iteration for whole arrays: for torch and JAX, for plain NumPy, and for the modules that `export` writes.

Takes the array library `xp` and the generated algebra as arguments and nothing of the package, so that it can be
written into another file as it is. A masked point takes part in every pass and is left where it is once it has
arrived.
"""

MAX_PASSES = 100


def in_python(goes_on, one_pass, state):
    """The loop of a library that runs as it is called; `jax.lax.while_loop` is one for a library that traces."""
    while bool(goes_on(state)):
        state = one_pass(state)
    return state


def weighted(terms, weights):
    """Means over the spectrum, the last axis."""
    return [(weights * term).sum(-1) for term in terms]


def difference(xp, level, learned, unlearned, null_learned, null_weight, rank_fraction):
    """level - learned, where learned + unlearned = rank_fraction: from the smaller of the two.

    `null_learned` is zero, and carries the slope in the eigenvalues that are zero. The distance to the rank fraction
    is taken from the smaller part of the weights, whose rounding is the smaller.
    """
    beyond = xp.where(null_weight < rank_fraction, (level - 1) + null_weight, level - rank_fraction)
    return xp.where(unlearned < learned, beyond + unlearned - null_learned, level - learned)


def residual(xp, algebra, spectrum, parameters, t):
    """g and its slope at t."""
    c, weights, support, null_weight, rank_fraction = spectrum
    s, kappa, tau, ridge = parameters
    learned, unlearned, slope = algebra.newton_terms(c, t[..., None])
    d, v, e, d_null = weighted((learned, unlearned * support, slope, learned * (1 - support)), weights)
    u = null_weight + v - d_null
    gap_kappa = difference(xp, kappa, d, v, d_null, null_weight, rank_fraction)
    gap_tau = difference(xp, tau, d, v, d_null, null_weight, rank_fraction)
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


def find_root(xp, algebra, spectrum, parameters, t, loop=in_python):
    """Newton's iteration from t: the root, where it was not reached, and the passes it took."""
    eps = xp.finfo(t.dtype).eps
    small = eps**0.4

    def goes_on(state):
        _, _, active, passes = state
        return active.any() & (passes < MAX_PASSES)

    def one_pass(state):
        t, previous, active, passes = state
        g, dg = residual(xp, algebra, spectrum, parameters, t)
        step = g / dg
        relative = xp.abs(step) / t
        # small and no longer shrinking (Newton at least halves its steps): what is left is rounding of the sums
        arrived = (relative <= 2 * eps) | ((previous < small) & (relative >= 0.75 * previous))
        t = xp.where(active & ~arrived, t - step, t)
        return t, xp.where(active, relative, previous), active & ~arrived, passes + 1

    start = (t, xp.full_like(t, float("inf")), t > 0, 0)
    t, _, active, passes = loop(goes_on, one_pass, start)
    return t, active | ~xp.isfinite(t), passes


def balance(xp, algebra, t, u, gap_kappa, parameters, loop=in_python):
    """Effective ridge that balances the noise at t: concave and increasing, so Newton from the left."""
    s, kappa, tau, ridge = parameters
    eps = xp.finfo(t.dtype).eps

    def goes_on(state):
        _, moved, passes = state
        return moved & (passes < MAX_PASSES)

    def one_pass(state):
        lt, _, passes = state
        h, dh = algebra.noise_balance(lt, t, u, s, kappa, tau, ridge)
        new = lt - h / dh
        new = xp.where(new > 0, new, 0.125 * lt)
        return new, (xp.abs(new - lt) > 2 * eps * (s + lt)).any(), passes + 1

    lt = algebra.sigma_of_t(t, gap_kappa, kappa) - s
    lt = xp.where(lt > 0, lt, s)
    return loop(goes_on, one_pass, (lt, (t > 0).any(), 0))[0]


def effective_ridge_at(xp, algebra, spectrum, parameters, t, recorded, frozen, loop):
    """The effective ridge at the root where there is a ridge, and any positive number elsewhere."""
    c, weights, support, null_weight, rank_fraction = spectrum
    s, kappa, tau, ridge = parameters
    learned, unlearned, _ = algebra.newton_terms(c, t[..., None])
    d, v, d_null = weighted((learned, unlearned * support, learned * (1 - support)), weights)
    u = null_weight + v - d_null
    gap_kappa = difference(xp, kappa, d, v, d_null, null_weight, rank_fraction)
    # where there is no ridge, an equation that has a root takes the place
    safe = (s, kappa, tau, xp.where(ridge > 0, ridge, xp.ones_like(ridge)))
    still = [frozen(x) for x in safe]
    lt = balance(xp, algebra, frozen(t), frozen(u), frozen(gap_kappa), still, loop)
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
    d_null, d2_null = weighted((learned * (1 - support), learned2 * (1 - support)), weights)
    u = null_weight + v - d_null
    u2 = null_weight + v2 - 2 * d_null + d2_null
    above, below = algebra.gap_above(t, s, kappa), algebra.gap_below(t, u, s, kappa, tau)
    gap_kappa = xp.where(ridge > 0, (s + lt) * kappa / t, xp.where(tau > 1, above, below))
    sigma = xp.where(ridge > 0, s + lt, xp.where(tau > 1, s, algebra.sigma_of_t(t, below, kappa)))
    effective_ridge, share = algebra.shares(u, sigma, tau, ridge)
    names = ("a", "da", "M", "dM", "q", "Qbar", "A", "B")
    values = algebra.outputs(t, d, u, e, d2, u2, gap_kappa, sigma, effective_ridge, share, s, kappa, rho)
    found = dict(zip(names, values, strict=True))
    return {"t": t, "s": s, "sigma": s + effective_ridge, "effective_ridge": effective_ridge} | found


def solve(xp, algebra, spectrum, parameters, rho, c_train, recorded=0, frozen=lambda x: x, loop=in_python, ridged=True):
    """All outputs, where they were not reached, and the passes that it took.

    The iteration sees only what `frozen` gives of its arguments; `recorded` Newton steps from the root carry the
    derivatives of the implicit function. `ridged` is False where it is known that no point has a ridge.
    """
    still = [frozen(x) for x in parameters]
    fixed = [frozen(x) for x in spectrum]
    first = start(xp, algebra, frozen(c_train), fixed[-1], *still)
    t, lost, passes = find_root(xp, algebra, fixed, still, first, loop)
    for _ in range(recorded):
        g, dg = residual(xp, algebra, spectrum, parameters, t)
        t = t - g / dg
    lt = parameters[0]
    if ridged:
        lt = effective_ridge_at(xp, algebra, spectrum, parameters, t, recorded, frozen, loop)
    found = outputs_at(xp, algebra, spectrum, parameters, rho, t, lt)
    for value in found.values():
        lost = lost | ~xp.isfinite(value)
    return found, lost, passes


def complaint(xp, lost, passes, dtype):
    """What to say of points that were not reached."""
    return (
        f"Newton's iteration in t did not arrive at {int(lost.sum())} points (the first at index"
        f" {int(xp.argmax(1 * lost))}) in {int(passes)} passes; they are likely beyond the range of {dtype}: rescale"
        " the eigenvalues, and rho and ridge with them"
    )
