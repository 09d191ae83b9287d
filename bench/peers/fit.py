"""Fits one peer on every split of one table and writes its probabilities; no figure is computed here.

    python fit.py --versions                    versions of the packages named in settings.json, as JSON
    python fit.py --table T --job J --out DIR   J: one entry of settings.json with "jobs" and
                                                "fits", a list of [seed, place of the split]

T is the JSON file that bench/accuracy/peers.js writes. One file a fit, seed-<n>-split-<place>.json, holds
`probability`, in the order of the split's test rows, `seconds` of the fit, encoding included, import and reading not, and
the `jobs` (threads or processes) it ran with.
Every peer sees the same rows and columns: numbers as doubles with NaN for missing, text as pandas categories whose
levels are those of the whole table.
"""

import argparse
import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent


def print_versions():
    settings = json.loads((HERE / "settings.json").read_text())
    names = sorted({entry["package"] for entry in settings})
    print(json.dumps({"python": sys.version.split()[0], **{name: version(name) for name in names}}))


def read_table(path):
    import numpy as np
    import pandas as pd

    table = json.loads(Path(path).read_text())
    columns = {}
    for column in table["columns"]:
        if column["kind"] == "nominal":
            codes = [-1 if value is None else int(value) for value in column["values"]]
            columns[column["name"]] = pd.Categorical.from_codes(codes, categories=column["categories"])
        else:
            columns[column["name"]] = np.array(column["values"], dtype=float)
    table["frame"] = pd.DataFrame(columns)
    table["label"] = np.array(table["label"])
    table["account"] = np.array(table["account"])
    table["nominal"] = [column["name"] for column in table["columns"] if column["kind"] == "nominal"]
    return table


def account_bags(account, bags, held_out, seed):
    """Bag masks of interpret (1 trains, -1 validates) that keep an account's rows on one side."""
    import numpy as np

    random = np.random.default_rng(seed)
    ids, index = np.unique(account, return_inverse=True)
    masks = np.ones((len(account), bags), dtype=np.int8)
    for bag in range(bags):
        out = random.permutation(len(ids))[: round(held_out * len(ids))]
        masks[np.isin(index, out), bag] = -1
    return masks


def interpret(table, job, seed):
    from interpret.glassbox import ExplainableBoostingClassifier

    types = ["nominal" if name in table["nominal"] else "continuous" for name in table["frame"].columns]
    model = ExplainableBoostingClassifier(
        feature_types=types, n_jobs=job["jobs"], random_state=seed, **job["params"]
    )

    def fit(x, y, account):
        bags = None
        if job.get("bags_by_account") and len(set(account)) < len(account):
            bags = account_bags(account, model.outer_bags, model.validation_size, seed)
        model.fit(x, y, bags=bags)

    return fit, lambda x: model.predict_proba(x)[:, 1]


def lightgbm(table, job, seed):
    from lightgbm import LGBMClassifier

    model = LGBMClassifier(n_jobs=job["jobs"], random_state=seed, verbose=-1, **job["params"])
    return lambda x, y, _: model.fit(x, y), lambda x: model.predict_proba(x)[:, 1]


def xgboost(table, job, seed):
    from xgboost import XGBClassifier

    model = XGBClassifier(n_jobs=job["jobs"], random_state=seed, enable_categorical=True, **job["params"])
    return lambda x, y, _: model.fit(x, y), lambda x: model.predict_proba(x)[:, 1]


def catboost(table, job, seed):
    from catboost import CatBoostClassifier

    model = CatBoostClassifier(
        thread_count=job["jobs"],
        random_seed=seed,
        cat_features=table["nominal"],
        allow_writing_files=False,
        verbose=False,
        **job["params"],
    )

    def named(x):
        """CatBoost reads categories as text and has no missing one."""
        text = {name: x[name].astype(object).where(x[name].notna(), "missing").astype(str) for name in table["nominal"]}
        return x.assign(**text)

    return lambda x, y, _: model.fit(named(x), y), lambda x: model.predict_proba(named(x))[:, 1]


def hist_gradient_boosting(table, job, seed):
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(random_state=seed, categorical_features="from_dtype", **job["params"])
    return lambda x, y, _: model.fit(x, y), lambda x: model.predict_proba(x)[:, 1]


def logistic(table, job, seed):
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
    from sklearn.model_selection import GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [name for name in table["frame"].columns if name not in table["nominal"]]
    encode = make_column_transformer(
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), table["nominal"]),
    )
    state = {}

    def fit(x, y, account):
        design = encode.fit_transform(x)
        if job.get("choose_penalty"):
            folds = list(GroupKFold(5, shuffle=True, random_state=seed).split(design, y, account))
            model = LogisticRegressionCV(
                Cs=[10**power for power in (-4, -3.5, -3, -2.5, -2, -1.5, -1, 0)],
                cv=folds,
                scoring="neg_log_loss",
                max_iter=1000,
                l1_ratios=(0,),
                use_legacy_attributes=False,
            )
        else:
            model = LogisticRegression(max_iter=1000)
        state["model"] = model.fit(design, y)

    return fit, lambda x: state["model"].predict_proba(encode.transform(x))[:, 1]


PEERS = {
    "interpret": interpret,
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
    "hist_gradient_boosting": hist_gradient_boosting,
    "logistic": logistic,
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--versions", action="store_true")
    parser.add_argument("--table")
    parser.add_argument("--job")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    if arguments.versions:
        print_versions()
        return
    job = json.loads(arguments.job)
    # Read by OpenMP and the BLAS when their libraries are loaded, which the first import of a peer does.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = str(job["jobs"])
    # Threads that wait by spinning are slow on a machine that has other work.
    os.environ["OMP_WAIT_POLICY"] = "passive"
    import warnings

    warnings.filterwarnings("ignore")
    table = read_table(arguments.table)
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    for seed, place in job["fits"]:
        train, test = table["splits"][place]["train"], table["splits"][place]["test"]
        fit, predict = PEERS[job["peer"]](table, job, seed)
        x, y, account = table["frame"].iloc[train], table["label"][train], table["account"][train]
        started = time.perf_counter()
        fit(x, y, account)
        seconds = time.perf_counter() - started
        probability = predict(table["frame"].iloc[test]).astype(float).tolist()
        # Renamed when whole, so that a run that is ended leaves no half answer behind.
        unfinished = out / f"seed-{seed}-split-{place}.part"
        unfinished.write_text(json.dumps({"jobs": job["jobs"], "seconds": seconds, "probability": probability}))
        unfinished.rename(unfinished.with_suffix(".json"))


main()
