#!/bin/bash
# run.sh - the plugin template as an author meets it: `make install`, then the installed template is built outside the
# tree against the installed headers, listed, held to the contract, run in a pipeline, and refused when its ABI is not ours.
#
# Needs a finished build in B. Everything else lies in a folder that is removed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/support/lib.sh
build=$(realpath "${B:-build}")
work=$(mktemp -d /tmp/sluice-template-XXXXXX)
at_exit rm -rf "$work"
root=$work/root
prefix=/opt/sluice
sluice=$root$prefix/bin/sluice
count=200

log "installing into $root"
make -s B="$build" install DESTDIR="$root" PREFIX=$prefix >"$work/install.log" || {
    cat "$work/install.log" >&2
    fail "make install failed"
}

cp -r "$root$prefix/share/sluice/template" "$work/plugin"
export PKG_CONFIG_PATH=$root$prefix/lib/pkgconfig
flags=$(PKG_CONFIG_SYSROOT_DIR=$root pkg-config --cflags --libs sluice-plugin)
case $flags in
*"-I$root$prefix/include"*"-L$root$prefix/lib"*) ;;
*) fail "pkg-config points elsewhere: $flags" ;;
esac

log "building the template against it"
PKG_CONFIG_SYSROOT_DIR=$root make -s -C "$work/plugin" CFLAGS="-Werror -Wconversion -Wshadow"
exported=$(nm -D --defined-only "$work/plugin/template.so" | awk '{print $3}')
[ "$exported" = sluice_plugin ] || fail "it exports more than its entry: $exported"

listed=$("$sluice" plugins --plugin-path="$work/plugin")
for name in template-counter template-tally template-upper; do
    grep -q " $name " <<<"$listed" || fail "'sluice plugins' does not list $name: $listed"
done
default=$("$sluice" plugins)
grep -q ' file-source ' <<<"$default" || fail "the installed worker does not find its own plugins: $default"

log "holding it to the contract"
"$build/contract" "$work/plugin" >"$work/contract.log" 2>&1 || {
    cat "$work/contract.log" >&2
    fail "the template breaks the contract"
}

log "running it: counter -> upper -> file"
cat >"$work/worker.properties" <<END
bootstrap.servers=embedded:
listeners=http://127.0.0.1:$(free_port)
key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
offset.storage.file.filename=$work/offsets
offset.flush.interval.ms=200
plugin.path=$root$prefix/lib/sluice/plugins,$work/plugin
END
cat >"$work/counter.properties" <<END
name=counter
connector.class=template-counter
topic=numbers
interval.ms=0
limit=$count
transforms=up
transforms.up.type=template-upper
END
cat >"$work/tally.properties" <<END
name=tally
connector.class=template-tally
topics=numbers
END
cat >"$work/file.properties" <<END
name=file
connector.class=FileStreamSink
topics=numbers
file=$work/out.txt
END
arrived() {
    [ -f "$work/out.txt" ] && [ "$(wc -l <"$work/out.txt")" -ge $count ]
}
spawn worker "$work" "$sluice" standalone "$work/worker.properties" "$work/counter.properties" "$work/tally.properties" \
    "$work/file.properties"
at_exit end worker "$work"
wait_until 60 arrived || {
    show_log worker "$work"
    fail "$(wc -l <"$work/out.txt" 2>/dev/null || echo 0) of $count numbers arrived"
}
sort -t' ' -k2n "$work/out.txt" | cmp - <(seq -f 'NUMBER %g' $count) || fail "other lines arrived than were sent"
end worker "$work"
grep -q "$count records" "$work/worker.log" || {
    show_log worker "$work"
    fail "the tally sink did not count $count records"
}

log "a plugin for another version is refused by name"
mkdir "$work/other"
cp -r "$root$prefix/include/sluice" "$work/plugin/sluice"
sed -i 's/^#define SL_ABI_MAJOR .*/#define SL_ABI_MAJOR 99/' "$work/plugin/sluice/host.h"
PKG_CONFIG_SYSROOT_DIR=$root make -s -B -C "$work/plugin" CFLAGS="-I$work/plugin"
mv "$work/plugin/template.so" "$work/other/"
refusal=$("$sluice" plugins --plugin-path="$work/other" 2>&1) || true
case $refusal in
*"$work/other/template.so"*99*) ;;
*) fail "the other version was not refused by name: $refusal" ;;
esac
log "ok"
