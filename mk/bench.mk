# bench.mk - `make bench`: figures as ratios to a peer or a limit in the same run. BENCH names some: `make bench BENCH=drain`; BENCH="cluster 300": many connectors on three workers.

BENCH ?=

.PHONY: bench
bench:
	@bash tests/support/packages.sh build check
	@$(MAKE) --no-print-directory -j2 all
	@bash tests/bench/run.sh $(B) $(BENCH)
