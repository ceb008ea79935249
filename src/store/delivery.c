#include "store/delivery.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "store/reserved.h"
#include "store/turn.h"

#define LATER  "later"
#define FAILED "failed"
#define SUFFIX ".json"

enum { TRIES_MOST = 99999 /* as the name of a file tells it */ };

/* ---------------------------------------------------------------- the folders */

static int open_both(struct delivery *delivery, int root) {
    int folder = reserved_open_as(root, NOTICE_FOLDER, false);
    if (folder < 0)
        return folder;
    delivery->later = reserved_open_as(folder, LATER, true);
    delivery->failed =
        delivery->later < 0 ? delivery->later : reserved_open_as(folder, FAILED, true);
    (void)close(folder);
    return delivery->failed < 0 ? delivery->failed : 0;
}

int delivery_open(struct delivery *ret_delivery, int root) {
    *ret_delivery =
        (struct delivery){.notices = {.pending = -1, .fresh = -1}, .later = -1, .failed = -1};
    int result = open_both(ret_delivery, root);
    if (result == 0)
        result = notices_open(&ret_delivery->notices, root, false);
    if (result < 0)
        delivery_close(ret_delivery);
    return result;
}

void delivery_close(struct delivery *delivery) {
    notices_close(&delivery->notices);
    if (delivery->later >= 0)
        (void)close(delivery->later);
    if (delivery->failed >= 0)
        (void)close(delivery->failed);
    delivery->later = delivery->failed = -1;
}

static int folder_of(const struct delivery *delivery, const struct delivery_row *row) {
    return row->is_later ? delivery->later : delivery->notices.fresh;
}

/* ---------------------------------------------------------------- what is due */

/* Takes the id from what ends a file's name. */
static bool find_id(const char *end, char ret_id[NOTICE_ID_SIZE]) {
    const size_t n = NOTICE_ID_SIZE - 1;
    bool is_event = strlen(end) == n + sizeof(SUFFIX) - 1 && strcmp(end + n, SUFFIX) == 0;
    (void)snprintf(ret_id, NOTICE_ID_SIZE, "%.*s", is_event ? (int)n : 0, end);
    return is_event;
}

/* Takes a number, and the dash after it. Returns what follows, or NULL. */
static const char *take_number(const char *at, long long *ret) {
    char *end;
    if (!at || !isdigit((unsigned char)*at))
        return NULL;
    *ret = strtoll(at, &end, 10);
    return *end == '-' ? end + 1 : NULL;
}

/* What the name of a file in later/ says before the id. Returns where that begins, or NULL. */
static const char *parse_later(const char *file, struct delivery_row *row) {
    long long tries = 0;
    const char *at = take_number(take_number(take_number(file, &row->due), &row->first), &tries);
    row->tries = tries > 0 && tries < TRIES_MOST ? (unsigned)tries : TRIES_MOST;
    return at;
}

/* What the name of a file says. */
static void parse(const char *file, bool is_later, struct delivery_row *ret_row) {
    *ret_row = (struct delivery_row){.is_later = is_later};
    (void)snprintf(ret_row->file, sizeof(ret_row->file), "%s", file);
    const char *id = is_later ? parse_later(file, ret_row) : file;
    (void)find_id(id ? id : file, ret_row->id);
}

struct list {
    struct delivery_row *rows;
    size_t count, room;
};

static int add(struct list *list, const struct delivery_row *row) {
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        struct delivery_row *rows = realloc(list->rows, room * sizeof(*rows));
        if (!rows)
            return -ENOMEM;
        list->rows = rows;
        list->room = room;
    }
    list->rows[list->count++] = *row;
    return 0;
}

static int list_folder(const struct delivery *delivery, bool is_later, long long now,
                       struct list *list) {
    const struct delivery_row any = {.is_later = is_later};
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    DIR *folder = path_read_folder(openat(folder_of(delivery, &any), ".", flags));
    int result = 0;
    if (!folder)
        return -errno;
    for (const struct dirent *entry; result == 0 && (entry = readdir(folder));) {
        struct delivery_row row;
        if (entry->d_name[0] == '.')
            continue;
        parse(entry->d_name, is_later, &row);
        if (row.due <= now)
            result = add(list, &row);
    }
    (void)closedir(folder);
    return result;
}

static int compare(const void *a, const void *b) {
    const struct delivery_row *x = a, *y = b;
    return strcmp(x->id, y->id);
}

long delivery_list(const struct delivery *delivery, long long now, struct delivery_row **ret_rows) {
    struct list list = {0};
    int result = list_folder(delivery, false, now, &list);
    if (result == 0)
        result = list_folder(delivery, true, now, &list);
    if (result < 0) {
        free(list.rows);
        list = (struct list){0};
    }
    if (list.count > 0)
        qsort(list.rows, list.count, sizeof(list.rows[0]), compare);
    *ret_rows = list.rows;
    return result < 0 ? result : (long)list.count;
}

/* ---------------------------------------------------------------- one event */

int delivery_take(const struct delivery *delivery, const struct delivery_row *row) {
    const int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int folder = folder_of(delivery, row), fd = openat(folder, row->file, flags);
    if (fd < 0)
        return -errno;
    int result = turn_lock_file(fd, F_WRLCK, 0, -1);
    if (result == 0 && !path_is_called(fd, folder, row->file))
        result = -ENOENT; /* another one has delivered it meanwhile */
    if (result == 0)
        return fd;
    (void)close(fd);
    return result;
}

int delivery_done(const struct delivery *delivery, const struct delivery_row *row) {
    return unlinkat(folder_of(delivery, row), row->file, 0) < 0 ? -errno : 0;
}

/* How long it waits after so many tries. */
static int wait_after(unsigned tries) {
    int wait = DELIVERY_FIRST;
    for (unsigned i = 1; i < tries && wait < DELIVERY_LONGEST; i++)
        wait *= 2;
    return wait < DELIVERY_LONGEST ? wait : DELIVERY_LONGEST;
}

int delivery_put_off(const struct delivery *delivery, const struct delivery_row *row,
                     long long now) {
    char file[sizeof(row->file)];
    int wait = wait_after(row->tries + 1);
    (void)snprintf(file, sizeof(file), "%010lld-%010lld-%05u-%s" SUFFIX, now + wait,
                   row->first ? row->first : now,
                   row->tries < TRIES_MOST ? row->tries + 1 : TRIES_MOST, row->id);
    if (renameat(folder_of(delivery, row), row->file, delivery->later, file) < 0)
        return -errno;
    return wait;
}

int delivery_give_up(const struct delivery *delivery, const struct delivery_row *row) {
    char file[sizeof(row->file)];
    (void)snprintf(file, sizeof(file), "%s" SUFFIX, row->id);
    const char *name = row->id[0] ? file : row->file;
    return renameat(folder_of(delivery, row), row->file, delivery->failed, name) < 0 ? -errno : 0;
}
