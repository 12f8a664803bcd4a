# lint.mk - `make lint`: format, includes, banned functions, shape, shellcheck, cppcheck, clang-tidy, generated pages.
# LINT names parts of it: `make lint LINT="format source"`.

# make has a LINT of its own, which means nothing here
ifeq ($(origin LINT),default)
LINT :=
endif

.PHONY: lint
lint:
	@bash tests/support/packages.sh build lint
	@$(MAKE) --no-print-directory all
	@B=$(B) bash tests/lint/run.sh $(LINT)

.PHONY: format
format:
	@git ls-files '*.c' '*.h' | xargs bash tests/lint/format.sh --fix
