"""Others on the work that `grade_goods` did: bench-goods.py FOLDER SCRATCH [PART…]. Prints lines of the same table.

SCRATCH holds the very baskets, cells and rows; times are the quickest of several turns, and processor time in their mean.
"""

import gzip
import os
import sys
import time
import warnings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")

import numpy as np

warnings.filterwarnings("ignore")
folder, scratch = sys.argv[1:3]
K = 10


def line(what, who, **figures):
    parts = (f"{name.replace('_', ' ')} {value}" for name, value in figures.items())
    print(f"| {what} | {who} | {', '.join(parts)} |", flush=True)


def measured(n, work):
    """The answer, the quickest turn, and what processors spent in the mean; the latter is disturbed less by other work."""
    least, begin = float("inf"), time.process_time()
    for _ in range(n):
        started = time.perf_counter()
        answer = work()
        least = min(least, time.perf_counter() - started)
    return answer, f"{least * 1e3:.1f}, processor ms {(time.process_time() - begin) / n * 1e3:.1f}"


def groceries():
    with gzip.open(f"{folder}/groceries/groceries.csv.gz", "rt") as file:
        return [[name.strip() for name in row.rstrip("\n").split(",")] for row in file]


def made_up():
    with open(f"{scratch}/baskets.txt") as file:
        return [row.split() for row in file]


def pyfim():
    import fim

    for what, rows, supports in [
        ("Groceries, 9,835 baskets", groceries(), [0.01, 0.006, 0.001, 0.0005]),
        ("100,000 made-up baskets", made_up(), [0.005, 0.001, 0.0005]),
    ]:
        rows = [list(set(row)) for row in rows]
        for support in supports:
            for name, find in [("fpgrowth", fim.fpgrowth), ("eclat", fim.eclat)]:
                sets, ms = measured(5, lambda: find(rows, supp=support * 100 - 1e-9, zmin=1))
                line(f"{what}, support {support}", f"pyfim {name}", sets=len(sets), ms=ms)


def mlxtend():
    import pandas as pd
    from mlxtend.frequent_patterns import association_rules, fpgrowth
    from mlxtend.preprocessing import TransactionEncoder

    for what, rows, cases in [
        ("Groceries, 9,835 baskets", groceries(), [(0.01, 0.5), (0.006, 0.25), (0.001, 0.8)]),
        ("100,000 made-up baskets", made_up(), [(0.005, 0.5)]),
    ]:
        encoder = TransactionEncoder()
        table = pd.DataFrame(encoder.fit_transform(rows), columns=encoder.columns_)
        for support, confidence in cases:
            sets, ms = measured(2, lambda: fpgrowth(table, min_support=support, use_colnames=True))
            rules, rules_ms = measured(
                1, lambda: association_rules(sets, metric="confidence", min_threshold=confidence)
            )
            single = int((rules["consequents"].map(len) == 1).sum())
            line(
                f"{what}, support {support}",
                "mlxtend fpgrowth, table made before",
                sets=len(sets),
                ms=ms,
                rules_with_one_on_the_right=single,
                rules_ms=rules_ms,
            )


def tree():
    from sklearn.tree import DecisionTreeClassifier

    rows = np.loadtxt(f"{scratch}/needs.csv", delimiter=",")
    features, labels = rows[:, :-1], rows[:, -1].astype(int)
    for name, weights in [("none", None), ("balanced", "balanced")]:
        model = DecisionTreeClassifier(max_depth=4, min_samples_leaf=0.01, class_weight=weights, random_state=1)
        fitted, ms = measured(2, lambda: model.fit(features, labels))
        nodes = fitted.tree_
        theirs = [
            "leaf" if feature < 0 else (int(feature), float(threshold))
            for feature, threshold in zip(nodes.feature, nodes.threshold)
        ]
        with open(f"{scratch}/needs-{name}.txt") as file:
            ours = [row.split() for row in file]
        ours = ["leaf" if row == ["leaf"] else (int(row[0]), float(row[1])) for row in ours]
        line(
            f"Tree of 100,000 rows, weights {name}",
            "scikit-learn",
            nodes=nodes.node_count,
            ms=ms,
            splits_that_differ=sum(a != b for a, b in zip(ours, theirs)) + abs(len(ours) - len(theirs)),
        )


def recommend():
    import scipy.sparse as sparse

    for shop in ["online-retail", "complete-journey"]:
        cells = np.loadtxt(f"{scratch}/{shop}-cells.csv", delimiter=",")
        bought = np.loadtxt(f"{scratch}/{shop}-bought.csv", delimiter=",", dtype=int)
        shape = (int(cells[:, 0].max()) + 1, int(cells[:, 1].max()) + 1)
        places = (cells[:, 0].astype(int), cells[:, 1].astype(int))
        weights = sparse.csr_matrix((np.log1p(cells[:, 2]), places), shape=shape)
        buyers = np.bincount(places[1], minlength=shape[1])
        truth = {}
        for customer, product in bought:
            truth.setdefault(customer, []).append(product)
        users = np.array(sorted(truth))
        discounts = 1 / np.log2(np.arange(2, K + 2))

        def grade(who, lists, **more):
            gains = []
            for customer, listed in zip(users, lists):
                own = truth[customer]
                hits = np.isin(listed[:K], [product for product in own if product >= 0])
                gains.append((hits * discounts).sum() / discounts[: min(len(own), K)].sum())
            line(shop, who, **{"NDCG@10": round(float(np.mean(gains)), 4)}, **more)

        def top(scores):
            order = np.lexsort((np.broadcast_to(-buyers, scores.shape), -scores), axis=1)
            return order[:, :K]

        if min(shape) <= 4000:
            plain_ease(weights, users, top, grade)
        try:
            from implicit.als import AlternatingLeastSquares
            from implicit.nearest_neighbours import CosineRecommender
        except ImportError as error:
            print(f"note: skipped implicit: {error}", file=sys.stderr)
            continue
        floats = weights.astype(np.float32).tocsr()
        model = CosineRecommender(K=101, num_threads=2)
        _, ms = measured(1, lambda: model.fit(floats, show_progress=False))
        lists, _ = model.recommend(users, floats[users], N=K, filter_already_liked_items=False)
        grade("implicit cosine", lists, fit_ms=ms)
        model = AlternatingLeastSquares(
            factors=64, regularization=10.0, alpha=10.0, iterations=12, num_threads=2, random_state=1
        )
        _, ms = measured(1, lambda: model.fit(floats, show_progress=False))
        lists, _ = model.recommend(users, floats[users], N=K, filter_already_liked_items=False)
        grade("implicit ALS", lists, fit_ms=ms)


def plain_ease(weights, users, top, grade):
    """The closed form, as its paper has it; over customers where they are fewer (Woodbury)."""
    n_customers, n_products = weights.shape
    for ridge in [100.0, 300.0, 1000.0]:

        def fit():
            if n_products <= n_customers:
                inverse = np.linalg.inv((weights.T @ weights).toarray() + ridge * np.eye(n_products))
                return np.diag(inverse).copy(), weights[users] @ inverse
            inverse = np.linalg.inv((weights @ weights.T).toarray() + ridge * np.eye(n_customers))
            applied = weights.T @ inverse
            diagonal = (1 - np.asarray(weights.multiply(applied.T).sum(0)).ravel()) / ridge
            return diagonal, (weights.T @ inverse[:, users]).T

        (diagonal, applied), ms = measured(1, fit)
        scores = np.asarray(weights[users] - applied / diagonal)
        lists = np.vstack([top(scores[at : at + 200]) for at in range(0, len(users), 200)])
        grade(f"numpy EASE {ridge:.0f}", lists, fit_ms=ms)


for part in (pyfim, mlxtend, tree, recommend):
    if sys.argv[3:] and part.__name__ not in sys.argv[3:]:
        continue
    try:
        part()
    except ImportError as error:
        print(f"note: skipped {part.__name__}: {error}", file=sys.stderr)
