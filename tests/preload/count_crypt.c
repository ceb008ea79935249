/*
 * For LD_PRELOAD: writes a line to the file that COUNT_CRYPT names for each password that is
 * hashed: the hash it is compared with, up to its salt. That is what the hashing costs.
 */
#include <crypt.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

char *crypt_rn(const char *password, const char *hash, void *data, int size) {
    char *(*real)(const char *, const char *, void *, int);
    *(void **)&real = dlsym(RTLD_NEXT, "crypt_rn");
    int fd = open(getenv("COUNT_CRYPT"), O_WRONLY | O_APPEND | O_CREAT, 0666);
    (void)dprintf(fd, "%.24s\n", hash);
    (void)close(fd);
    return real(password, hash, data, size);
}
