# Everything a developer does, by name; `make` alone prints the list. Needs a Debian 12 with git and make: the targets
# install what else they need (SKIP_DEPS=1 leaves that out). The build itself is in src/CMakeLists.txt.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

JOBS ?= $(shell nproc)
VERSION := $(shell sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
CMAKE_CONFIGURE = cmake -S src -G Ninja -DRHA_VERSION=$(VERSION)
INSTALL_PACKAGES = $(if $(SKIP_DEPS),true,tests/tools/install-packages)
PROGRAMS := $(notdir $(wildcard src/apps/*))

##@ Getting started

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ /           { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## /  { printf "  make %-16s %s\n", $$1, $$2 } \
	  END               { print "\nPORT=5005 make run   another port;   JOBS=1 make build   fewer processes" }' Makefile

.PHONY: run
run: build ## install what is needed, build, start registryd on 127.0.0.1:5000 (PORT=… for another)
	@exec tests/tools/run-local $(PORT)

##@ Building

.PHONY: deps
deps: ## install the packages that the build needs
	@$(INSTALL_PACKAGES) build

.PHONY: build
build: deps build/release/build.ninja ## build the programs into build/bin/
	@ninja -C build/release -j $(JOBS) programs
	@mkdir -p build/bin
	@for p in $(PROGRAMS); do ln -sfn ../release/bin/$$p build/bin/$$p; done

# CMake looks at its own inputs on every build; a new version has to be told.
build/release/build.ninja: debian/changelog Makefile
	@$(CMAKE_CONFIGURE) -B build/release
	@ln -sfn release/compile_commands.json build/compile_commands.json
	@touch $@

.PHONY: deb
deb: deps ## build the Debian package into build/deb/
	@$(INSTALL_PACKAGES) deb
	@JOBS=$(JOBS) tests/tools/build-deb

.PHONY: clean
clean: ## remove build/ (var/, where `make run` keeps its images, stays)
	@[ ! -d build/testhost ] || tests/hosts/clean
	@rm -rf build

##@ Testing

.PHONY: deps-test
deps-test: deps ## install the packages that the tests need
	@$(INSTALL_PACKAGES) test fuzz

.PHONY: test
test: deps-test build ## every suite of tests/budgets that belongs to `test`; ends with "N passed, N failed"
	@tests/run test

.PHONY: test-sanitizers
test-sanitizers: deps-test ## unit and contract tests under ASan+UBSan and under TSan
	@tests/run test-sanitizers

.PHONY: test-slow
test-slow: deps-test build ## what takes too long for every change: long storms on Swift, Keystone, Ceph, clang-tidy
	@$(INSTALL_PACKAGES) keystone ceph
	@tests/run test-slow

.PHONY: test-puppet
test-puppet: build ## the Puppet module: lint, specs, documentation; hiera-examples compiled and checked
	@$(INSTALL_PACKAGES) puppet
	@tests/run test-puppet

.PHONY: test-hosts
test-hosts: deb ## install the package on booted Debian hosts (needs root; systemd-nspawn)
	@$(INSTALL_PACKAGES) hosts
	@tests/run test-hosts

.PHONY: test-homepage
test-homepage: deps build ## the homepage in a browser: search, keyboard, phone, dark, axe-core, HTML (fetches from npm)
	@$(INSTALL_PACKAGES) homepage
	@command -v npm >/dev/null || $(INSTALL_PACKAGES) npm
	@tests/run test-homepage

.PHONY: fuzz
fuzz: deps ## run each fuzz target for FUZZ_SECONDS (60) and print its coverage
	@$(INSTALL_PACKAGES) fuzz
	@tests/fuzz/run --seconds $${FUZZ_SECONDS:-60}

.PHONY: bench
bench: build ## measure throughput and latency
	@$(INSTALL_PACKAGES) bench
	@tests/bench/run

.PHONY: bench-swift
bench-swift: build ## compare with docker-registry where both store in the same Swift (BENCH_QUICK=1: smaller layers)
	@$(INSTALL_PACKAGES) test bench
	@tests/bench/swift $(if $(BENCH_QUICK),--quick)

##@ Code

.PHONY: lint
lint: deps-test build/release/build.ninja ## format, layers, sizes, words, scripts; clang-tidy on changed files (LINT_ALL=1: all)
	@tests/lint/run

.PHONY: puppet-reference
puppet-reference: ## write the Puppet module's REFERENCE.md anew from its comments
	@$(INSTALL_PACKAGES) puppet
	@tests/puppet/reference puppet/docker_registry_ha/REFERENCE.md

.PHONY: format
format: ## clang-format every source file in place
	@$(INSTALL_PACKAGES) test
	@git ls-files -co --exclude-standard -- '*.cpp' '*.h' | xargs -r clang-format-14 -i
