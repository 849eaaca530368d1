# The front door: `make help` lists what there is. CMake and its presets do the work.
PREFIX ?= /usr/local
DESTDIR ?=
STAND_IN ?= no
MINUTES ?= 20
BASE ?=
PACKAGES ?= yes
MAKEFLAGS += --no-print-directory
export DESTDIR STAND_IN BASE

# What a command needs of packages.txt; nothing with PACKAGES=no.
packages = @[ "$(PACKAGES)" = no ] || scripts/install-packages

.DEFAULT_GOAL := build
.PHONY: build demo test soak packages-check lint lint-all bench install uninstall clean help

build: ## build bpvs and bpvsadm (this is what plain `make` does)
	$(packages) build run
	@scripts/build product

demo: ## the topology in network namespaces, balanced by BPVS (needs root)
	$(packages) build run lab
	@scripts/build product lab
	@lab/demo

test: ## all tests, release and sanitizers; last line: N passed, N failed, N skipped
	$(packages) build run lab tests
	@scripts/test

soak: ## random sequences beside the real IPVS for MINUTES (20); demo and test on a fresh machine (root)
	$(packages) build run lab tests soak
	@scripts/build tests
	@tests/differ/run --seed 0 --seconds $$(($(MINUTES) * 60)) --events 250 --choices 40 --guests 2 --only sequences
	@tests/guest/run --every-compiler
	@scripts/fresh-machine make demo
	@scripts/fresh-machine make test

packages-check: clean ## builds and runs demo, test, lint and bench: does packages.txt bring every program? (root)
	$(packages)
	@scripts/what-runs build run lab -- make demo
	@scripts/what-runs build run lab tests -- make test
	@scripts/what-runs build lab lint -- make lint-all
	@BENCH_QUICK=1 scripts/what-runs build run lab bench -- make bench

lint: ## formatting, layers, and static analysis of what changed since BASE (the main branch)
	$(packages) build lab lint
	@scripts/lint

lint-all: ## the same, with static analysis of everything
	$(packages) build lab lint
	@scripts/lint --all

bench: ## measurements, next to their peers and goals (needs root); BENCH_QUICK=1: short
	$(packages) build run lab bench
	@scripts/build product bench
	@bench/all

install: build ## install into $(DESTDIR)$(PREFIX); STAND_IN=yes: also as ipvsadm
	@cmake --install build/release --prefix "$(PREFIX)"

uninstall: ## remove what install put there
	@scripts/uninstall "$(PREFIX)"

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24
	@echo "  PREFIX=$(PREFIX), DESTDIR=$(DESTDIR) (for make install and uninstall)"
	@echo "  PACKAGES=no: install no Debian packages, all that is needed is there"
