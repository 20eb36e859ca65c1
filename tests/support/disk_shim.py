"""A disk that fails or forgets: a library that a process loads before the C library (LD_PRELOAD).

It stands between the process and fsync, fdatasync, write and unlink:

- while the file that READ_ONLY_DISK names exists, writes to files fail with EROFS;
- while the file that BROKEN_DISK names exists, fsync and fdatasync fail with EIO;
- to the file that SYNCED_FILES names it appends a line "INODE BYTES" for each sync that succeeded:
  so much of that file survives a power loss.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

AVAILABLE: Final = sys.platform == "linux" and shutil.which("cc") is not None
NEEDS: Final = "needs Linux and a C compiler for the faulty disk"

SOURCE: Final = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int journal = -1;

__attribute__((constructor)) static void open_journal(void) {
    const char *path = getenv("SYNCED_FILES");
    if (path) journal = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int there(const char *variable) {
    const char *path = getenv(variable);
    return path && access(path, F_OK) == 0;
}

static void record(unsigned long inode, long size) {
    char line[64];
    int length = snprintf(line, sizeof line, "%lu %ld\n", inode, size);
    if (journal >= 0 && syscall(SYS_write, journal, line, length) != length) abort();
}

static int sync_file(long call, int file) {
    struct stat before;
    if (there("BROKEN_DISK")) { errno = EIO; return -1; }
    int known = fstat(file, &before) == 0;
    int result = (int) syscall(call, file);
    if (result == 0 && known) record((unsigned long) before.st_ino, (long) before.st_size);
    return result;
}

int fdatasync(int file) { return sync_file(SYS_fdatasync, file); }
int fsync(int file) { return sync_file(SYS_fsync, file); }

ssize_t write(int file, const void *data, size_t length) {
    struct stat status;
    if (there("READ_ONLY_DISK") && fstat(file, &status) == 0 && S_ISREG(status.st_mode)) {
        errno = EROFS;
        return -1;
    }
    return syscall(SYS_write, file, data, length);
}

int unlink(const char *path) {  // the system gives the number out again
    struct stat file;
    if (journal >= 0 && stat(path, &file) == 0 && file.st_nlink == 1)
        record((unsigned long) file.st_ino, 0);
    return (int) syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
"""


def compile_shim(folder: Path) -> Path:
    """The library, made in `folder`."""
    library = folder / "disk_shim.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input=SOURCE, text=True, check=True, timeout=60)
    return library
