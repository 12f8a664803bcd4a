# bench-json.mk - `make bench-json`: nanoseconds per record of the JSON converter, written and read.

$(B)/obj/tests/bench/bench_json.o: EXTRA_CFLAGS = $(RT_CFLAGS) -Iconnectors

$(B)/bench_json: $(B)/obj/tests/bench/bench_json.o $(B)/plugins/converters.so $(B)/libsluice.a $(B)/libsluice-plugin.a
	@echo "  LINK  $@"
	@$(CC) $(LDFLAGS) $(EXE_LDFLAGS) -o $@ $< $(call obj,$(sort $(wildcard connectors/converters/*.c))) $(B)/libsluice.a \
		$(B)/libsluice-plugin.a $(converters_LIBS) $(RT_LIBS)

.PHONY: bench-json
bench-json: $(B)/bench_json
	@$(B)/bench_json
