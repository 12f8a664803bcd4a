# Sluice. `make` builds the worker and its plugins; `make demo` and `make check` install what they need first.
#
#   make            build/sluice and build/plugins/*.so
#   make demo       the main job, shown with an embedded broker and a throwaway PostgreSQL
#   make check      installs and starts what tests need, builds, runs all tests
#   make lint bench fuzz tsan install clean cleanroom
#
# B is the build folder and SANITIZE a list for -fsanitize: `make B=build/asan SANITIZE=address,undefined`.

B ?= build
SANITIZE ?=
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
VERSION := $(shell cat VERSION)
SHELL := /bin/bash

PKGS := rdkafka jansson yaml-0.1 libmicrohttpd gnutls libpcre2-8 libssl libcrypto
HEAP_PKG := jemalloc
HAVE_PKGS := $(shell pkg-config --exists $(PKGS) $(HEAP_PKG) libpq sqlite3 2>/dev/null && echo yes)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
HARDEN := -fstack-protector-strong -fPIC
ifeq ($(SANITIZE),)
OPT ?= -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else
OPT ?= -O1 -fno-omit-frame-pointer
SANFLAGS := -fsanitize=$(SANITIZE) -fno-sanitize-recover=undefined
endif
CPPFLAGS += -D_GNU_SOURCE -DSL_VERSION='"$(VERSION)"' -Iplugins-api/include
CFLAGS += -std=gnu11 -g $(OPT) $(WARN) $(HARDEN) $(SANFLAGS) -MMD -MP
LDFLAGS += -Wl,-z,relro,-z,now $(SANFLAGS)
EXE_LDFLAGS := -pie
SO_LDFLAGS := -shared -Wl,-z,defs
ifneq ($(SANITIZE),)
SO_LDFLAGS := -shared
endif

RT_CFLAGS := -Iruntime $(if $(HAVE_PKGS),$(shell pkg-config --cflags $(PKGS) 2>/dev/null))
RT_LIBS := $(if $(HAVE_PKGS),$(shell pkg-config --libs $(PKGS))) -ldl -lpthread -lm

# before all that calls malloc: see runtime/base/heap.h
HEAP_LIBS := $(if $(SANITIZE),,$(if $(HAVE_PKGS),$(shell pkg-config --libs $(HEAP_PKG))))

# librdkafka's threads as ThreadSanitizer can see them: see the file
TSAN_SRC := $(if $(findstring thread,$(SANITIZE)),tests/support/c11_threads.c)

obj = $(patsubst %.c,$(B)/obj/%.o,$(1))

API_SRC := $(sort $(wildcard plugins-api/src/*.c))
RT_SRC := $(sort $(filter-out runtime/cli/main.c,$(wildcard runtime/*/*.c)))
CDC_SRC := $(sort $(wildcard connectors/cdc/*.c))
# Every other folder of connectors/ with C files is one plugin. A plugin.mk in it may set NAME_LIBS, NAME_CFLAGS
# and NAME_CDC := yes (links what CDC sources share), NAME being the folder's.
PLUGINS := $(sort $(filter-out cdc,$(notdir $(patsubst %/,%,$(dir $(wildcard connectors/*/*.c))))))
PLUGIN_SO := $(foreach p,$(PLUGINS),$(B)/plugins/$(p).so)
-include $(wildcard connectors/*/plugin.mk)

.PHONY: all
all: need-packages $(B)/sluice $(PLUGIN_SO)

.PHONY: need-packages
need-packages:
ifneq ($(HAVE_PKGS),yes)
	@pkg-config --exists $(PKGS) $(HEAP_PKG) libpq sqlite3 2>/dev/null || { echo "sluice: development packages are missing; run: bash tests/support/packages.sh build" >&2; exit 1; }
endif

$(B)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) $(EXTRA_CFLAGS) -c -o $@ $<

$(B)/libsluice-plugin.a: EXTRA_CFLAGS = -fvisibility=hidden
$(B)/libsluice-plugin.a: $(call obj,$(API_SRC))
	@rm -f $@ && ar qcs $@ $^

$(B)/obj/runtime/%.o: EXTRA_CFLAGS = $(RT_CFLAGS)
$(B)/libsluice.a: $(call obj,$(RT_SRC))
	@rm -f $@ && ar qcs $@ $^

$(B)/sluice: $(B)/obj/runtime/cli/main.o $(call obj,$(TSAN_SRC)) $(B)/libsluice.a $(B)/libsluice-plugin.a
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) $(EXE_LDFLAGS) -o $@ $^ $(HEAP_LIBS) $(RT_LIBS)

$(B)/libcdc.a: EXTRA_CFLAGS = -Iconnectors -fvisibility=hidden $(RT_PCRE_CFLAGS)
$(B)/libcdc.a: $(call obj,$(CDC_SRC))
	@rm -f $@ && ar qcs $@ $^

define plugin_rules
$(B)/plugins/$(1).so: EXTRA_CFLAGS = -Iconnectors -fvisibility=hidden $$($(1)_CFLAGS)
$(B)/plugins/$(1).so: $$(call obj,$$(sort $$(wildcard connectors/$(1)/*.c))) $$(if $$($(1)_CDC),$(B)/libcdc.a) $(B)/libsluice-plugin.a
	@mkdir -p $$(@D)
	@echo "  SO    $$@"
	@$$(CC) $$(LDFLAGS) $$(SO_LDFLAGS) -Wl,--exclude-libs,ALL -o $$@ $$(call obj,$$(sort $$(wildcard connectors/$(1)/*.c))) $$(if $$($(1)_CDC),$(B)/libcdc.a) $(B)/libsluice-plugin.a $$($(1)_LIBS) $$(if $$($(1)_CDC),-lpcre2-8 -ljansson) -lm -lpthread
endef
$(foreach p,$(PLUGINS),$(eval $(call plugin_rules,$(p))))

# ---- unit tests: tests/unit/test_X.c links the runtime; tests/unit/PLUGIN/test_X.c that plugin's objects too ----

UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_PLUGIN_SRC := $(sort $(wildcard tests/unit/*/test_*.c))
UNIT_BIN := $(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC) $(UNIT_PLUGIN_SRC))
UNIT_SUPPORT := $(call obj,$(sort $(wildcard tests/unit/support/*.c)) $(TSAN_SRC))

$(B)/obj/tests/unit/%.o: EXTRA_CFLAGS = $(RT_CFLAGS) -Itests/unit -Iconnectors -Wno-missing-prototypes $($(word 3,$(subst /, ,$*))_CFLAGS)
$(patsubst tests/unit/%.c,$(B)/unit/%,$(UNIT_SRC)): $(B)/unit/%: $(B)/obj/tests/unit/%.o $(UNIT_SUPPORT) $(B)/libsluice.a $(B)/libsluice-plugin.a
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) $(EXE_LDFLAGS) -o $@ $^ -lcmocka $(RT_LIBS)

plugin_of = $(word 3,$(subst /, ,$(1)))
define unit_plugin_rules
$(patsubst tests/unit/%.c,$(B)/unit/%,$(1)): $(patsubst %.c,$(B)/obj/%.o,$(1)) $(UNIT_SUPPORT) $(B)/libsluice.a $(B)/libsluice-plugin.a $(B)/libcdc.a $(if $(filter $(call plugin_of,$(1)),$(PLUGINS)),$(B)/plugins/$(call plugin_of,$(1)).so)
	@mkdir -p $$(@D)
	@$$(CC) $$(LDFLAGS) $(EXE_LDFLAGS) -o $$@ $(patsubst %.c,$(B)/obj/%.o,$(1)) $(UNIT_SUPPORT) $(call obj,$(sort $(wildcard connectors/$(call plugin_of,$(1))/*.c))) $(if $(filter-out cdc,$(call plugin_of,$(1))),$(B)/libcdc.a) $(B)/libsluice.a $(B)/libsluice-plugin.a -lcmocka $$($(call plugin_of,$(1))_LIBS) $(RT_LIBS)
endef
$(foreach t,$(UNIT_PLUGIN_SRC),$(eval $(call unit_plugin_rules,$(t))))

.PHONY: unit
unit: all $(UNIT_BIN)
	@bash tests/support/run-unit.sh $(B) $(UNIT_BIN)

.PHONY: clean
clean:
	rm -rf $(B)

-include $(wildcard build.mk)
-include $(shell [ -d $(B)/obj ] && find $(B)/obj -name '*.d')
