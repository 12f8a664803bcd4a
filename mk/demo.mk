# demo.mk - `make demo`: installs what is missing, builds, and shows the main job working.

.PHONY: demo
demo:
	@bash tests/support/packages.sh build demo
	@$(MAKE) --no-print-directory -j2 all
	@bash tests/demo/run.sh $(B)
