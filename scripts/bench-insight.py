"""Others on the work that `grade_insight` did: bench-insight.py FOLDER SCRATCH. Prints lines of the same table.

SCRATCH holds the very rows and folds; times are the quickest of several turns, on two threads where the tool has them.
"""

import sys
import time
import warnings

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
folder, scratch = sys.argv[1:3]


def line(what, who, **figures):
    print(
        f"| {what} | {who} | "
        + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
        + " |",
        flush=True,
    )


def best_of(n, work):
    least = float("inf")
    for _ in range(n):
        started = time.perf_counter()
        answer = work()
        least = min(least, time.perf_counter() - started)
    return answer, least * 1e3


def purchases():
    from lifetimes import BetaGeoFitter, GammaGammaFitter, ModifiedBetaGeoFitter, ParetoNBDFitter

    rows = pd.read_csv(f"{folder}/cdnow/cdnow_customers_summary_with_transactions.csv.gz")
    for name, model in [("BG/NBD", BetaGeoFitter), ("MBG/NBD", ModifiedBetaGeoFitter), ("Pareto/NBD", ParetoNBDFitter)]:
        fitted, fit_ms = best_of(3, lambda: model(penalizer_coef=0.0).fit(rows.x, rows.t_x, rows["T"]))
        predict = fitted.conditional_expected_number_of_purchases_up_to_time
        expected, predict_ms = best_of(3, lambda: predict(39, rows.x, rows.t_x, rows["T"]))
        figures = {key: round(float(value), 4) for key, value in fitted.params_.items()}
        total = round(float(np.sum(expected)), 1)
        line(
            "CDNOW sample",
            f"lifetimes {name}",
            **figures,
            total=total,
            fit_ms=round(fit_ms, 1),
            predict_ms=round(predict_ms, 2),
        )
    known = rows[rows.x > 0]
    fitted, ms = best_of(3, lambda: GammaGammaFitter(penalizer_coef=0.0).fit(known.x, known.zbar))
    figures = {key: round(float(value), 4) for key, value in fitted.params_.items()}
    line("CDNOW sample", "lifetimes Gamma-Gamma", **figures, fit_ms=round(ms, 1))


def repurchase():
    from lightgbm import LGBMClassifier
    from sklearn.metrics import average_precision_score, roc_auc_score

    past, now = (np.loadtxt(f"{scratch}/{name}.csv", delimiter=",") for name in ("past", "now"))
    model = LGBMClassifier(n_estimators=150, learning_rate=0.05, num_leaves=15, n_jobs=2, verbose=-1)
    said = model.fit(past[:, :-1], past[:, -1]).predict_proba(now[:, :-1])[:, 1]
    auc, ap = roc_auc_score(now[:, -1], said), average_precision_score(now[:, -1], said)
    line(
        "CDNOW, buys within 26 weeks",
        "LightGBM, learnt half a year before",
        AUC=round(auc, 4),
        AP=round(ap, 4),
        said=round(said.mean(), 4),
        true=round(now[:, -1].mean(), 4),
    )


def clusters():
    from sklearn.cluster import KMeans

    rows = np.loadtxt(f"{scratch}/rfm.csv", delimiter=",")
    for k in [3, 4, 5, 6, 8]:
        found, ms = best_of(3, lambda: KMeans(k, n_init=10, random_state=1).fit(rows))
        line(f"k-means of CDNOW, log RFM, k {k}", "scikit-learn", inertia=round(found.inertia_, 2), ms=round(ms, 1))


def million():
    from lifetimes import BetaGeoFitter
    from sklearn.cluster import KMeans

    base = np.loadtxt(f"{scratch}/histories.csv", delimiter=",")
    table = np.repeat(base, 42, axis=0)
    days = np.tile(np.arange(42), len(base))
    x, recency, age = table[:, 0], table[:, 1], table[:, 2] + days / 7
    fitted, fit_ms = best_of(1, lambda: BetaGeoFitter(penalizer_coef=0.0).fit(x, recency, age))
    predict = fitted.conditional_expected_number_of_purchases_up_to_time
    expected, predict_ms = best_of(1, lambda: predict(39, x, recency, age))
    line(
        "989,940 customers",
        "lifetimes BG/NBD",
        total=round(float(np.sum(expected))),
        fit_ms=round(fit_ms),
        predict_ms=round(predict_ms),
    )
    rows = np.log1p(np.column_stack([table[:, 3] + days, x + 1, table[:, 4]]))
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    found, ms = best_of(1, lambda: KMeans(5, n_init=10, random_state=1).fit(rows))
    line("989,940 customers, k-means, k 5", "scikit-learn", inertia=round(found.inertia_), ms=round(ms))


def churn():
    from lightgbm import LGBMClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = np.loadtxt(f"{scratch}/telco.csv", delimiter=",")
    rows, parts, labels = table[:, :-2], table[:, -2], table[:, -1]
    tuned = dict(
        n_estimators=250,
        learning_rate=0.03,
        num_leaves=7,
        reg_lambda=5,
        subsample=0.8,
        subsample_freq=1,
        colsample_bytree=0.6,
    )
    models = {
        "scikit-learn logistic": lambda: make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "scikit-learn HistGradientBoosting, defaults": lambda: HistGradientBoostingClassifier(random_state=1),
        "LightGBM, defaults": lambda: LGBMClassifier(n_jobs=2, verbose=-1, random_state=1),
        "LightGBM, our preset": lambda: LGBMClassifier(n_jobs=2, verbose=-1, random_state=1, **tuned),
    }
    for name, make in models.items():
        said = np.zeros(len(labels))
        started = time.perf_counter()
        for part in np.unique(parts):
            held = parts == part
            said[held] = make().fit(rows[~held], labels[~held]).predict_proba(rows[held])[:, 1]
        ms = (time.perf_counter() - started) * 1e3
        bins = np.minimum((said * 10).astype(int), 9)
        ece = sum(
            abs(said[bins == at].mean() - labels[bins == at].mean()) * (bins == at).mean()
            for at in range(10)
            if (bins == at).any()
        )
        line(
            "Telco churn, 5 folds",
            name,
            AUC=round(roc_auc_score(labels, said), 4),
            log_loss=round(log_loss(labels, said), 4),
            ECE=round(ece, 4),
            AP=round(average_precision_score(labels, said), 4),
            Brier=round(brier_score_loss(labels, said), 4),
            five_fits_ms=round(ms),
        )
    single = dict(tuned, n_jobs=1)
    model, ms = best_of(3, lambda: LGBMClassifier(verbose=-1, random_state=1, **single).fit(rows, labels))
    line("Telco, one fit of 250 trees, 1 thread", "LightGBM", ms=round(ms))
    _, ms = best_of(2, lambda: model.predict(rows, pred_contrib=True, num_threads=1))
    line("Telco reasons, 1 thread", "LightGBM", **{"rows/s": round(len(labels) / ms * 1e3)})


for part in (purchases, repurchase, clusters, churn, million):
    try:
        part()
    except ImportError as error:
        print(f"note: skipped {part.__name__}: {error}", file=sys.stderr)
