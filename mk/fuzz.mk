# fuzz.mk - `make fuzz`: builds every tests/fuzz/fuzz_NAME.c with clang's fuzzer, ASan and UBSan, and runs each for
# FUZZ_SECONDS with the seeds of tests/fuzz/seeds/NAME. `make fuzz FUZZ="json properties"` runs some.
#
# Each is linked with plugins-api/src, runtime/model and runtime/base, and with what the line "// LINK: ..." in it names:
# folders (all C files in them), C files and libraries (-lx). What was found is kept in build/fuzz/NAME: the corpus, and
# crash-*, leak-* or timeout-* files, which run again with  build/fuzz/fuzz_NAME FILE.

FUZZ_SECONDS ?= 60
FUZZ_CC ?= clang
FUZZ ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_FLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
	-D_GNU_SOURCE -DSL_VERSION='"$(VERSION)"' -Iplugins-api/include -Iruntime -Iconnectors
FUZZ_CFLAGS = $(shell pkg-config --cflags $(PKGS) libpq sqlite3 2>/dev/null)
FUZZ_COMMON := $(sort $(wildcard plugins-api/src/*.c runtime/model/*.c runtime/base/*.c))

fuzz_link = $(shell sed -n 's|^// LINK: *||p' tests/fuzz/fuzz_$(1).c)
fuzz_sources = $(sort $(foreach w,$(filter-out -l%,$(call fuzz_link,$(1))),$(if $(filter %.c,$(w)),$(w),$(wildcard $(w)/*.c))))

define fuzz_rules
$(B)/fuzz/fuzz_$(1): tests/fuzz/fuzz_$(1).c $(FUZZ_COMMON) $(call fuzz_sources,$(1))
	@mkdir -p $$(@D)
	@echo "  FUZZ  $$@"
	@$$(FUZZ_CC) $$(FUZZ_FLAGS) $$(FUZZ_CFLAGS) -o $$@ $$(sort $$^) $(filter -l%,$(call fuzz_link,$(1))) -lssl -lcrypto -lpthread -lm
endef
$(foreach f,$(FUZZ),$(eval $(call fuzz_rules,$(f))))

.PHONY: fuzz
fuzz:
	@bash tests/support/packages.sh build fuzz
	@$(MAKE) --no-print-directory FUZZ="$(FUZZ)" fuzz-run

.PHONY: fuzz-run
fuzz-run: $(foreach f,$(FUZZ),$(B)/fuzz/fuzz_$(f))
	@B=$(B) FUZZ_SECONDS=$(FUZZ_SECONDS) bash tests/fuzz/run.sh $(FUZZ)
