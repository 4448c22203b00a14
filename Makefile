# Start with `make serve` and `make test`. Both install missing Debian packages.
.DEFAULT_GOAL := help
.PHONY: help serve build test test-cluster lint format bench bench-storage bench-telemetry install conformance \
  conformance-mutations diagrams sbom fuzz

RELEASE := .build-release
# One section per function, so that the linker can drop uncalled functions and merge identical ones. Relocations and
# exported symbols are kept as small as possible, because less to map means less memory.
RELEASE_BUILD := swift build -c release --static-swift-stdlib --scratch-path $(RELEASE) -j 2 \
  -Xswiftc -Xfrontend -Xswiftc -function-sections -Xcc -ffunction-sections -Xcc -fdata-sections \
  -Xswiftc -use-ld=lld -Xlinker --gc-sections -Xlinker --icf=safe -Xlinker -z -Xlinker pack-relative-relocs \
  -Xlinker --no-export-dynamic

help:  ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

serve: build  ## Build and run on http://localhost:8080, with a demo on http://localhost:8081
	$(RELEASE)/martlet serve --demo

build: install  ## Build the release binary, .build-release/martlet
	@echo "Building for release. The first build takes several minutes."
	$(RELEASE_BUILD) --product martlet
	@# The symbols for a debugger stay in release/martlet.
	@strip -o $(RELEASE)/martlet $(RELEASE)/release/martlet

test: install lint  ## Install dependencies, lint, and run all tests
	@.ci/install test
	swift build --build-tests -j 2
	@.ci/test

conformance: install  ## Run the conformance plans on SQLite and MariaDB (options: FAST=1, ALL=1, STORAGE=URL)
	@.ci/install conformance
	swift build --product martlet -j 2
	swift build --product martlet-conformance -j 2
	@FAST='$(FAST)' ALL='$(ALL)' STORAGE='$(STORAGE)' .ci/conformance

conformance-mutations: install  ## Check that the conformance tests detect deliberate server faults
	MARTLET_MUTATIONS=1 swift build --product martlet --scratch-path .build-mutations -j 2
	swift build --product martlet-conformance -j 2
	.build/debug/martlet-conformance mutations --server .build-mutations/debug/martlet

fuzz: install  ## Fuzz the parsers for TIME seconds in total (default: four hours)
	MARTLET_FUZZ=1 swift build --sanitize=fuzzer --sanitize=address --product martlet-fuzz \
	  --scratch-path .build-fuzz -j 2
	@.ci/fuzz '$(or $(TIME),14400)'

test-cluster: install  ## Test consistency on a Galera cluster while its nodes are killed and paused
	@.ci/install cluster
	swift build --build-tests -j 2
	@# It never needs ten minutes unless it hangs.
	timeout 600 .build/debug/ClusterCheck

diagrams: install  ## Regenerate docs/sequences from traces
	swift build --build-tests -j 2
	MARTLET_WRITE_DIAGRAMS=1 swift test --skip-build --disable-xctest --no-parallel --filter SequenceTests

lint:  ## Check formatting, imports, references in the docs, file sizes, and package versions
	@.ci/lint

format:  ## Format the sources
	swift format -i -r Package.swift Sources Conformance/Sources Tests templates

bench: build  ## Check size and memory against their limits (REQUESTS=1000000), and print the start time
	@.ci/install bench
	@REQUESTS='$(REQUESTS)' .ci/footprint $(RELEASE)/martlet

bench-storage: install  ## Benchmark token refreshes on MariaDB against a plain client loop
	@.ci/install test
	$(RELEASE_BUILD) --product StorageBenchmark
	$(RELEASE)/release/StorageBenchmark

bench-telemetry: install  ## Benchmark tokens per second with and without telemetry
	@.ci/install bench
	$(RELEASE_BUILD) --product TelemetryBenchmark
	$(RELEASE)/release/TelemetryBenchmark

sbom: install  ## Write a software bill of materials (CycloneDX) to .build/martlet.cdx.json
	@mkdir -p .build
	@.ci/dependencies sbom > .build/martlet.cdx.json
	@echo "Wrote .build/martlet.cdx.json"

install:
	@.ci/install build
	@# A fresh clone uses the versions in .ci/dependencies.txt.
	@[ -e Package.resolved ] || .ci/dependencies pin
