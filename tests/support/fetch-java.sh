#!/bin/bash
# fetch-java.sh - brings Kafka, Kafka Connect and Debezium into a cache, with Maven, once.
#
# Usage:  tests/support/fetch-java.sh [COMPONENT...]     prints one folder a line, in the order asked for
#
# Components (default: kafka connect debezium):
#         kafka      the broker and its tools
#         connect    the Java Connect worker with its file connectors, JSON converter and transforms
#         debezium   Debezium's plugin folders (postgres, jdbc), ready for plugin.path
#
# The folders are ${XDG_CACHE_HOME:-$HOME/.cache}/sluice/java/COMPONENT-VERSION[-jar list's checksum]. A folder
# exists only when complete: it is filled under another name and renamed. Two copies at once wait for each other.
# Versions come from versions.sh. Needs: Maven, a Java runtime (packages.sh check).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source-path=SCRIPTDIR source=versions.sh
. "$here/versions.sh"

cache=${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/sluice

fail() {
    echo "fetch-java: $*" >&2
    exit 1
}

# One line a folder of jars: FOLDER COORDINATES... (group:artifact:version)
component_folders() {
    local kafka=$SL_KAFKA_VERSION connect=$SL_CONNECT_VERSION debezium=$SL_DEBEZIUM_VERSION
    case "$1" in
    kafka)
        echo ". org.apache.kafka:kafka_$SL_KAFKA_SCALA:$kafka org.apache.kafka:kafka-tools:$kafka" \
            "org.slf4j:slf4j-simple:$SL_SLF4J_VERSION"
        ;;
    connect)
        echo ". org.apache.kafka:connect-runtime:$connect org.apache.kafka:connect-file:$connect" \
            "org.apache.kafka:connect-json:$connect org.apache.kafka:connect-transforms:$connect" \
            "org.slf4j:slf4j-simple:$SL_SLF4J_VERSION"
        ;;
    debezium)
        echo "debezium-connector-postgres io.debezium:debezium-connector-postgres:$debezium"
        echo "debezium-connector-jdbc io.debezium:debezium-connector-jdbc:$debezium"
        ;;
    esac
}

component_version() {
    case "$1" in
    kafka) echo "$SL_KAFKA_VERSION" ;;
    connect) echo "$SL_CONNECT_VERSION" ;;
    debezium) echo "$SL_DEBEZIUM_VERSION" ;;
    *) fail "unknown component '$1'; expected kafka, connect or debezium" ;;
    esac
}

component_target() {
    local sum version
    version=$(component_version "$1")
    sum=$(component_folders "$1" | cksum | cut -d ' ' -f 1)
    echo "$cache/java/$1-$version-$sum"
}

print_pom() {
    local coordinate group artifact version
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>sluice.tests</groupId><artifactId>fetch</artifactId><version>1</version><packaging>pom</packaging>'
    echo '<dependencies>'
    for coordinate in "$@"; do
        IFS=: read -r group artifact version <<<"$coordinate"
        echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
    done
    echo '</dependencies></project>'
}

# A connector's folder must not hold what the worker gives it: with a second copy of those the JDBC sink fails to load.
excludes_of() {
    if [ "$1" = debezium ]; then
        echo "-DexcludeArtifactIds=connect-api,kafka-clients,slf4j-api"
        echo "-DexcludeGroupIds=com.fasterxml.jackson.core,com.fasterxml.jackson.datatype,com.fasterxml.jackson.module,com.fasterxml.jackson.dataformat,com.fasterxml.jackson.jaxrs,com.fasterxml.jackson.jakarta.rs,com.fasterxml.jackson"
    fi
}

copy_jars() {
    local component=$1 folder=$2 log=$3 try
    shift 3
    local excludes
    mapfile -t excludes < <(excludes_of "$component")
    mkdir -p "$folder"
    print_pom "$@" >"$folder/pom.xml"
    for try in 1 2 3; do
        if mvn -B -q -f "$folder/pom.xml" -Dmaven.repo.local="$cache/m2" \
            -Daether.connector.http.connectionMaxTtl=30 \
            "org.apache.maven.plugins:maven-dependency-plugin:$SL_MAVEN_DEPENDENCY_PLUGIN_VERSION:copy-dependencies" \
            -DincludeScope=runtime -DoutputDirectory="$folder" ${excludes[@]+"${excludes[@]}"} \
            >>"$log" 2>&1 </dev/null; then
            rm "$folder/pom.xml"
            return
        fi
        echo "fetch-java: mvn failed for $* (try $try of 3)" >&2
        sleep 2
    done
    tail -n 30 "$log" >&2
    fail "could not fetch $*; the whole log is $log"
}

# fetch_component NAME TARGET: fills TARGET; runs under the lock.
fetch_component() {
    local component=$1 target=$2 staging=$2.part.$$ line folder rest log
    log=$cache/java/fetch-$component.log
    rm -rf "$cache/java/$component"-*.part.*
    : >"$log"
    echo "fetch-java: fetching $component $(component_version "$component") into $target" >&2
    while read -r line; do
        read -r folder rest <<<"$line"
        # shellcheck disable=SC2086  # coordinates are words
        copy_jars "$component" "$staging/$folder" "$log" $rest
    done < <(component_folders "$component")
    find "$staging" -name '*.jar' -size 0 | grep . >&2 && fail "empty jars in $staging"
    mv -T "$staging" "$target"
}

ensure_component() {
    local component=$1 target
    target=$(component_target "$component")
    if [ ! -d "$target" ]; then
        command -v mvn >/dev/null || fail "mvn is not installed; run tests/support/packages.sh check"
        mkdir -p "$cache/java"
        exec 9>"$cache/java/.lock"
        flock 9
        [ -d "$target" ] || fetch_component "$component" "$target"
        exec 9>&-
    fi
    echo "$target"
}

[ $# -gt 0 ] || set -- kafka connect debezium
for name in "$@"; do
    component_version "$name" >/dev/null
done
for name in "$@"; do
    ensure_component "$name"
done
