"""Times one fit of interpret's EBM on the files that bench/speed/synthetic.js writes; prints, as JSON, wall
and CPU seconds, the CPU seconds that everything else on the machine took meanwhile and, to show that both learnt the same,
the probabilities of the first rows.

    python time_interpret.py PLACE '{"rows": …, "width": …, "jobs": …, "params": {…}}'

A fit of the first rows comes before it and is not counted: it loads the library and starts the worker processes, as a
session that fits more than once has them already. Reading the files is not counted; everything inside fit() is.
"""

import json
import os
import sys
import time
import warnings

place, job = sys.argv[1], json.loads(sys.argv[2])
os.environ["OMP_NUM_THREADS"] = str(job["jobs"])
warnings.filterwarnings("ignore")

import numpy as np  # noqa: E402
import psutil  # noqa: E402
from interpret.glassbox import ExplainableBoostingClassifier  # noqa: E402

x = np.fromfile(f"{place}/columns.f64").reshape(job["width"], job["rows"]).T
y = np.fromfile(f"{place}/label.u8", dtype=np.uint8)


def model(**params):
    types = ["continuous"] * job["width"]
    return ExplainableBoostingClassifier(feature_types=types, n_jobs=job["jobs"], random_state=1, **params)


def cpu_seconds():
    """Of this process and its workers, which live on between fits."""
    me = psutil.Process()
    return sum(sum(one.cpu_times()[:2]) for one in [me, *me.children(recursive=True)])


def machine_seconds():
    """Seconds that the cores were not idle."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq


first = min(len(y), 2000)
model(**{**job["params"], "max_rounds": 5}).fit(x[:first], y[:first])
fitted = model(**job["params"])
busy_before = machine_seconds()
cpu_before = cpu_seconds()
started = time.perf_counter()
fitted.fit(x, y)
seconds = time.perf_counter() - started
cpu = cpu_seconds() - cpu_before
others = max(0, machine_seconds() - busy_before - cpu)
p = fitted.predict_proba(x[:20000])[:, 1]
print(json.dumps({"seconds": seconds, "cpu": cpu, "others": others, "probability": p.tolist()}))
