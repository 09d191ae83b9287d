"""Reference answers for bench/peers/metrics.js: reads NDJSON cases on stdin, writes one line of numbers a case."""

import json
import math
import sys
import warnings

import numpy as np
from sklearn.exceptions import UndefinedMetricWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score


# One class only: scikit-learn warns that the metric is undefined, which is the answer that is asked for.
warnings.filterwarnings("ignore", category=UndefinedMetricWarning)
warnings.filterwarnings("ignore", message="No positive class found")


def with_weight(metric, y, p, w):
    """A row without weight is no row: for scikit-learn too, whose check for one class looks at labels alone."""
    there = w > 0
    return metric(y[there], p[there], sample_weight=w[there])


def average_precision(y, p, w):
    """scikit-learn answers 0 without outcomes (and says it means nothing): no value here."""
    return with_weight(average_precision_score, y, p, w) if (w * y).sum() > 0 else float("nan")


def defined(value):
    return None if math.isnan(value) else value


def calibration_error(y, p, w, bins):
    """Quantile bins by the inverted distribution function, as numpy defines it, with sample weights."""
    edges = [np.quantile(p, b / bins, weights=w, method="inverted_cdf") for b in range(1, bins)]
    bin_of = np.searchsorted(np.unique(edges), p, side="left")
    total = 0.0
    for b in np.unique(bin_of):
        here = bin_of == b
        if w[here].sum() > 0:
            total += w[here].sum() * abs(np.average(p[here], weights=w[here]) - np.average(y[here], weights=w[here]))
    return total / w.sum()


def logistic(case):
    x = np.array(case["x"], dtype=float).T
    y = np.array(case["label"])
    w = np.array(case["weight"], dtype=float)
    mean = np.average(x, axis=0, weights=w)
    scale = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=w))
    model = LogisticRegression(C=1 / case["ridge"], solver="newton-cholesky", tol=1e-13, max_iter=200)
    z = (x - mean) / scale
    model.fit(z, y, sample_weight=w)
    return {"log_odds": (z @ model.coef_[0] + model.intercept_[0]).tolist()}


for line in sys.stdin:
    case = json.loads(line)
    if "ridge" in case:
        print(json.dumps(logistic(case)))
        continue
    y = np.array(case["label"])
    p = np.array(case["score"], dtype=float)
    w = np.array(case["weight"], dtype=float)
    print(
        json.dumps(
            {
                "roc_auc": defined(with_weight(roc_auc_score, y, p, w)),
                "pr_auc": defined(average_precision(y, p, w)),
                "log_loss": log_loss(y, p, sample_weight=w, labels=[0, 1]),
                "brier": brier_score_loss(y, p, sample_weight=w, pos_label=1),
                "calibration_error": calibration_error(y, p, w, case["bins"]),
                "calibration_in_the_large": np.average(p, weights=w) - np.average(y, weights=w),
            }
        )
    )
