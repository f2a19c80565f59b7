# shellcheck shell=bash
# Shared by the scripts next to it; sourced, never run.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The browser of the distribution is used; nothing is downloaded.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1

# Prints a message on stderr and ends with an exit code.
die() {
  local code=$1
  shift
  printf '%s\n' "$@" >&2
  exit "$code"
}

# Runs a command quietly: one line when it succeeds, all that it printed when it fails, its exit code either way.
# ZHIKE_VERBOSE=1 shows everything as it comes.
step() {
  local name=$1 log started=$SECONDS code=0
  shift
  if [ -n "${ZHIKE_VERBOSE:-}" ]; then
    printf '== %s\n' "$name"
    "$@"
    return
  fi
  log=$(mktemp "${TMPDIR:-/tmp}/zhike-step.XXXXXX")
  printf '%-32s ' "$name"
  "$@" >"$log" 2>&1 </dev/null || code=$?
  if [ "$code" -eq 0 ]; then
    printf 'ok %5d s\n' "$((SECONDS - started))"
    # What a step wants to be seen although it succeeded.
    grep '^note: skipped' "$log" || true
  else
    printf 'FAILED %d s, exit code %d\n' "$((SECONDS - started))" "$code"
    cat "$log"
    printf '== %s failed: %s\n' "$name" "$*"
  fi
  rm -f "$log"
  return "$code"
}

# Prints a port of the loopback address that nobody listens on.
free_port() {
  node -e 'const s = require("node:net").createServer().listen(0, "127.0.0.1", () => {
    console.log(s.address().port); s.close() })'
}
