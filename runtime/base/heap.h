/*
 * heap.h - the worker's heap: jemalloc, which build/sluice is linked with in place of the C library's malloc.
 *
 * What is allocated by one thread (a task's, say) and freed by another (a producer's) is most of what a
 * pipeline does; the C library's malloc takes twice the time for it, and its free blocks lie scattered.
 * Programs with a sanitizer, and tests, have their own malloc or the C library's.
 *
 * Threads: any.
 */
#ifndef SLUICE_BASE_HEAP_H
#define SLUICE_BASE_HEAP_H

/* sl__heap_trim gives free memory back to the system. */
void sl__heap_trim(void);

#endif
