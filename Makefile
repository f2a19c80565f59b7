# Everything by name; CI calls `make test`. What each step does stands in scripts/, why in CONTRIBUTING.md.
.PHONY: setup demo run test check lint fix console e2e bench load faults gen clean
.DEFAULT_GOAL := demo

# What the machine needs, for tests too: Debian packages, cargo-deny.
setup:
	@scripts/setup

# Build everything, load the real data set in demo/, open the console. Needs Rust and Node only.
demo: console
	@scripts/build
	@exec "$$(scripts/binary)" demo

# Serve ./zhike-data (or ZHIKE_DATA).
run: console
	@scripts/build
	@exec "$$(scripts/binary)" serve

# All that CI checks.
test:
	@scripts/test

# Nothing runs: formatting, lints, types, licences.
check: console
	@scripts/check

# Only what `make fix` can repair.
lint: console
	@scripts/check lint

fix: console
	cargo fmt --all
	cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
	cd console && npx eslint . --fix

# Build the console into console/dist, where the binary takes it from.
console:
	@scripts/console build

# Browser paths in Chromium on the real binary.
e2e: console
	@scripts/build
	@scripts/e2e

# Generated data through import, refresh and queries; DuckDB and chDB on the same files.
bench: console
	@scripts/build
	@scripts/bench

# Events over HTTP as fast as they are acknowledged, and what bounds them.
load: console
	@scripts/build
	@scripts/load

# Kills, full disks, bombs, crowds, flipped bytes, at full length; `make test` runs them shorter.
faults: console
	@scripts/faults

# Regenerate what is made from code: OpenAPI document, API client, references under docs/.
gen: console
	@scripts/build
	@scripts/gen

clean:
	cargo clean
	rm -rf console/dist console/node_modules
