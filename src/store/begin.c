#include "store/begin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/copy.h"
#include "store/extend.h"
#include "store/limits.h"
#include "store/publish.h"
#include "store/resume.h"
#include "store/stage.h"
#include "store/store.h"

/* ---------------------------------------------------------------- what is refused */

/* Only plain files can be replaced. Returns 1 for one, 0 if nothing has that name, or a negative
 * errno if the name cannot be used. *ret_version: what has it. */
static int check_name(struct store *store, uint64_t *ret_version) {
    const char *name = store->request->name;
    struct partial_found partial;
    struct stat st;
    if (strlen(name) >= sizeof(store->name))
        return -ENAMETOOLONG;
    memcpy(store->name, name, strlen(name) + 1);
    int result = version_look(store->folder, name, &st, ret_version);
    if (store->request->unique && partial_find(&store->request->partial, &partial) == 0)
        return 1;
    if (result < 0)
        return result == -ENOENT ? 0 : result;
    bool silent = store->request->blind && !store->request->unique && S_ISDIR(st.st_mode);
    if (S_ISREG(st.st_mode) || (store->on_conflict == CONFLICT_RENAME && !silent))
        return 1;
    return S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
}

/* Refuses what can be refused before anything is made. Returns 1 if a file has the name, 0 if not,
 * or a negative errno. */
static int refuse(struct store *store) {
    int taken = check_name(store, &store->began);
    if (taken < 0)
        return taken;
    if (faccessat(store->folder, ".", W_OK | X_OK, AT_EACCESS) < 0)
        return -errno;
    if (taken && store->base == STORE_NOTHING && store->on_conflict == CONFLICT_REFUSE)
        return -EEXIST;
    bool other = strcmp(store->request->seen, store->request->name) != 0;
    int result = other ? version_of(store->folder, store->request->seen, &store->began) : 0;
    return result < 0 ? result : taken;
}

static int settle_conflict(struct store *store) {
    bool settled = store->taken || (store->request->unique && store->request->blind);
    if (settled && store->on_conflict == CONFLICT_REFUSE)
        return -EEXIST;
    return settled && store->on_conflict == CONFLICT_RENAME
               ? publish_other_name(store->name, store->name)
               : 0;
}

/* ---------------------------------------------------------------- what a file begins with */

/* Looks at the file that is open at `old`, which is to be resumed, without bytes that are just
 * being added. */
static int look_at_old(struct store *store, int old) {
    const struct store_request *request = store->request;
    struct stat settled;
    uint64_t version;
    bool named = addition_look(request->partial.root, request->addition->boot, store->folder,
                               store->name, &settled, &version) == 0;
    int result = version_look(old, "", &store->old, &version);
    if (result < 0)
        return result;
    if (!S_ISREG(store->old.st_mode))
        return -ENXIO;
    (void)path_identify_open(old, &store->old_id);
    if (request->was_shown && version != request->shown_version)
        return -STORE_OTHER;
    bool same = named && settled.st_ino == store->old.st_ino;
    return limits_set_kept(store, (uint64_t)(same ? settled.st_size : store->old.st_size));
}

/* Opens the file that is to be resumed. Returns a descriptor or a negative errno. */
static int open_old(struct store *store) {
    int old = openat(store->folder, store->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (old < 0)
        return errno == ENOENT ? -ERANGE : -errno;
    int result = look_at_old(store, old);
    if (result == 0)
        return old;
    (void)close(old);
    return result;
}

/* Begins the file with what is kept of the old one, and with its mode. */
static int take_beginning(struct store *store, int old) {
    int result = copy_file(old, store->fd, store->kept, store->request->stop);
    bool dressed = result < 0 || fchmod(store->fd, store->old.st_mode & 0777) == 0;
    return dressed ? result : -errno;
}

/* Finds out what the file begins with. *ret_old: the old file, open, if its beginning is kept.
 * Returns 0 or a negative errno. */
static int find_base(struct store *store, int *ret_old) {
    const struct store_request *request = store->request;
    if (store->base == STORE_NOTHING)
        return settle_conflict(store);
    bool readable = request->may_read && !request->hidden;
    if (!readable && store->base == STORE_BEGINNING)
        return -ERANGE;
    if (store->taken && !request->may_extend)
        return -EEXIST;
    store->on_conflict = CONFLICT_REPLACE;
    if (store->base == STORE_ALL)
        return extend_begin(store);
    int old = open_old(store);
    *ret_old = old < 0 ? -1 : old;
    return old < 0 ? old : 0;
}

/* ---------------------------------------------------------------- the beginning */

/* Makes nothing before it is known to be allowed. */
static int begin_new(struct store *store) {
    int old = -1;
    int result = find_base(store, &old);
    if (result == 0)
        result = limits_admit(store);
    if (result == 0)
        result = stage_open(store, store->adds || (store->request->summed && old >= 0));
    if (result == 0 && old >= 0)
        result = take_beginning(store, old);
    if (old >= 0)
        (void)close(old);
    return result;
}

/* The checks of begin_new, which for a partial come after it has been taken over. */
static int begin_resumed(struct store *store) {
    int result = settle_conflict(store);
    return result < 0 ? result : limits_admit(store);
}

static int set_group(const struct store *store) {
    gid_t group = store->request->group;
    return group != VALUE_NO_GROUP && fchown(store->fd, (uid_t)-1, group) < 0 ? -errno : 0;
}

/* The kind of uploads that make this one void when they are published. For a client that may not
 * see what has the name, those of its own sessions. */
static uint64_t own_kind(const struct store *store) {
    const struct store_request *request = store->request;
    return request->hidden ? turn_kind(request->partial.owner, request->partial.path)
                           : turn_kind_of_name(store->folder, request->seen);
}

static void begin_flight(struct store *store) {
    if (store->request->unique)
        return; /* no other upload gets its name */
    store->kind = own_kind(store);
    store->flight =
        turns_begin_flight(store->request->turns, store->kind, store->fd, &store->begun);
}

int begin_upload(struct store *store) {
    int result = refuse(store);
    if (result < 0)
        return result;
    store->taken = result > 0;
    int resumed = 0;
    if (store->base != STORE_NOTHING && store->request->may_resume)
        resumed = resume_begin(store);
    if (resumed < 0)
        return resumed;
    result = resumed ? begin_resumed(store) : begin_new(store);
    if (result == 0)
        result = set_group(store);
    if (result == 0)
        result = limits_reserve(store);
    if (result == 0)
        begin_flight(store);
    return result;
}
