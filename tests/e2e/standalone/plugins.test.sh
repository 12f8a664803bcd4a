#!/bin/bash
# Plugins that cannot be used: `sluice plugins` and a worker name each with its path and the reason, and go on with the others.
# seconds: 60
# beside others
# shellcheck source=tests/e2e/standalone/worker.sh
. "$(dirname "${BASH_SOURCE[0]}")/worker.sh"

plugins=$dir/plugins
mkdir "$plugins"
cp "$(dirname "$SLUICE")"/plugins/{file,converters}.so "$plugins/"

# compile NAME: a transform from standard input; NAME is also its plugin's
compile() {
    {
        cat <<'END'
#include <sluice/plugin.h>
static sl_error *open_it(const sl_context *c, void **s) { (void)c; *s = 0; return 0; }
static sl_error *apply_it(void *s, sl_batch *b, sl_record *r) { (void)s; (void)b; (void)r; return 0; }
static void close_it(void *s) { (void)s; }
static const sl_transform_ops ops = {.open = open_it, .apply = apply_it, .close = close_it};
typedef struct { int32_t n; } settings;
#define ROW {.name = "n", .type = SL_CONFIG_INT, .default_value = "3", .field = SL_FIELD(settings, n)}
#define DEF(NAME) static const sl_plugin_def def = {.struct_size = sizeof def, .kind = SL_KIND_TRANSFORM, .name = NAME, .version = "1", \
    .settings = rows, .nsettings = sizeof rows / sizeof rows[0], .settings_size = sizeof(settings), .transform = &ops}; \
    static const sl_plugin_def *const defs[] = {&def};
END
        cat
    } >"$dir/$1.c"
    ${CC:-cc} -std=gnu11 -shared -fPIC -Iplugins-api/include -o "$plugins/$1.so" "$dir/$1.c"
}
compile good <<'END'
static const sl_config_row rows[] = {ROW};
DEF("good")
SL_PLUGIN_EXPORT("good", "1.0", defs);
END
compile twokeys <<'END'
static const sl_config_row rows[] = {ROW, ROW};
DEF("twokeys")
SL_PLUGIN_EXPORT("twokeys", "1.0", defs);
END
compile oldmajor <<'END'
static const sl_config_row rows[] = {ROW};
DEF("oldmajor")
static const sl_plugin table = {.magic = SL_PLUGIN_MAGIC, .struct_size = sizeof(sl_plugin), .abi_major = SL_ABI_MAJOR + 1, .ndefs = 1,
    .name = "oldmajor", .version = "1", .defs = defs};
const sl_plugin *sluice_plugin(void) { return &table; }
END
compile nosymbol <<'END'
static const sl_config_row rows[] = {ROW};
DEF("nosymbol")
const void *something_else(void) { return defs; }
END
head -c 3000 "$plugins/good.so" >"$plugins/truncated.so"
ln -s nowhere.so "$plugins/dangling.so"

# expect_named FILE: every bad one in a line of its own, with its path and what is wrong
expect_named() {
    local name reason
    while IFS=: read -r name reason; do
        grep -F "$plugins/$name.so" "$1" | matches -F "$reason" || fail "expected a line with $plugins/$name.so and '$reason' in: $(cat "$1")"
    done <<'END'
truncated:truncated
oldmajor:plugin interface
nosymbol:no function 'sluice_plugin'
twokeys:'n'
dangling:No such file
END
}

"$SLUICE" plugins "--plugin-path=$plugins" >"$dir/list" 2>"$dir/bad" || fail "sluice plugins: exit code $?"
expect_named "$dir/bad"
[ "$(wc -l <"$dir/bad")" -eq 5 ] || fail "expected five lines: $(cat "$dir/bad")"
for name in good file-source json; do
    grep -qw "$name" "$dir/list" || fail "'$name' is not listed: $(cat "$dir/list")"
done
grep -qE 'twokeys|oldmajor|nosymbol' "$dir/list" && fail "a bad plugin is listed: $(cat "$dir/list")"

# a folder that is not there is a slip in the configuration
rc=0
"$SLUICE" plugins "--plugin-path=$plugins,$dir/no-such-folder" >"$dir/list" 2>"$dir/bad" || rc=$?
[ "$rc" -ne 0 ] || fail "expected an error for a folder that is not there"
grep -qF "$dir/no-such-folder" "$dir/bad" || fail "the folder is not named: $(cat "$dir/bad")"

# a worker goes on with the good ones, and uses them
worker_properties "$dir/worker.properties" "plugin.path=$plugins"
seq 1 10 >"$dir/in"
worker_start "$dir/worker.properties" "$(source_properties source "$dir/in" lines transforms=t transforms.t.type=good)" \
    "$(sink_properties sink "$dir/out" lines)"
wait_until 20 lines_are "$dir/out" 10 || fail "nothing arrives beside bad plugins"
expect_named "$dir/worker.log"
worker_stop

# what a bad plugin would have offered is missing by name
bad=$(source_properties bad "$dir/in" lines transforms=t transforms.t.type=twokeys)
rc=0
"$SLUICE" standalone "$dir/worker.properties" "$bad" >"$dir/refused" 2>&1 || rc=$?
[ "$rc" -eq 3 ] || fail "expected exit code 3 for a transform of a bad plugin, got $rc"
grep -q "no transform 'twokeys'" "$dir/refused" || fail "the transform is not named: $(cat "$dir/refused")"
log ok
