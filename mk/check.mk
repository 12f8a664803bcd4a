# check.mk - `make check`: installs what is missing, builds, runs all tests. `make suites SUITES="e2e/x"` runs some.
#
#   unit      cmocka programs, under ASan and UBSan
#   contract  every plugin against the contract
#   template  the plugin template, built outside the tree against an installed Sluice
#   suites    integration, e2e, compat, fault: with real Kafka, PostgreSQL, Java Connect and Debezium

SUITES ?=
ASAN := $(B)/asan

.PHONY: check
check:
	@bash tests/support/packages.sh build check
	@bash tests/support/check.sh $(B)

.PHONY: unit-asan
unit-asan:
	@ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1 \
		$(MAKE) --no-print-directory -j2 B=$(ASAN) SANITIZE=address,undefined unit

.PHONY: suites
suites: all
	@bash tests/support/run-suites.sh $(B) $(SUITES)

.PHONY: cleanroom
cleanroom:
	@bash tests/support/packages.sh cleanroom
	@bash tests/cleanroom/run.sh

# Threads: the unit tests, and suites with a worker, under ThreadSanitizer. TSAN_SUITES: those without a bound on memory or
# start-up time, without deeply nested JSON (little of a thread's stack is left), and without programs of their own.
TSAN_SUITES := e2e/standalone/client e2e/standalone/control e2e/standalone/failures e2e/standalone/kill \
	e2e/standalone/published e2e/standalone/samples e2e/distributed e2e/jdbc fault/server fault/cluster-kill

.PHONY: tsan
tsan: export TSAN_OPTIONS = halt_on_error=1:suppressions=$(CURDIR)/tests/support/tsan.supp
tsan:
	@$(MAKE) --no-print-directory -j2 B=$(B)/tsan SANITIZE=thread unit
	@$(MAKE) --no-print-directory -j2 B=$(B)/tsan SANITIZE=thread suites SUITES="$(TSAN_SUITES)"
