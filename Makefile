# Legation's front door: thin names for what tools/ does. Try `make help`.
#
# Each target installs the Debian packages it needs (tools/packages) and does no work twice.

ARGS  =
BENCH =
FUZZ  =
TESTS =
SECONDS = 60

.PHONY: help build demo test lint bench fuzz soak clean

help:
	@echo 'make demo     build everything and start a fictional embassy; it prints one link to click'
	@echo "              ARGS='--for 20s --json': run for a while without a person, print the figures"
	@echo 'make test     run every test; the last line says how many passed and failed'
	@echo "              TESTS='unit console': only these of lint, unit, story, release, console, browser"
	@echo 'make build    build/legation and the simulators'
	@echo 'make lint     include rules, rules without a test, formatting, clang-tidy, cppcheck, shellcheck'
	@echo "make bench    every measurement as lines 'name value unit'; BENCH=ledger: one of them"
	@echo 'make fuzz     every parser of outside bytes, SECONDS=60 each; FUZZ=osdp_frame: one of them'
	@echo 'make soak     the tests that take long: 5,000 power losses, a minute under full load'
	@echo 'make clean    remove what builds leave behind'

build:
	@tools/build release

demo: build
	@build/legation demo $(ARGS)

test:
	@tools/install build test
	@tools/sum-tests $(TESTS)

lint:
	@tools/lint

bench:
	@tools/install build bench
	@tools/bench $(BENCH)

fuzz:
	@tools/fuzz --seconds $(SECONDS) $(FUZZ)

soak:
	@tools/install build test
	@tools/sum-tests soak

clean:
	rm -rf build build-asan build-fuzz console/dist console/node_modules console/.npm
