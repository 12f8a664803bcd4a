/* The command that creates a slot, as servers of different versions are told it. */
#include "support/arena.h"

#include "postgres-cdc/task.h"

static void command_is(int version, bool failover, bool temporary, bool export_snapshot,
                       const char *expected) {
    pg_settings s = {.slot = SL_STR("a \"slot\""), .failover_slot = failover};
    pg_task t = {.s = &s, .server_version = version};
    sl_buf b;
    sl_buf_init(&b, &arena);
    pg_slot_command(&t, temporary, export_snapshot, &b);
    test_assert_str(sl_buf_view(&b), expected);
}

static void slots(void **state) {
    (void)state;
    command_is(150000, false, false, true,
               "CREATE_REPLICATION_SLOT \"a \"\"slot\"\"\" LOGICAL pgoutput EXPORT_SNAPSHOT");
    command_is(170000, false, false, false,
               "CREATE_REPLICATION_SLOT \"a \"\"slot\"\"\" LOGICAL pgoutput NOEXPORT_SNAPSHOT");
}

static void slots_that_standbys_have_too(void **state) {
    (void)state;
    command_is(
        170000, true, false, true,
        "CREATE_REPLICATION_SLOT \"a \"\"slot\"\"\" LOGICAL pgoutput (SNAPSHOT 'export', FAILOVER true)");
    command_is(
        180001, true, false, false,
        "CREATE_REPLICATION_SLOT \"a \"\"slot\"\"\" LOGICAL pgoutput (SNAPSHOT 'nothing', FAILOVER true)");
    /* what the server does not know, or has not for temporary ones */
    command_is(169999, true, false, true,
               "CREATE_REPLICATION_SLOT \"a \"\"slot\"\"\" LOGICAL pgoutput EXPORT_SNAPSHOT");
    pg_settings s = {.slot = SL_STR("s"), .failover_slot = true};
    pg_task t = {.s = &s, .server_version = 170000};
    sl_buf b;
    sl_buf_init(&b, &arena);
    pg_slot_command(&t, true, true, &b);
    test_assert_str(sl_buf_view(&b),
                    "CREATE_REPLICATION_SLOT \"s_snapshot_0\" TEMPORARY LOGICAL pgoutput EXPORT_SNAPSHOT");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slots, setup_arena, teardown_arena),
        cmocka_unit_test_setup_teardown(slots_that_standbys_have_too, setup_arena, teardown_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
