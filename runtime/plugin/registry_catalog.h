/*
 * registry_catalog.h - the registry as the configuration code looks at it.
 *
 * Threads: as the registry. Memory: the catalog borrows registry and host.
 */
#ifndef SLUICE_PLUGIN_REGISTRY_CATALOG_H
#define SLUICE_PLUGIN_REGISTRY_CATALOG_H

#include "config/catalog.h"
#include "plugin/registry.h"

/* sl__registry_catalog makes a catalog of a registry; plugins are called with host. */
sl__catalog sl__registry_catalog(sl__registry *reg, const sl_host *host);

#endif
