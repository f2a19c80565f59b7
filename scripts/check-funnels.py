"""Funnels of random logs beside ClickHouse: check-funnels.py BINARY [LOGS]. BINARY is the example check_funnels of zhike-ml.

Needs chdb from PyPI. Ends with 1 at the first kind of difference.
"""

import random
import subprocess
import sys

import chdb

binary, n_logs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 12_000
FLAGS = ["strict_deduplication", "strict_order", "strict_increase"]
random.seed(7)
logs = []
for at in range(n_logs):
    n_steps = 1 + at % 5
    window = at // 5 % 7 * 3
    events = [
        (random.randrange(25), random.getrandbits(5) & random.getrandbits(5)) for _ in range(random.randrange(12))
    ]
    logs.append((n_steps, window, events))

text = "".join(
    f"{n} {window} " + " ".join(f"{time}:{bits}" for time, bits in events) + "\n" for n, window, events in logs
)
ours = subprocess.run([binary], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
ours = [[int(number) for number in line.split()] for line in ours]
assert len(ours) == n_logs

n_compared = n_different = n_once = n_once_different = 0
for n_steps, window in sorted({(n, window) for n, window, _ in logs}):
    chosen = [at for at in range(n_logs) if logs[at][:2] == (n_steps, window) and logs[at][2]]
    rows = ",".join(f"({at},{time},{bits})" for at in chosen for time, bits in logs[at][2])
    steps = ", ".join(f"bitTest(bits, {step})" for step in range(n_steps))
    columns = []
    for modes in range(8):
        names = "".join(f", '{flag}'" for place, flag in enumerate(FLAGS) if modes >> place & 1)
        columns.append(f"windowFunnel({window}{names})(time, {steps})")
    columns.append(f"windowFunnel({window}, 'strict_once')(time, {steps})")
    query = (
        f"SELECT log, {', '.join(columns)} FROM values('log UInt32, time UInt32, bits UInt32', {rows}) "
        "GROUP BY log ORDER BY log SETTINGS max_query_size = 100000000"
    )
    for line in str(chdb.query(query, "CSV")).splitlines():
        log, *theirs = map(int, line.split(","))
        for modes in range(8):
            n_compared += 1
            if theirs[modes] != ours[log][modes]:
                n_different += 1
                if n_different <= 5:
                    print(f"modes {modes:03b}: {logs[log]}: ours {ours[log][modes]}, theirs {theirs[modes]}")
        n_once += 1
        if theirs[8] != ours[log][8]:
            n_once_different += 1
            if n_once_different <= 5:
                print(f"strict_once: {logs[log]}: ours {ours[log][8]}, theirs {theirs[8]}")

print(f"windowFunnel: {n_compared} answers compared, {n_different} differ")
print(f"strict_once beside our sequential order: {n_once} compared, {n_once_different} differ")
sys.exit(n_different > 0)
