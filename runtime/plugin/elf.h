/*
 * elf.h - tells whether a file is a whole shared object for this machine, before it is mapped.
 *
 * The dynamic loader trusts the headers of a file: a truncated one would end the process with SIGBUS.
 *
 * Threads: any. Memory: none is kept.
 */
#ifndef SLUICE_PLUGIN_ELF_H
#define SLUICE_PLUGIN_ELF_H

#include <stdbool.h>
#include <stddef.h>

/* sl__elf_check gives NULL if path is a whole shared object, else writes what is wrong into why and gives it.
 */
const char *sl__elf_check(const char *path, char *why, size_t size);

#endif
