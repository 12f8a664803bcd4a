# contract.mk - `make contract`: every built plugin against the contract (tests/contract). CONTRACT names definitions.

CONTRACT ?=
CONTRACT_OBJ := $(call obj,$(sort $(wildcard tests/contract/*.c)) tests/unit/support/fake_host.c)

$(B)/obj/tests/contract/%.o: EXTRA_CFLAGS = $(RT_CFLAGS) -Itests/unit -Wno-missing-prototypes
$(B)/contract: $(CONTRACT_OBJ) $(B)/libsluice.a $(B)/libsluice-plugin.a
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) $(EXE_LDFLAGS) -rdynamic -o $@ $^ -lcmocka $(RT_LIBS)

.PHONY: contract
contract: $(B)/contract $(PLUGIN_SO)
	@$(B)/contract $(B)/plugins $(CONTRACT)

# The plugin template: built outside the tree against an installed Sluice, loaded and run.
.PHONY: template
template: all $(B)/contract
	@B=$(B) bash tests/template/run.sh
