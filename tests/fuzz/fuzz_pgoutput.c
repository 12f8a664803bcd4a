/*
 * fuzz_pgoutput.c - the decoder of pgoutput on any bytes: no read outside of the message, no leak.
 *
 * Links: connectors/postgres-cdc/pgoutput.c, the plugin library. An entry of libFuzzer.
 */
// LINK: connectors/postgres-cdc/pgoutput.c
#include <stddef.h>
#include <stdint.h>

#include "postgres-cdc/pgoutput.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_tuple(pgo_tuple t) {
    pgo_cell cell;
    volatile char sum = 0;
    for (uint16_t i = 0; i < t.n && pgo_next_cell(&t.rest, &cell); i++) {
        for (uint32_t k = 0; k < cell.n; k++) {
            sum = (char)(sum + cell.p[k]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pgo_message m;
    bool known = true;
    sl_error *err = pgo_parse((sl_str){(const char *)data, size}, &m, &known);
    if (err) {
        sl_error_free(err);
        return 0;
    }
    read_tuple(m.old_row);
    read_tuple(m.new_row);
    pgo_column c;
    for (uint32_t i = 0; m.kind == PGO_RELATION && i < m.count; i++) {
        if (!pgo_next_column(&m.rest, &c)) {
            __builtin_trap(); /* pgo_parse has looked at all of them */
        }
    }
    return 0;
}
