"""Others on the tasks that `grade_time` wrote: bench-time.py SCRATCH. Prints lines of the same table."""

import sys
import time
import warnings

import numpy as np
from statsforecast.models import AutoETS, DynamicOptimizedTheta

warnings.filterwarnings("ignore")


def grades(known, truth, forecast, period):
    step = np.mean(np.abs(known[period:] - known[:-period]))
    share = np.where(
        forecast == truth, 0, 2 * np.abs(forecast - truth) / np.maximum(np.abs(forecast) + np.abs(truth), 1e-300)
    )
    return np.mean(np.abs(forecast - truth)) / step, np.mean(share)


sets = {}
for text in open(f"{sys.argv[1]}/tasks.txt"):
    name, period, known, truth = text.strip().split(";")
    sets.setdefault(name, []).append(
        (int(period), np.array(known.split(), dtype=float), np.array(truth.split(), dtype=float))
    )

# Compiles what is compiled at first use.
AutoETS(season_length=4).forecast(y=np.arange(1.0, 41.0) + np.tile([0.0, 1, 3, 2], 10), h=4, level=[80, 95])
DynamicOptimizedTheta(season_length=4).forecast(y=np.arange(1.0, 41.0) + np.tile([0.0, 1, 3, 2], 10), h=4)
for name, tasks in sets.items():
    for who, make in [("statsforecast AutoETS", AutoETS), ("statsforecast DynamicOptimizedTheta", DynamicOptimizedTheta)]:
        own, naive, within, n = [], [], np.zeros(2), 0
        started = time.perf_counter()
        for period, known, truth in tasks:
            h = len(truth)
            levels = {"level": [80, 95]} if make is AutoETS else {}
            answer = make(season_length=period).forecast(y=known, h=h, **levels)
            forecast = answer["mean"]
            # As ours: what was never negative does not become so.
            if known.min() >= 0:
                forecast = np.maximum(forecast, 0)
            own.append(grades(known, truth, forecast, period))
            naive.append(grades(known, truth, np.resize(known[-period:], h), period))
            if levels:
                for at, level in enumerate([80, 95]):
                    within[at] += np.sum((answer[f"lo-{level}"] <= truth) & (truth <= answer[f"hi-{level}"]))
            n += h
        each = (time.perf_counter() - started) * 1e3 / len(tasks)
        own, naive = np.mean(own, axis=0), np.mean(naive, axis=0)
        owa = np.mean(own / naive)
        text = f"tasks {len(tasks)}, MASE {own[0]:.4f}, sMAPE % {100 * own[1]:.3f}, OWA to seasonal naive {owa:.4f}"
        if make is AutoETS:
            text += f", within 80 % {100 * within[0] / n:.1f}, within 95 % {100 * within[1] / n:.1f}"
        print(f"| {name} | {who} | {text}, ms each {each:.2f} |", flush=True)
