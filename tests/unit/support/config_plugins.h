/*
 * config_plugins.h - a catalog of small plugins for tests of configurations.
 *
 * A source "fake-source" (test.FakeSource), a sink "fake-sink", a transform "fake-transform", a predicate
 * "fake-predicate", a converter and a header converter "fake-json", and a config provider "fake-provider",
 * whose values are in fake_secrets.
 */
#ifndef SLUICE_UNIT_CONFIG_PLUGINS_H
#define SLUICE_UNIT_CONFIG_PLUGINS_H

#include "config/catalog.h"

extern const sl__catalog fake_catalog;

/* What the last validate of a connector saw. */
extern unsigned fake_validated;
extern bool fake_was_offline;

/* How many providers are open. */
extern int fake_providers_open;

#endif
