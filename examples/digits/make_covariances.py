"""Write train.csv and test.csv: pixel covariances of the digits 0-4 and of the digits 5-9.

Needs scikit-learn, whose bundled digits it reads; nothing else in the project does.
"""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

FOLDER = Path(__file__).parent


def integer_covariance(pixels):
    """n^2 times the covariance of n images (rows), as exact integers: n X^T X - s s^T with s the column sums.

    Integers make the matrix exactly symmetric, and exactly zero where a pixel is constant.
    """
    total = pixels.sum(axis=0)
    return len(pixels) * pixels.T @ pixels - np.outer(total, total)


def write(name, integers, unit):
    """Write `integers / unit`, each entry correctly rounded and printed with all its digits."""
    rows = (",".join(repr(entry / unit) for entry in row) for row in integers.tolist())
    (FOLDER / name).write_text("\n".join(rows) + "\n")


def main():
    """Write both files, in units of the mean eigenvalue of the training covariance."""
    images, labels = load_digits(return_X_y=True)
    pixels = images.astype(np.int64)  # grey values 0, 1, ..., 16
    train, test = pixels[labels < 5], pixels[labels >= 5]
    covariance = integer_covariance(train)
    trace, d = int(np.trace(covariance)), len(covariance)
    # C_train / (tr C_train / d) and C_test / (tr C_train / d), each in its own number of images
    write("train.csv", d * covariance, trace)
    write("test.csv", d * len(train) ** 2 * integer_covariance(test), trace * len(test) ** 2)


if __name__ == "__main__":
    main()
