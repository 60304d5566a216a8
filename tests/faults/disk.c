/* A disk that fails on demand: what is written below FAULTS_FOLDER fails as the first word in FAULTS_SWITCH says.
 *
 *   full    nothing grows any more (ENOSPC)
 *   write   writing fails (EIO)
 *   sync    bringing to the disk fails (EIO)
 *
 * An empty or missing switch is a sound disk. Built and loaded by `run` with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum fault { NONE, FULL, WRITE, SYNC };

static enum fault fault_of(int fd) {
    const char *folder = getenv("FAULTS_FOLDER"), *file = getenv("FAULTS_SWITCH");
    if (!folder || !file) return NONE;
    char link[64], path[PATH_MAX], word[16] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return NONE;
    path[length] = 0;
    if (strncmp(path, folder, strlen(folder)) != 0) return NONE;
    int error = errno, from = open(file, O_RDONLY | O_CLOEXEC);
    if (from < 0) { errno = error; return NONE; }
    length = read(from, word, sizeof word - 1);
    close(from);
    errno = error;
    if (length > 0) word[length] = 0;
    if (strncmp(word, "full", 4) == 0) return FULL;
    if (strncmp(word, "write", 5) == 0) return WRITE;
    if (strncmp(word, "sync", 4) == 0) return SYNC;
    return NONE;
}

static int refuses(int fd, off_t end) {
    struct stat now;
    switch (fault_of(fd)) {
    case FULL:
        if (fstat(fd, &now) == 0 && end <= now.st_size) return 0;
        errno = ENOSPC;
        return 1;
    case WRITE:
        errno = EIO;
        return 1;
    default:
        return 0;
    }
}

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    static ssize_t (*real)(int, const void *, size_t, off64_t);
    if (!real) real = next("pwrite64");
    return refuses(fd, at + (off_t)count) ? -1 : real(fd, bytes, count, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { return pwrite64(fd, bytes, count, at); }

int ftruncate64(int fd, off64_t length) {
    static int (*real)(int, off64_t);
    if (!real) real = next("ftruncate64");
    return refuses(fd, length) ? -1 : real(fd, length);
}

int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

static int sync_with(int fd, const char *name) {
    int (*real)(int) = next(name);
    if (fault_of(fd) == SYNC) {
        errno = EIO;
        return -1;
    }
    return real(fd);
}

int fsync(int fd) { return sync_with(fd, "fsync"); }

int fdatasync(int fd) { return sync_with(fd, "fdatasync"); }
