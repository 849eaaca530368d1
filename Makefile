# The front door: `make help` lists what there is. CMake and its presets do the work.
PREFIX ?= /usr/local
DESTDIR ?=
STAND_IN ?= no
MINUTES ?= 20
MAKEFLAGS += --no-print-directory
export DESTDIR STAND_IN

.DEFAULT_GOAL := build
.PHONY: build demo test soak lint bench install uninstall clean help packages

build: packages ## build the release (this is what plain `make` does)
	@[ -e build/release/build.ninja ] || cmake --preset release
	@cmake --build --preset release

demo: build ## the topology in network namespaces, balanced by BPVS (needs root)
	@lab/demo

test: packages ## all tests, release and sanitizers; last line: N passed, N failed, N skipped
	@scripts/test

soak: build ## random sequences beside the real IPVS for MINUTES (20)
	@tests/differ/run --seed 0 --seconds $$(($(MINUTES) * 60)) --events 250 --choices 40 --guests 2 --only sequences

lint: build ## formatting, static analysis, layers
	@scripts/lint

bench: build ## measurements, next to their peers and goals (needs root); BENCH_QUICK=1: short
	@bench/all

install: build ## install into $(DESTDIR)$(PREFIX); STAND_IN=yes: also as ipvsadm
	@cmake --install build/release --prefix "$(PREFIX)"

uninstall: ## remove what install put there
	@scripts/uninstall "$(PREFIX)"

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18
	@echo "  PREFIX=$(PREFIX), DESTDIR=$(DESTDIR) (for make install and uninstall)"

packages:
	@scripts/install-packages
