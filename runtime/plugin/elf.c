/*
 * elf.c - checks a shared object's headers against the size of its file.
 *
 * Format: System V ABI, "Object Files"; native class, byte order and machine only.
 *
 * Not for: symbols or relocations: the dynamic loader says what is wrong with them. Threads: any.
 */
#include "plugin/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#else
#define MACHINE EM_NONE /* not checked */
#endif

static bool read_at(int fd, void *to, size_t n, uint64_t offset) {
    char *at = to;
    while (n) {
        ssize_t got = pread(fd, at, n, (off_t)offset);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        at += got;
        n -= (size_t)got;
        offset += (uint64_t)got;
    }
    return true;
}

static bool inside(uint64_t offset, uint64_t n, uint64_t size) {
    return offset <= size && n <= size - offset;
}

static const char *check_header(const ElfW(Ehdr) * h, uint64_t size) {
    static const unsigned char magic[] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3};
    const uint16_t one = 1;
    unsigned char order = *(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB;
    if (memcmp(h->e_ident, magic, sizeof magic) != 0) {
        return "it is no shared object (no ELF file)";
    }
    if (h->e_ident[EI_CLASS] != (sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
        h->e_ident[EI_DATA] != order || (MACHINE != EM_NONE && h->e_machine != MACHINE)) {
        return "it was built for another kind of machine";
    }
    if (h->e_type != ET_DYN || h->e_phentsize != sizeof(ElfW(Phdr))) {
        return "it is an ELF file, but no shared object";
    }
    if (!inside(h->e_phoff, (uint64_t)h->e_phnum * h->e_phentsize, size) ||
        !inside(h->e_shoff, (uint64_t)h->e_shnum * h->e_shentsize, size)) {
        return "the file is truncated: copy it again";
    }
    return NULL;
}

static const char *check_segments(int fd, const ElfW(Ehdr) * h, uint64_t size) {
    for (unsigned i = 0; i < h->e_phnum; i++) {
        ElfW(Phdr) p;
        if (!read_at(fd, &p, sizeof p, h->e_phoff + (uint64_t)i * sizeof p)) {
            return "its program headers cannot be read";
        }
        if (p.p_type != PT_NULL && !inside(p.p_offset, p.p_filesz, size)) {
            return "the file is truncated: copy it again";
        }
    }
    return NULL;
}

static const char *check_file(int fd) {
    struct stat st;
    ElfW(Ehdr) h;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return "it is no regular file";
    }
    if (!read_at(fd, &h, sizeof h, 0)) {
        return "it is no shared object (too short)";
    }
    const char *wrong = check_header(&h, (uint64_t)st.st_size);
    return wrong ? wrong : check_segments(fd, &h, (uint64_t)st.st_size);
}

const char *sl__elf_check(const char *path, char *why, size_t size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        snprintf(why, size, "it cannot be opened: %s", strerror(errno));
        return why;
    }
    const char *wrong = check_file(fd);
    close(fd);
    if (!wrong) {
        return NULL;
    }
    snprintf(why, size, "%s", wrong);
    return why;
}
