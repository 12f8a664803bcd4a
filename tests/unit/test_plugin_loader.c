/*
 * test_plugin_loader.c - the registry: good plugins, bad ones of every kind, names; and instances.
 *
 * Plugins are built with cc into a folder of their own, from a few lines of C each.
 */
#include "support/support.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "config/scope.h"
#include "plugin/instance.h"
#include "plugin/names.h"
#include "plugin/registry.h"

static char dir[64];
static char include_dir[PATH_MAX];
static int null_fd;

/* run gives the exit code of a command. */
static int run(const char *const *argv) {
    pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    int status = -1;
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *path_of(const char *name) {
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* build compiles source into DIR/NAME.so. */
static void build(const char *name, const char *source) {
    char c[PATH_MAX], so[PATH_MAX], flag[PATH_MAX + 2];
    snprintf(c, sizeof c, "%s/%s.c", dir, name);
    snprintf(so, sizeof so, "%s/%s.so", dir, name);
    snprintf(flag, sizeof flag, "-I%s", include_dir);
    test_write_file(c, source);
    const char *const argv[] = {"cc", "-std=gnu11", "-shared", "-fPIC", "-O0", flag, "-o", so, c, NULL};
    assert_int_equal(run(argv), 0);
}

/* A transform named NAME with the Java class CLASS and a table of settings. */
#define PRELUDE                                                                                              \
    "#include <sluice/plugin.h>\n"                                                                           \
    "static sl_error *open_it(const sl_context *c, void **s) { (void)c; *s = 0; return 0; }\n"               \
    "static sl_error *apply_it(void *s, sl_batch *b, sl_record *r) { (void)s; (void)b; r->dropped = true; "  \
    "return 0; }\n"                                                                                          \
    "static void close_it(void *s) { (void)s; }\n"                                                           \
    "static const sl_transform_ops ops = {.open = open_it, .apply = apply_it, .close = close_it};\n"         \
    "typedef struct { int32_t n; } settings;\n"
#define ROWS(rows) "static const sl_config_row rows[] = {" rows "};\n"
#define ONE_ROW                                                                                              \
    ROWS("{.name = \"n\", .type = SL_CONFIG_INT, .default_value = \"3\", .field = SL_FIELD(settings, n)}")
#define DEF(name, class)                                                                                     \
    "static const char *const aliases[] = {\"" class "\", 0};\n"                                             \
                                                     "static const sl_plugin_def def = {.struct_size = "     \
                                                     "sizeof(sl_plugin_def), .kind = SL_KIND_TRANSFORM, "    \
                                                     ".name = \"" name                                       \
                                                     "\", .aliases = aliases, .version = \"1\", .doc = "     \
                                                     "\"x\", .settings = rows, .nsettings = sizeof rows / "  \
                                                     "sizeof rows[0], "                                      \
                                                     ".settings_size = sizeof(settings), .transform = "      \
                                                     "&ops};\n"                                              \
                                                     "static const sl_plugin_def *const defs[] = {&def};\n"
#define EXPORT "SL_PLUGIN_EXPORT(\"test\", \"1.0\", defs);\n"
/* A table of its own, for the mistakes that the macro cannot make. */
#define TABLE(members)                                                                                       \
    "static const sl_plugin table = {.magic = SL_PLUGIN_MAGIC, .struct_size = sizeof(sl_plugin), "           \
    ".abi_major = SL_ABI_MAJOR, "                                                                            \
    ".abi_minor = SL_ABI_MINOR, .ndefs = 1, .name = \"t\", .version = \"1\", .defs = defs, " members "};\n"  \
    "const sl_plugin *sluice_plugin(void) { return &table; }\n"

static int setup_group(void **state) {
    (void)state;
    const char *file = "plugins-api/include";
    if (!realpath(file, include_dir)) {
        print_error("run this from the top of the source tree\n");
        return -1;
    }
    snprintf(dir, sizeof dir, "%s", test_temp_dir());
    null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    sl__log_set_fd(null_fd); /* refusals are logged */
    build("good", PRELUDE ONE_ROW DEF("good", "org.example.Good$Value") EXPORT);
    return 0;
}

static int teardown_group(void **state) {
    (void)state;
    test_remove_dir(dir);
    close(null_fd);
    return 0;
}

/* refused loads DIR/NAME.so and gives the reason why it was refused. */
static void assert_refused(const char *name, const char *part) {
    char file[PATH_MAX];
    snprintf(file, sizeof file, "%s/%s.so", dir, name);
    sl__registry *reg = sl__registry_new();
    size_t n = 0;
    assert_false(sl__registry_load_file(reg, file));
    const sl__plugin_failure *failures = sl__registry_failures(reg, &n);
    assert_int_equal(n, 1);
    assert_string_equal(failures[0].path, file);
    test_assert_contains(failures[0].reason, part);
    sl__registry_free(reg);
}

static void loads_a_good_one(void **state) {
    (void)state;
    sl__registry *reg = sl__registry_new();
    const sl_plugin_def *def;
    size_t n;
    assert_true(sl__registry_load_file(reg, path_of("good.so")));
    assert_true(sl__registry_load_file(reg, path_of("./good.so"))); /* the same again is no conflict */
    (void)sl__registry_failures(reg, &n);
    assert_int_equal(n, 0);
    test_assert_ok(sl__registry_find(reg, SL_KIND_TRANSFORM, SL_STR("good"), &def));
    void *instance = &n;
    sl_record record = {0};
    test_assert_ok(def->transform->open(NULL, &instance));
    test_assert_ok(def->transform->apply(instance, NULL, &record));
    assert_true(record.dropped);
    sl__registry_free(reg);
    sl__registry_free(NULL);
}

static void refuses_other_versions(void **state) {
    (void)state;
    build("magic", PRELUDE ONE_ROW DEF("b", "x.B") TABLE(".magic = 0x12345678"));
    assert_refused("magic", "begins with 0x12345678, expected 0x534c4331");
    build("major", PRELUDE ONE_ROW DEF("b", "x.B") TABLE(".abi_major = 9"));
    assert_refused("major", "plugin interface 9.");
    build("minor", PRELUDE ONE_ROW DEF("b", "x.B") TABLE(".abi_minor = 77"));
    assert_refused("minor", "update Sluice");
    build("size", PRELUDE ONE_ROW DEF("b", "x.B") TABLE(".struct_size = 8"));
    assert_refused("size", "its table has 8 bytes");
}

static void refuses_broken_files(void **state) {
    (void)state;
    struct stat st;
    char copy[PATH_MAX], so[PATH_MAX];
    snprintf(so, sizeof so, "%s/good.so", dir);
    assert_int_equal(stat(so, &st), 0);
    for (long keep = st.st_size - 1; keep > 0; keep -= keep > 200 ? st.st_size / 9 : 50) {
        snprintf(copy, sizeof copy, "%s/cut.so", dir);
        const char *const argv[] = {"cp", "-f", so, copy, NULL};
        assert_int_equal(run(argv), 0);
        assert_int_equal(truncate(copy, keep), 0);
        assert_refused("cut", keep < 64 ? "too short" : "truncated");
    }
    test_write_file(path_of("text.so"),
                    "this is no shared object, but it is longer than an ELF header would be.");
    assert_refused("text", "no ELF file");
    test_write_file(path_of("empty.so"), "");
    assert_refused("empty", "too short");
    assert_refused("absent", "cannot be opened: No such file");
    assert_int_equal(mkdir(path_of("folder.so"), 0700), 0);
    assert_refused("folder", "no regular file");
}

static void refuses_missing_symbols(void **state) {
    (void)state;
    build("nosymbol", "int something(void) { return 1; }\n");
    assert_refused("nosymbol", "no function 'sluice_plugin'");
    build("undefined", "int not_there_at_all(void);\nconst void *sluice_plugin(void) { return (const void "
                       "*)(long)not_there_at_all(); }\n");
    assert_refused("undefined", "not_there_at_all");
    build("notable", "const void *sluice_plugin(void) { return 0; }\n");
    assert_refused("notable", "gave no table");
}

static void refuses_empty_tables(void **state) {
    (void)state;
    build("nodefs", PRELUDE ONE_ROW DEF("b", "x.B") TABLE(".ndefs = 0"));
    assert_refused("nodefs", "offers nothing");
    build("nulldefs", PRELUDE ONE_ROW DEF("b", "x.B") TABLE(".defs = 0"));
    assert_refused("nulldefs", "offers nothing");
    build("nulldef",
          PRELUDE ONE_ROW DEF("b", "x.B") "static const sl_plugin_def *const holes[] = {&def, 0};\n" TABLE(
              ".ndefs = 2, .defs = holes"));
    assert_refused("nulldef", "definition 2 of its table is missing");
    build("noname", PRELUDE ONE_ROW DEF("b", "x.B") TABLE(".name = 0"));
    assert_refused("noname", "no name");
    build("twice",
          PRELUDE ONE_ROW DEF("b", "x.B") "static const sl_plugin_def *const two[] = {&def, &def};\n" TABLE(
              ".ndefs = 2, .defs = two"));
    assert_refused("twice", "'b' (transformation) is taken already, by 'itself'");
}

/* ---- definitions, linked in ---- */

static sl_error *open_transform(const sl_context *ctx, void **out) {
    (void)ctx;
    *out = NULL;
    return NULL;
}

static sl_error *apply_transform(void *s, sl_batch *b, sl_record *r) {
    (void)s;
    (void)b;
    (void)r;
    return NULL;
}

static void close_any(void *s) {
    (void)s;
}

static const sl_transform_ops transform = {
    .open = open_transform, .apply = apply_transform, .close = close_any};

typedef struct limits {
    sl_str mode;
    int32_t max;
} limits;

static const sl_config_row limit_rows[] = {
    {.name = "mode", .type = SL_CONFIG_STRING, .required = true, .field = SL_FIELD(limits, mode)},
    {.name = "max", .type = SL_CONFIG_INT, .default_value = "5", .field = SL_FIELD(limits, max)},
};

#define GOOD_DEF                                                                                             \
    .struct_size = sizeof(sl_plugin_def), .kind = SL_KIND_TRANSFORM, .name = "limit", .version = "1",        \
    .settings = limit_rows, .nsettings = 2, .settings_size = sizeof(limits), .transform = &transform

#define assert_bad(part, ...)                                                                                \
    do {                                                                                                     \
        sl_plugin_def bad_def = {GOOD_DEF};                                                                  \
        sl_plugin_def *d = &bad_def;                                                                         \
        __VA_ARGS__;                                                                                         \
        test_assert_contains(sl__plugin_check(d, &arena), part);                                             \
    } while (0)

static void checks_definitions(void **state) {
    (void)state;
    sl_arena arena;
    sl_plugin_def good = {GOOD_DEF};
    sl_transform_ops half = {.open = open_transform, .close = close_any};
    sl_source_ops source = {.close = close_any};
    static const char *const empty_alias[] = {"a", "", NULL};
    sl_arena_init(&arena, 0);
    assert_null(sl__plugin_check(&good, &arena));
    assert_bad("its definition has 3 bytes", d->struct_size = 3);
    assert_bad("kind is not known (99)", d->kind = (sl_plugin_kind)99);
    assert_bad("no name", d->name = "");
    assert_bad("no version", d->version = NULL);
    assert_bad("no functions", d->transform = NULL);
    assert_bad("'apply' is missing", d->transform = &half);
    assert_bad("'open' is missing", d->kind = SL_KIND_SOURCE; d->source = &source);
    assert_bad("'keep' is missing", d->kind = SL_KIND_SOURCE; d->source = &source;
               d->offers = SL_OFFERS_KEEP);
    assert_bad("empty alias", d->aliases = empty_alias);
    assert_bad("table is missing", d->settings = NULL);
    assert_bad("stored outside the settings struct", d->settings_size = sizeof(limits) - 8);
    sl_arena_deinit(&arena);
}

#define assert_bad_rows(part, ...)                                                                           \
    do {                                                                                                     \
        const sl_config_row bad_rows[] = {__VA_ARGS__};                                                      \
        assert_bad(part, d->settings = bad_rows; d->nsettings = sizeof bad_rows / sizeof bad_rows[0]);       \
    } while (0)

static void checks_rows(void **state) {
    (void)state;
    static const sl_config_enum words[] = {{"a", 1}, {NULL, 0}};
    sl_arena arena;
    sl_arena_init(&arena, 0);
    assert_bad_rows("'a' is in its table twice", {.name = "a"}, {.name = "b"}, {.name = "a"});
    assert_bad_rows("'c' is in its table twice", {.name = "a", .aliases = "x, c"}, {.name = "c"});
    assert_bad_rows("'x' is in its table twice", {.name = "a", .aliases = "x"},
                    {.name = "c", .aliases = "y,x"});
    assert_bad_rows("'a' is in its table twice", {.name = "a", .aliases = "a"});
    assert_bad_rows("row 2 of its settings table has no name", {.name = "a"}, {.name = NULL});
    assert_bad_rows("row 1 of its settings table has no name", {.name = ""});
    assert_bad_rows("type that is not known (42)", {.name = "a", .type = (sl_config_type)42});
    assert_bad_rows("expected a '*'", {.name = "a", .pattern = true});
    assert_bad_rows("expected a '*'", {.name = "a.*"});
    assert_bad_rows("cannot be stored", {.name = "a.*", .pattern = true, .field = 1});
    assert_bad_rows("required and has a default", {.name = "a", .required = true, .default_value = "x"});
    assert_bad_rows("list of words", {.name = "a", .type = SL_CONFIG_INT, .enums = words});
    assert_bad_rows("its default is wrong", {.name = "a", .type = SL_CONFIG_INT, .default_value = "x"});
    assert_bad_rows("its default is wrong",
                    {.name = "a", .type = SL_CONFIG_STRING, .enums = words, .default_value = "b"});
    assert_bad_rows("'max' is stored outside the settings struct (at 18 of",
                    {.name = "max", .type = SL_CONFIG_LIST, .field = 19});
    sl_arena_deinit(&arena);
}

/* ---- names ---- */

#define NAMED(var, k, short_name, ops, ...)                                                                  \
    static const char *const var##_aliases[] = {__VA_ARGS__, NULL};                                          \
    static const sl_plugin_def var = {.struct_size = sizeof(sl_plugin_def),                                  \
                                      .kind = (k),                                                           \
                                      .name = (short_name),                                                  \
                                      .aliases = var##_aliases,                                              \
                                      .version = "1",                                                        \
                                      .transform = (ops)}

static sl_error *open_sink(const sl_context *ctx, void **out) {
    (void)ctx;
    *out = NULL;
    return NULL;
}
static sl_error *put_sink(void *s, sl_batch *b) {
    (void)s;
    (void)b;
    return NULL;
}
static const sl_sink_ops sink = {.open = open_sink, .put = put_sink, .close = close_any};

NAMED(insert_key, SL_KIND_TRANSFORM, "insert-field-key", &transform,
      "org.apache.kafka.connect.transforms.InsertField$Key");
NAMED(insert_value, SL_KIND_TRANSFORM, "insert-field-value", &transform,
      "org.apache.kafka.connect.transforms.InsertField$Value");
NAMED(one, SL_KIND_TRANSFORM, "one", &transform, "io.one.Change");
NAMED(two, SL_KIND_TRANSFORM, "two", &transform, "io.two.Change", "io.two.Unique");
static const char *const jdbc_aliases[] = {"io.example.jdbc.JdbcSinkConnector", NULL};
static const sl_plugin_def jdbc = {.struct_size = sizeof(sl_plugin_def),
                                   .kind = SL_KIND_SINK,
                                   .name = "jdbc",
                                   .aliases = jdbc_aliases,
                                   .version = "1",
                                   .sink = &sink};
static const sl_plugin_def *const named[] = {&insert_key, &insert_value, &one, &two, &jdbc};
static const sl_plugin named_table = {.magic = SL_PLUGIN_MAGIC,
                                      .struct_size = sizeof(sl_plugin),
                                      .abi_major = SL_ABI_MAJOR,
                                      .abi_minor = SL_ABI_MINOR,
                                      .ndefs = 5,
                                      .name = "named",
                                      .version = "1",
                                      .defs = named};

static void finds_by_every_name(void **state) {
    (void)state;
    static const struct {
        sl_plugin_kind kind;
        const char *name;
        const sl_plugin_def *def;
    } cases[] = {
        {SL_KIND_SINK, "jdbc", &jdbc},
        {SL_KIND_SINK, "io.example.jdbc.JdbcSinkConnector", &jdbc},
        {SL_KIND_SINK, "JdbcSinkConnector", &jdbc},
        {SL_KIND_SINK, "JdbcSink", &jdbc},
        {SL_KIND_TRANSFORM, "InsertField$Key", &insert_key},
        {SL_KIND_TRANSFORM, " org.apache.kafka.connect.transforms.InsertField$Value ", &insert_value},
        {SL_KIND_TRANSFORM, "Unique", &two},
        {SL_KIND_TRANSFORM, "io.one.Change", &one},
    };
    sl__registry *reg = sl__registry_new();
    const sl_plugin_def *def;
    assert_true(sl__registry_add(reg, &named_table, "linked in"));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_assert_ok(sl__registry_find(reg, cases[i].kind, sl_str_of(cases[i].name), &def));
        assert_ptr_equal(def, cases[i].def);
    }
    test_assert_error(sl__registry_find(reg, SL_KIND_TRANSFORM, SL_STR("Change"), &def), SL_E_CONFIG,
                      "fits several: 'one' (io.one.Change), 'two'");
    assert_null(def);
    assert_string_equal(sl__plugin_java_class(&jdbc), "io.example.jdbc.JdbcSinkConnector");
    sl__registry_free(reg);
}

static void names_the_nearest(void **state) {
    (void)state;
    sl__registry *reg = sl__registry_new();
    const sl_plugin_def *def;
    test_assert_error(sl__registry_find(reg, SL_KIND_SINK, SL_STR("x"), &def), SL_E_NOT_FOUND,
                      "no sink is named 'x'; there are none: check plugin.path");
    assert_true(sl__registry_add(reg, &named_table, "linked in"));
    test_assert_error(sl__registry_find(reg, SL_KIND_SINK, SL_STR("io.example.JdbcSynkConnector"), &def),
                      SL_E_NOT_FOUND, "did you mean 'jdbc' (io.example.jdbc.JdbcSinkConnector)?");
    test_assert_error(sl__registry_find(reg, SL_KIND_TRANSFORM, SL_STR("InsertField$Vale"), &def),
                      SL_E_NOT_FOUND, "did you mean 'insert-field-value' (");
    test_assert_error(sl__registry_find(reg, SL_KIND_TRANSFORM, SL_STR("nothing.like.it"), &def),
                      SL_E_NOT_FOUND, "there are: 'insert-field-key', 'insert-field-value', 'one', 'two'");
    test_assert_error(sl__registry_find(reg, SL_KIND_SOURCE, SL_STR("jdbc"), &def), SL_E_NOT_FOUND,
                      "no source is named 'jdbc'"); /* the kind counts */
    sl__registry_free(reg);
}

static void ranks_by_distance(void **state) {
    (void)state;
    assert_int_equal(sl__name_distance(&jdbc, SL_STR("jdb")), 1);
    assert_int_equal(sl__name_distance(&jdbc, SL_STR("some.where.else.JdbcSinkConnector")), 0);
    test_assert_str(sl__name_simple(SL_STR("a.b.C$D")), "C$D");
    test_assert_str(sl__name_simple(SL_STR("C")), "C");
}

/* ---- folders ---- */

typedef struct seen_defs {
    size_t n;
    char last[64];
} seen_defs;

static void count_def(void *arg, const sl_plugin_def *def, const sl_plugin *table, const char *path) {
    seen_defs *seen = arg;
    seen->n++;
    assert_non_null(table->name);
    assert_true(sl_str_ends(sl_str_of(path), SL_STR(".so")));
    snprintf(seen->last, sizeof seen->last, "%s", def->name);
}

static void loads_folders(void **state) {
    (void)state;
    char one_dir[80], two_dir[80], list[512];
    char file[PATH_MAX];
    size_t n;
    seen_defs seen = {0};
    snprintf(one_dir, sizeof one_dir, "%s/one", dir);
    snprintf(two_dir, sizeof two_dir, "%s/two", dir);
    assert_int_equal(mkdir(one_dir, 0700) | mkdir(two_dir, 0700), 0);
    build("one/a", PRELUDE ONE_ROW DEF("a", "x.A") EXPORT);
    build("one/b", PRELUDE ONE_ROW DEF("b", "x.B") EXPORT);
    build("two/c", PRELUDE ONE_ROW DEF("c", "x.A") EXPORT); /* takes the class of the first */
    build("two/d", PRELUDE ROWS("{.name = \"k\"}, {.name = \"k\"}") DEF("d", "x.D") EXPORT);
    snprintf(file, sizeof file, "%s/notes.txt", one_dir);
    test_write_file(file, "not looked at");
    snprintf(list, sizeof list, " %s , %s/good.so,%s", one_dir, dir, two_dir);
    sl__registry *reg = sl__registry_new();
    test_assert_ok(sl__registry_load_path(reg, sl_str_of(list)));
    sl__registry_each(reg, count_def, &seen);
    assert_int_equal(seen.n, 3);
    assert_string_equal(seen.last, "good");
    const sl__plugin_failure *failures = sl__registry_failures(reg, &n);
    assert_int_equal(n, 2);
    test_assert_contains(failures[0].reason, "the name 'x.A' (transformation) is taken already, by '");
    test_assert_contains(failures[0].reason, "one/a.so'");
    test_assert_contains(failures[1].path, "two/d.so");
    test_assert_contains(failures[1].reason, "definition 'd': setting 'k' is in its table twice");
    test_assert_error(sl__registry_load_path(reg, SL_STR("/does/not/exist")), SL_E_CONFIG,
                      "'/does/not/exist'");
    sl__registry_free(reg);
}

/* The file of a Java worker: its folders are passed over, and never an error. */
static void passes_over_java_folders(void **state) {
    char java[PATH_MAX], list[2 * PATH_MAX], jar[PATH_MAX + 10];
    size_t foreign = 0;
    seen_defs seen = {0};
    (void)state;
    snprintf(java, sizeof java, "%s/java", dir);
    snprintf(jar, sizeof jar, "%s/x.jar", java);
    assert_int_equal(mkdir(java, 0700), 0);
    test_write_file(jar, "not looked at");
    build("beside", PRELUDE ONE_ROW DEF("beside", "x.Beside") EXPORT);
    snprintf(list, sizeof list, "%s,/does/not/exist, %s/beside.so", java, dir);
    sl__registry *reg = sl__registry_new();
    test_assert_ok(sl__registry_load_worker_path(reg, sl_str_of(list), &foreign));
    assert_int_equal(foreign, 2);
    sl__registry_each(reg, count_def, &seen);
    assert_int_equal(seen.n, 1);
    sl__registry_free(reg);
    reg = sl__registry_new();
    test_assert_ok(sl__registry_load_worker_path(reg, sl_str_of(java), &foreign));
    assert_int_equal(foreign, 1); /* the default folder, which is not beside this program */
    sl__registry_free(reg);
}

static void knows_the_default_folder(void **state) {
    (void)state;
    char out[PATH_MAX], exe[PATH_MAX];
    assert_true(sl__registry_default_dir(out, sizeof out));
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
    assert_true(n > 0);
    exe[n] = '\0';
    *strrchr(exe, '/') = '\0';
    assert_true(sl_str_starts(sl_str_of(out), sl_str_of(exe)));
    assert_true(sl_str_ends(sl_str_of(out), SL_STR("/plugins")));
    assert_false(sl__registry_default_dir(out, 3));
}

/* ---- instances ---- */

static void validate_limits(const sl_context *ctx, sl_config_report *report) {
    const limits *l = ctx->settings;
    if (l->max > 100) {
        sl_config_report_add(report, SL_SEV_ERROR, SL_STR("max"), "too much for '%.*s'", SL_STR_ARG(l->mode));
    }
    sl_config_report_add(report, SL_SEV_WARNING, SL_STR_NONE, "variant %d", (int)ctx->variant);
}

static const sl_transform_ops with_validate = {
    .validate = validate_limits, .open = open_transform, .apply = apply_transform, .close = close_any};

static void prepares_instances(void **state) {
    (void)state;
    sl_arena arena;
    sl_config_report report, own;
    sl__instance inst;
    sl_plugin_def def = {GOOD_DEF};
    def.transform = &with_validate;
    def.variant = 4;
    sl_arena_init(&arena, 0);
    sl_config_report_init(&report, &arena);
    sl_config full = test_config(&arena, "transforms.a.mode", "fast", "transforms.a.max", "200",
                                 "transforms.b.max", "x", "max", "y", "transforms.a.", "z", (char *)NULL);
    test_assert_ok(sl__instance_init(&inst, &def, &full, SL_STR("transforms.a."), &arena, &report));
    assert_int_equal(report.n, 0);
    const limits *l = inst.context.settings;
    test_assert_str(l->mode, "fast");
    assert_int_equal(l->max, 200);
    assert_int_equal(inst.context.config->n, 2);
    assert_int_equal(inst.context.variant, 4);
    assert_int_equal(inst.context.task, -1);
    test_assert_str(sl_config_get(inst.context.config, SL_STR("max")), "200");
    sl_config_report_init(&own, &arena);
    sl__plugin_validate(&def, &inst.context, &own);
    test_assert_ok(sl__problems_add(&own, inst.prefix, &report));
    assert_string_equal(test_find_problem(&report, "transforms.a.max"), "too much for 'fast'");
    assert_string_equal(test_find_problem(&report, "transforms.a"), "variant 4");
    assert_int_equal(report.errors, 1);

    sl_config_report_init(&report, &arena);
    test_assert_ok(sl__instance_init(&inst, &def, &full, SL_STR("transforms.b."), &arena, &report));
    test_assert_contains(test_find_problem(&report, "transforms.b.max"), "invalid value 'x'");
    test_assert_contains(test_find_problem(&report, "transforms.b.mode"), "missing");
    test_assert_error(sl__instance_init(&inst, &def, &full, SL_STR("transforms.b."), &arena, NULL),
                      SL_E_CONFIG, "'transforms.b.max'");
    sl_config_report_init(&report, &arena);
    test_assert_ok(sl__instance_init(&inst, &def, &full, SL_STR_NONE, &arena, &report));
    test_assert_contains(test_find_problem(&report, "max"), "invalid value 'y'");
    sl_arena_deinit(&arena);
}

static void instances_without_memory(void **state) {
    (void)state;
    unsigned n = 0;
    sl_error *err;
    sl_arena around;
    sl_plugin_def def = {GOOD_DEF};
    sl_arena_init(&around, 0);
    sl_config full = test_config(&around, "p.mode", "fast", (char *)NULL);
    do {
        sl_arena arena;
        sl__instance inst;
        sl_arena_init(&arena, 16);
        test_fail_alloc(++n);
        err = sl__instance_init(&inst, &def, &full, SL_STR("p."), &arena, NULL);
        test_fail_alloc(0);
        if (err) {
            assert_int_equal(err->code, SL_E_NOMEM);
        } else {
            assert_int_equal(((const limits *)inst.context.settings)->max, 5);
        }
        sl_error_free(err);
        sl_arena_deinit(&arena);
    } while (err);
    assert_true(n > 2);
    sl_arena_deinit(&around);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_a_good_one),
        cmocka_unit_test(refuses_other_versions),
        cmocka_unit_test(refuses_broken_files),
        cmocka_unit_test(refuses_missing_symbols),
        cmocka_unit_test(refuses_empty_tables),
        cmocka_unit_test(checks_definitions),
        cmocka_unit_test(checks_rows),
        cmocka_unit_test(finds_by_every_name),
        cmocka_unit_test(names_the_nearest),
        cmocka_unit_test(ranks_by_distance),
        cmocka_unit_test(loads_folders),
        cmocka_unit_test(passes_over_java_folders),
        cmocka_unit_test(knows_the_default_folder),
        cmocka_unit_test(prepares_instances),
        cmocka_unit_test(instances_without_memory),
    };
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
