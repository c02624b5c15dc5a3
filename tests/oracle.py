"""The papers' equations, solved the plain way in many digits: no variable t, no spectral sums, nothing of ours."""

from __future__ import annotations

from dataclasses import dataclass

from mpmath import mp, mpf


@dataclass(frozen=True)
class Oracle:
    sigma: mpf
    effective_ridge: mpf
    a: mpf
    da: mpf
    M: mpf
    dM: mpf
    q: mpf
    Qbar: mpf

    def F(self, c):
        return 1 / (self.a * c + self.sigma)

    def dF(self, c):
        return -(self.da * c + 1) * self.F(c) ** 2

    def K(self, c):
        return self.q * self.F(c) + (self.q * self.effective_ridge - self.sigma**2) * self.dF(c)


def root(function, low, high):
    """Root of an increasing function of a positive number: halving in the logarithm, then the secant."""
    x, y = mp.log(mpf(low)), mp.log(mpf(high))
    if not function(mp.exp(x)) < 0 < function(mp.exp(y)):
        return mp.exp(y)  # a = 1 to all digits
    while y - x > 1e-2:
        middle = (x + y) / 2
        x, y = (middle, y) if function(mp.exp(middle)) < 0 else (x, middle)
    return mp.exp(mp.findroot(lambda v: function(mp.exp(v)), (x, y), solver="illinois", tol=mp.eps**1.5, verify=False))


def memorisation(c, w, kappa, z):
    """Root a in (0, 1] of a (1 + phi / kappa) = 1."""
    return root(lambda a: a * (1 + sum(x * y / (a * y + z) for x, y in zip(w, c, strict=True)) / kappa) - 1, "1e-60", 1)


def solve(eigenvalues, weights, *, alpha, tau, kappa, rho, ridge=0, digits=30) -> Oracle:
    """Nested root finding of the fixed-point equations as the papers state them."""
    with mp.workdps(digits + 40):
        c, w = [mpf(x) for x in eigenvalues], [mpf(x) for x in weights]
        w = [x / sum(w) for x in w]
        alpha, tau, kappa, rho, ridge = map(mpf, (alpha, tau, kappa, rho, ridge))
        s = (rho + sum(x * y for x, y in zip(w, c, strict=True))) / alpha

        def trace(z):
            a = memorisation(c, w, kappa, z)
            return a, sum(x / (a * y + z) for x, y in zip(w, c, strict=True))

        if ridge == 0 and tau > 1:
            lt = mpf(0)
        else:
            lt = root(lambda x: x * trace(s + x)[1] - tau * ridge / x - (1 - tau), "1e-40", "1e40")
        z = s + lt
        a, M = trace(z)
        # derivative of the fixed-point equation of M, both sides in z
        f = [1 / (a * y + z) for y in c]
        part_M = sum(-x * y * z / kappa * g**2 for x, y, g in zip(w, c, f, strict=True))
        part_z = sum(-x * (y * M / kappa + 1) * g**2 for x, y, g in zip(w, c, f, strict=True))
        dM = part_z / (1 - part_M)
        unexplained = 1 - 2 * z * M - z**2 * dM
        q = (rho + z - z**2 * M - lt * unexplained) / (tau - (1 - 2 * lt * M - lt**2 * dM))
        Qbar = 1 + (q - 2 * z) * M + (q * lt - z**2) * dM
        return Oracle(z, lt, a, (M + z * dM) / kappa, M, dM, q, Qbar)


def of_matrices(C_train, C_test, *, alpha_test=None, rho_test=None, digits=50, **parameters):
    """What follows from two matrices, from the symmetric part of each; the resolvent needs no eigenvectors.

    The law of the predictions, its error, the metrics, and the errors on the tasks of pretraining and rotated ones.
    """
    with mp.workdps(digits + 40):
        C_train, C_test = ((mp.matrix(C) + mp.matrix(C).T) / 2 for C in (C_train, C_test))
        d = C_train.rows
        one, ones = mp.eye(d), mp.ones(d)
        point = solve(mp.eigsy(C_train, eigvals_only=True), [1] * d, **parameters, digits=digits)
        alpha_test = mpf(parameters["alpha"] if alpha_test is None else alpha_test)
        rho_test = mpf(parameters["rho"] if rho_test is None else rho_test)
        lt, sigma, q = point.effective_ridge, point.sigma, point.q

        def mean(X):
            return sum(X[i, i] for i in range(d)) / d

        F = mp.inverse(point.a * C_train + sigma * one)
        dF = -(point.da * C_train + one) * F * F
        K = q * F + (q * lt - sigma**2) * dF
        c_test, c_train, G, dG = mean(C_test), mean(C_train), mean(C_test * F), mean(C_test * dF)
        phi, dphi = mean(C_train * F), mean(C_train * dF)
        var_y = rho_test + c_test
        cov = c_test - sigma * G
        var_yhat = c_test - 2 * sigma * G - sigma**2 * dG + q * (G + lt * dG) + var_y / alpha_test * point.Qbar
        at_train = rho_test + (rho_test + c_train) / alpha_test * point.Qbar
        H = one - ones / d
        cross, *own = (mean(H * X * H * Y) for X, Y in ((C_train, C_test), (C_train, C_train), (C_test, C_test)))
        return {
            "total": rho_test + var_y / alpha_test * point.Qbar + mean(C_test * K),
            "cov": cov,
            "var_yhat": var_yhat,
            "var_given_label": var_yhat - cov**2 / var_y,
            "training": at_train + q * point.a * phi + (q * lt - sigma**2) * point.a**2 * dphi,
            "rotated": at_train + c_train * mean(K),
            "misalignment": mean(C_test * K),
            "resolvent": G,
            "population": mean(C_test * mp.inverse(C_train)),
            "inverse_cka": mp.sqrt(own[0] * own[1]) / cross,
        }
