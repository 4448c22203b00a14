# Two commands for everybody: `make serve` and `make test`. Each installs the Debian packages it misses.
.DEFAULT_GOAL := help
.PHONY: help serve build test test-cluster lint format bench bench-storage install

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
	swift test --skip-build --disable-xctest --no-parallel

test-cluster: install  ## Run Martlet on a Galera cluster whose nodes are killed and stopped, and check every answer
	@.ci/install cluster
	swift build --build-tests -j 2
	.build/debug/ClusterCheck

lint:  ## Check formatting, forbidden imports and file sizes
	@.ci/lint

format:  ## Rewrite the sources as the linter wants them
	swift format -i -r Package.swift Sources Tests templates

bench: build  ## Print resident memory and the time to the first answer
	@.ci/footprint $(RELEASE)/release/martlet

bench-storage: install  ## Compare refreshes on MariaDB with a plain loop over the same library
	@.ci/install test
	swift build -c release --static-swift-stdlib --product StorageBenchmark --scratch-path $(RELEASE) -j 2
	$(RELEASE)/release/StorageBenchmark

install:
	@.ci/install build
