# Two commands for everybody: `make serve` and `make test`. Each installs the Debian packages it misses.
.DEFAULT_GOAL := help
.PHONY: help serve build test test-cluster lint format bench bench-storage bench-telemetry install conformance \
  conformance-mutations diagrams sbom fuzz

RELEASE := .build-release

help:  ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

serve: build  ## Build and start on http://localhost:8080 with a demo on http://localhost:8081
	$(RELEASE)/release/martlet serve --demo

build: install  ## Build the program for release
	@echo "Building for release: the first time takes several minutes."
	swift build -c release --static-swift-stdlib --product martlet --scratch-path $(RELEASE) -j 2

test: install lint  ## Install what is missing, lint, and run every test
	@.ci/install test
	swift build --build-tests -j 2
	@.ci/test

conformance: install  ## Run the conformance plans against Martlet on SQLite and MariaDB (FAST=1, STORAGE=URL)
	@.ci/install conformance
	swift build --product martlet -j 2
	swift build --product martlet-conformance -j 2
	@FAST='$(FAST)' STORAGE='$(STORAGE)' .ci/conformance

conformance-mutations: install  ## Show that the conformance program notices deliberate faults of the server
	MARTLET_MUTATIONS=1 swift build --product martlet --scratch-path .build-mutations -j 2
	swift build --product martlet-conformance -j 2
	.build/debug/martlet-conformance mutations --server .build-mutations/debug/martlet

fuzz: install  ## Fuzz the parsers for TIME seconds in all, four hours unless given
	MARTLET_FUZZ=1 swift build --sanitize=fuzzer --sanitize=address --product martlet-fuzz \
	  --scratch-path .build-fuzz -j 2
	@.ci/fuzz '$(or $(TIME),14400)'

test-cluster: install  ## Run Martlet on a Galera cluster whose nodes are killed and stopped, and check every answer
	@.ci/install cluster
	swift build --build-tests -j 2
	@# Ten minutes are more than it ever needs: what takes longer hangs.
	timeout 600 .build/debug/ClusterCheck

diagrams: install  ## Draw docs/sequences anew, from traces
	swift build --build-tests -j 2
	MARTLET_WRITE_DIAGRAMS=1 swift test --skip-build --disable-xctest --no-parallel --filter SequenceTests

lint:  ## Check formatting, forbidden imports, file sizes and the versions of packages
	@.ci/lint

format:  ## Rewrite the sources as the linter wants them
	swift format -i -r Package.swift Sources Conformance/Sources Tests templates

bench: build  ## Print resident memory and the time to the first answer
	@.ci/footprint $(RELEASE)/release/martlet

bench-storage: install  ## Compare refreshes on MariaDB with a plain loop over the same library
	@.ci/install test
	swift build -c release --static-swift-stdlib --product StorageBenchmark --scratch-path $(RELEASE) -j 2
	$(RELEASE)/release/StorageBenchmark

bench-telemetry: install  ## Compare tokens a second with and without telemetry
	@.ci/install bench
	swift build -c release --static-swift-stdlib --product TelemetryBenchmark --scratch-path $(RELEASE) -j 2
	$(RELEASE)/release/TelemetryBenchmark

sbom: install  ## Write a bill of materials (CycloneDX) to .build/martlet.cdx.json
	@mkdir -p .build
	@.ci/dependencies sbom > .build/martlet.cdx.json
	@echo "Written to .build/martlet.cdx.json"

install:
	@.ci/install build
	@# A fresh clone takes the versions that are listed.
	@[ -e Package.resolved ] || .ci/dependencies pin
