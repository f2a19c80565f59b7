"""Splink on the records that `matching` measures: SET CSV, one set a process. Prints one line a threshold.

Settings follow Splink's own tutorial and its example for FEBRL: comparisons by the kind of column, deterministic rules for
the prior, u from random pairs, m by EM under two blocks.
"""

import collections
import logging
import resource
import sys
import time

import pandas as pd
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

logging.getLogger("splink").setLevel(logging.ERROR)
name, path = sys.argv[1:3]
THRESHOLDS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999]


def dob(column):
    return cl.DateOfBirthComparison(
        column,
        input_is_string=True,
        datetime_format="%Y%m%d",
        datetime_metrics=["month", "year"],
        datetime_thresholds=[1, 1],
    )


def exact(column):
    return cl.ExactMatch(column).configure(term_frequency_adjustments=True)


SETS = {
    "febrl": {
        "comparisons": [
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            dob("date_of_birth"),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            exact("street_number"),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
            exact("suburb"),
            cl.JaroWinklerAtThresholds("address_1", [0.9, 0.7]),
        ],
        "blocks": [
            ["given_name", "surname"],
            ["soc_sec_id"],
            ["date_of_birth"],
            ["postcode"],
            ["given_name", "suburb"],
            ["surname", "suburb"],
            ["given_name", "street_number"],
            ["surname", "street_number"],
            ["address_1"],
        ],
        "sure": ["given_name", "surname", "date_of_birth"],
        "recall": 0.6,
        "training": [["date_of_birth"], ["postcode"]],
    },
    "splink_fake_1000": {
        "comparisons": [
            cl.NameComparison("first_name"),
            cl.NameComparison("surname"),
            dob("dob"),
            exact("city"),
            cl.EmailComparison("email"),
        ],
        "blocks": [["first_name"], ["surname"], ["dob"], ["email"]],
        "sure": ["first_name", "surname", "dob"],
        "recall": 0.7,
        "training": [["first_name", "surname"], ["dob"]],
    },
    "people": {
        "comparisons": [
            cl.JaroWinklerAtThresholds("full_name", [0.9, 0.7]).configure(term_frequency_adjustments=True),
            dob("dob"),
            cl.DamerauLevenshteinAtThresholds("phone", [1, 2]),
            cl.EmailComparison("email"),
            exact("city"),
            cl.JaroWinklerAtThresholds("address", [0.95, 0.85]),
        ],
        "blocks": [["phone"], ["email"], ["full_name", "dob"], ["dob", "city"], ["full_name", "city"]],
        "sure": ["full_name", "dob", "phone"],
        "recall": 0.5,
        "training": [["phone"], ["full_name", "dob"]],
    },
}

frame = pd.read_csv(path, dtype=str, skipinitialspace=True, compression="infer")
frame.columns = [column.strip() for column in frame.columns]
frame = frame.apply(lambda column: column.str.strip())
if "rec_id" in frame:
    frame["truth"] = frame["rec_id"].str.split("-").str[1]
    frame["unique_id"] = frame["rec_id"]
elif "cluster" in frame:
    frame["truth"] = frame.pop("cluster")
    frame["dob"] = frame["dob"].str.replace("-", "")
truth = dict(zip(frame["unique_id"], frame.pop("truth")))
config = SETS["febrl" if name.startswith("febrl") else "people" if name.startswith("people") else name]
columns = ["unique_id"] + [
    column for column in frame.columns if column not in ("unique_id", "rec_id") and frame[column].notna().any()
]
frame = frame[columns]

started = time.perf_counter()
api = DuckDBAPI()
api._con.execute("SET threads = 2")
linker = Linker(
    api.register(frame),
    SettingsCreator(
        link_type="dedupe_only",
        comparisons=config["comparisons"],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in config["blocks"]],
    ),
)
linker.training.estimate_probability_two_random_records_match([block_on(*config["sure"])], recall=config["recall"])
linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
for columns in config["training"]:
    linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
predictions = linker.inference.predict(threshold_match_probability=0.4)
clusters = {0.95: linker.clustering.cluster_pairwise_predictions_at_threshold(predictions, 0.95).as_pandas_dataframe()}
seconds = time.perf_counter() - started
for threshold in THRESHOLDS:
    if threshold not in clusters:
        clusters[threshold] = linker.clustering.cluster_pairwise_predictions_at_threshold(
            predictions, threshold
        ).as_pandas_dataframe()


def pairs(n):
    return n * (n - 1) / 2


def f1(precision, recall):
    return 2 * precision * recall / max(precision + recall, 1e-12)


sizes = collections.Counter(truth.values())
n_true = sum(map(pairs, sizes.values()))
n_groups = sum(size > 1 for size in sizes.values())
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
for threshold in THRESHOLDS:
    groups = collections.defaultdict(list)
    for unique_id, cluster in zip(clusters[threshold]["unique_id"], clusters[threshold]["cluster_id"]):
        groups[cluster].append(truth[unique_id])
    n_found = n_right = n_exact = n_clusters = largest = 0
    for group in groups.values():
        if len(group) < 2:
            continue
        n_clusters += 1
        largest = max(largest, len(group))
        persons = collections.Counter(group)
        n_found += pairs(len(group))
        n_right += sum(map(pairs, persons.values()))
        n_exact += len(persons) == 1 and sizes[group[0]] == len(group)
    precision, recall = n_right / max(n_found, 1), n_right / max(n_true, 1)
    exact_precision, exact_recall = n_exact / max(n_clusters, 1), n_exact / max(n_groups, 1)
    print(
        f"| {name} | Splink at {threshold} | {precision:.4f} | {recall:.4f} | {f1(precision, recall):.4f} "
        f"| {f1(exact_precision, exact_recall):.4f} | {largest} | | {seconds:.2f} | {memory:.2f} |"
    )
