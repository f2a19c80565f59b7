"""The RFM aggregate of `zhike bench` on the same Parquet files by DuckDB and chDB; best of three, in seconds."""

import sys
import time

FILES = sys.argv[1] + "/*.parquet"
QUERY = (
    "SELECT count(*), sum(f), sum(m) FROM (SELECT profile_id, max(ordered_at) AS r, count(*) AS f, "
    "sum(net_amount) AS m FROM {table} WHERE status <> 'cancelled' GROUP BY profile_id) t"
)


def best(run):
    times = []
    for _ in range(3):
        started = time.perf_counter()
        answer = run()
        times.append(time.perf_counter() - started)
    return min(times), answer


def duckdb_run():
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    return lambda: connection.execute(QUERY.format(table=f"read_parquet('{FILES}')")).fetchall()


def chdb_run():
    import chdb

    table = f"file('{FILES}', Parquet)"
    return lambda: str(chdb.query(QUERY.format(table=table) + " SETTINGS max_threads = 2", "CSV")).strip()


for name, make in (("duckdb", duckdb_run), ("chdb", chdb_run)):
    seconds, answer = best(make())
    print(f"{name} rfm aggregate: {seconds:.2f} s {answer}")
