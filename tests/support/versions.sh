# shellcheck shell=bash disable=SC2034  # sourced; the readers use the names
# versions.sh - the one place that pins what the tests download. No host names here: every package
# comes through its own registry's ordinary client (apt-get, mvn, pip) as this machine has it set up.
#
# Usage:  . tests/support/versions.sh

# Java packages (Maven coordinates are in fetch-java.sh)
SL_KAFKA_VERSION=4.3.0
SL_KAFKA_SCALA=2.13
SL_CONNECT_VERSION=4.3.0
SL_DEBEZIUM_VERSION=3.5.0.Final
SL_SLF4J_VERSION=1.7.36
SL_MAVEN_DEPENDENCY_PLUGIN_VERSION=3.6.1

# Debian releases the scripts are written for; others get the newest names and a warning
SL_DEBIAN_CODENAME=bookworm
SL_DEBIAN_RELEASES="12 13"

# Python packages: clients of Kafka Connect's REST interface, and what sends requests made from a description
SL_KAFKA_CONNECT_PY_VERSION=1.0.0
SL_CONNECTORCTL_VERSION=0.1.0
SL_SCHEMATHESIS_VERSION=4.32.5
