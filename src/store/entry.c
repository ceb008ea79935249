#include "store/entry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/sum.h"

bool entry_is_open(const struct entry *entry) {
    return entry->state == ENTRY_PENDING || entry->state == ENTRY_REFUSED;
}

/* ---------------------------------------------------------------- names */

/* A file of another file system below the root may have the inode of one of the root's. For the
 * root's own file system the device is left out: it differs between machines that share it. */
static int make_number(const struct path_root *top, const struct path_id *id, int folder,
                       struct entry_prefix *prefix) {
    struct stat st;
    *prefix = (struct entry_prefix){0};
    struct stat there;
    if (fstat(top->fd, &st) < 0 || fstat(folder, &there) < 0)
        return -errno;
    int n = snprintf(prefix->text, sizeof(prefix->text), "%llx-%llx-",
                     there.st_dev == st.st_dev ? 0 : (unsigned long long)there.st_dev,
                     (unsigned long long)id->inode);
    prefix->number = (size_t)n;
    return 0;
}

/* Its place tells a file from others without a birth time. */
static int find_place(int folder, const char *name, uint64_t *ret_place) {
    struct stat st;
    if (fstat(folder, &st) < 0)
        return -errno;
    *ret_place = sum_add_text(sum_add_number(0, st.st_ino), name);
    return 0;
}

int entry_make_prefix(const struct path_root *top, const struct path_id *id, int folder,
                      const char *name, struct entry_prefix *ret_prefix) {
    struct entry_prefix *prefix = ret_prefix;
    uint64_t place = 0;
    int result = make_number(top, id, folder, prefix);
    if (result == 0 && id->born == 0)
        result = find_place(folder, name, &place);
    if (result < 0)
        return result;
    (void)snprintf(prefix->text + prefix->number, sizeof(prefix->text) - prefix->number, "%c%llx-",
                   id->born ? 'b' : 'n',
                   (unsigned long long)(id->born ? (uint64_t)id->born : place));
    return 0;
}

uint64_t entry_sum_of_boot(const char *boot) {
    return boot[0] ? sum_add_text(0, boot) : 0;
}

void entry_name_ended(const struct entry_prefix *prefix, char ret_name[ENTRY_NAME_SIZE]) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    (void)snprintf(ret_name, ENTRY_NAME_SIZE, "%s%c%llx.%lx", prefix->text, ENTRY_ENDED,
                   (unsigned long long)now.tv_sec, (unsigned long)now.tv_nsec);
}

void entry_name_facts(const struct entry_prefix *prefix, enum entry_state state,
                      const struct entry_facts *facts, uint64_t boot,
                      char ret_name[ENTRY_NAME_SIZE]) {
    (void)snprintf(ret_name, ENTRY_NAME_SIZE, "%s%c%llx-%llx-%llx-%llx-%llx-%llx", prefix->text,
                   state, (unsigned long long)facts->length, (unsigned long long)facts->more,
                   (unsigned long long)facts->sum, (unsigned long long)facts->seconds,
                   (unsigned long long)facts->rest, (unsigned long long)boot);
}

bool entry_parse(const char *text, struct entry *ret_entry) {
    struct entry *entry = ret_entry;
    uint64_t number[6];
    entry->state = (enum entry_state)text[0];
    if (entry->state == ENTRY_ENDED)
        return true;
    if (entry->state != ENTRY_PENDING && entry->state != ENTRY_REFUSED)
        return false;
    char *end = (char *)text;
    for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++) {
        const char *begin = end + 1;
        number[i] = strtoull(begin, &end, 16);
        if (end == begin || *end != (i < 5 ? '-' : '\0'))
            return false;
    }
    entry->facts = (struct entry_facts){.length = number[0],
                                        .more = number[1],
                                        .sum = number[2],
                                        .seconds = (int64_t)number[3],
                                        .rest = (int64_t)number[4]};
    entry->boot = number[5];
    return true;
}

/* ---------------------------------------------------------------- finding them */

/* Opens the folder with a descriptor of its own. */
static DIR *read_folder(int folder) {
    return path_read_folder(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

int entry_find(int folder, const struct entry_prefix *prefix, struct entry *ret_entry) {
    const struct dirent *found;
    size_t n = strlen(prefix->text);
    DIR *names = read_folder(folder);
    *ret_entry = (struct entry){.state = ENTRY_NONE};
    if (!names)
        return -ENOMEM;
    while (ret_entry->state == ENTRY_NONE && (errno = 0, found = readdir(names))) {
        if (strncmp(found->d_name, prefix->text, n) != 0 ||
            strlen(found->d_name) >= sizeof(ret_entry->name) ||
            !entry_parse(found->d_name + n, ret_entry))
            continue;
        memcpy(ret_entry->name, found->d_name, strlen(found->d_name) + 1);
    }
    int result = ret_entry->state == ENTRY_NONE ? -errno : 0;
    (void)closedir(names);
    return result;
}

/* The inode in the name of an open entry, or 0. */
static uint64_t open_inode(const char *name) {
    struct entry entry;
    const char *inode = strchr(name, '-'), *born = inode ? strchr(inode + 1, '-') : NULL;
    const char *state = born ? strchr(born + 1, '-') : NULL;
    bool open = state && entry_parse(state + 1, &entry) && entry_is_open(&entry);
    return open ? strtoull(inode + 1, NULL, 16) : 0;
}

int entry_each_open(int folder, bool (*call)(void *context, uint64_t inode), void *context) {
    const struct dirent *found;
    DIR *names = read_folder(folder);
    if (!names)
        return -ENOMEM;
    int result = 0;
    while (result == 0 && (errno = 0, found = readdir(names))) {
        uint64_t inode = open_inode(found->d_name);
        if (inode && !call(context, inode))
            result = -ENOMEM;
    }
    result = result < 0 ? result : -errno;
    (void)closedir(names);
    return result;
}

void entry_remove(int folder, const struct entry_prefix *prefix) {
    const struct dirent *found;
    DIR *names = read_folder(folder);
    while (names && (found = readdir(names))) {
        if (strncmp(found->d_name, prefix->text, prefix->number) == 0)
            (void)unlinkat(folder, found->d_name, 0);
    }
    if (names)
        (void)closedir(names);
}
