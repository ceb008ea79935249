#include "store/extend.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sum.h"
#include "store/addition.h"
#include "store/copy.h"
#include "store/limits.h"
#include "store/notice.h"
#include "store/stage.h"
#include "store/store.h"

enum {
    LOCK_TIME = 5000,    /* ms to wait for a program that has locked the file */
    PIECE_SIZE = 1 << 23 /* bytes to write at once; a multiple of 8, see sum_add */
};

/* Looks at what has the name. Returns 0 for a file that may be extended, or a negative errno. */
static int look(const struct store *store, struct stat *ret_st) {
    if (fstatat(store->folder, store->name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    if (S_ISREG(ret_st->st_mode))
        return store->request->may_extend ? 0 : -EEXIST;
    return S_ISDIR(ret_st->st_mode) ? -EISDIR : -ENXIO;
}

/* May the file be written to, or at least be read, to be copied? */
static int check_access(const struct store *store) {
    bool possible = faccessat(store->folder, store->name, W_OK, AT_EACCESS) == 0 ||
                    faccessat(store->folder, store->name, R_OK, AT_EACCESS) == 0;
    return possible ? 0 : -errno;
}

int extend_begin(struct store *store) {
    const struct store_request *request = store->request;
    struct stat st;
    if (!request->may_extend) { /* it was to resume a partial, which is gone: a new file */
        store->base = STORE_NOTHING;
        store->on_conflict = request->on_conflict;
        return 0;
    }
    int result = store->taken ? look(store, &st) : -ENOENT;
    if (result == 0) {
        store->before = (uint64_t)st.st_size;
        result = check_access(store);
    }
    if (result == 0 && store->before > request->most)
        result = -EFBIG;
    if (result < 0 && result != -ENOENT)
        return result;
    store->limit = store->most = request->most - store->before;
    store->adds = true;
    return 0;
}

/* ---------------------------------------------------------------- in place */

/* Bytes on their way into a file. */
struct adding {
    struct store *store;
    int file; /* open for reading and appending */
    struct entry_facts facts;
    struct stat old; /* the file before */
    uint64_t end;    /* offset after our last byte in it; 0: none are there */
};

/* Does something with n bytes of the record. Returns 0 or a negative errno. */
typedef int use_bytes(struct adding *adding, const uint8_t *bytes, size_t n);

/* Reads n bytes of the record. */
static int read_piece(const struct adding *adding, uint8_t *bytes, size_t n, uint64_t from) {
    for (size_t got = 0; got < n;) {
        ssize_t done = pread(adding->store->fd, bytes + got, n - got, (off_t)(from + got));
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        got += (size_t)done;
    }
    return 0;
}

/* Calls `use` with the record, in large pieces: each is written at once, so that no program on this
 * machine sees, or writes into, the middle of it. */
static int each_piece(struct adding *adding, use_bytes *use) {
    const int protection = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;
    uint64_t more = adding->facts.more;
    size_t room = more < PIECE_SIZE ? (size_t)more + (more == 0) : PIECE_SIZE;
    uint8_t *bytes = mmap(NULL, room, protection, flags, -1, 0);
    if (bytes == MAP_FAILED)
        return -errno;
    int result = 0;
    for (uint64_t done = 0; done < more && result == 0;) {
        size_t n = more - done < room ? (size_t)(more - done) : room;
        result = read_piece(adding, bytes, n, done);
        if (result == 0)
            result = use(adding, bytes, n);
        done += n;
    }
    (void)munmap(bytes, room);
    return result;
}

static int sum_up(struct adding *adding, const uint8_t *bytes, size_t n) {
    adding->facts.sum = sum_add(adding->facts.sum, bytes, n);
    return 0;
}

/* Appends n bytes. If a program on this machine has written in between, they are no longer one
 * record, and cannot be taken back without its bytes: -EIO. */
static int append(struct adding *adding, const uint8_t *bytes, size_t n) {
    while (n > 0) {
        ssize_t done = write(adding->file, bytes, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? -errno : -EIO;
        uint64_t now = (uint64_t)lseek(adding->file, 0, SEEK_CUR);
        bool follows = adding->end == 0 || now == adding->end + (uint64_t)done;
        adding->end = now;
        if (!follows)
            return -EIO;
        bytes += done;
        n -= (size_t)done;
    }
    return 0;
}

/* Does the file still have the name? A program that took it away before all bytes were in it would
 * have a part of them. */
static int check_name(const struct adding *adding) {
    struct stat st;
    if (fstatat(adding->store->folder, adding->store->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? -EBUSY : -errno;
    bool same = st.st_ino == adding->old.st_ino && st.st_dev == adding->old.st_dev;
    return same ? 0 : -EBUSY;
}

/* Takes the bytes back, as far as they are there. If a program has written before or after them,
 * they stay. */
static void take_back(const struct adding *adding) {
    struct addition *addition = adding->store->request->addition;
    const struct entry_facts *facts = &adding->facts;
    struct stat st;
    int result = fstat(adding->file, &st) < 0 ? -errno : 0;
    uint64_t size = result == 0 ? (uint64_t)st.st_size : 0;
    bool ours = size == adding->end && size <= facts->length + facts->more;
    if (size > facts->length && ours)
        result = addition_cut(adding->file, facts, adding->store->request->no_sync);
    if (result < 0 || addition_end(addition) < 0)
        addition_give_up(addition);
}

/* Would the file get another group or mode? */
static bool wants_group(const struct store_request *request, const struct stat *st) {
    return request->group != VALUE_NO_GROUP && request->group != st->st_gid;
}

static bool wants_mode(const struct store_request *request, const struct stat *st) {
    return request->mode != VALUE_NO_MODE && request->mode != (st->st_mode & 07777);
}

/* The group first, because that may clear bits of the mode. */
static int dress(const struct adding *adding) {
    const struct store_request *request = adding->store->request;
    const struct stat *old = &adding->old;
    bool group = wants_group(request, old);
    if (group && fchown(adding->file, (uid_t)-1, request->group) < 0)
        return -errno;
    bool mode = wants_mode(request, old) || (group && request->mode != VALUE_NO_MODE);
    return mode && fchmod(adding->file, request->mode) < 0 ? -errno : 0;
}

/* Writes the bytes, within the quota, or takes back what was written. */
static int write_within(struct adding *adding) {
    const struct amount none = {0}, more = {.bytes = adding->facts.more};
    const struct store *store = adding->store;
    struct usage_change change;
    int result = limits_begin_change(store, &change);
    if (result == 0)
        result = usage_change_check(&change, more, change.before);
    if (result == -USAGE_EXCEEDED)
        adding->store->lack = usage_lack(change.usage, more, change.before);
    if (result < 0) {
        usage_end(change.usage, none, none);
        (void)addition_end(store->request->addition);
        return result;
    }
    result = each_piece(adding, append);
    if (result == 0)
        result = check_name(adding);
    if (result == 0)
        result = dress(adding);
    if (result < 0)
        take_back(adding);
    usage_end(change.usage, result == 0 ? more : none, none);
    return result;
}

/* Shows the event: once the addition has ended, so that nobody takes back what it tells of. */
static int tell(const struct store *store) {
    struct notice *notice = store->request->notice;
    bool also;
    int result = notice_show(notice);
    if (result == 0 && notice)
        result = notices_sync(notice->notices, store->folder, &also);
    if (result == 0)
        notice_end(notice);
    return result;
}

static int write_and_sync(struct adding *adding) {
    const struct store_request *request = adding->store->request;
    int result = addition_begin(request->addition, &adding->facts, adding->file);
    if (result < 0) {
        (void)addition_end(request->addition);
        return result;
    }
    result = write_within(adding);
    if (result < 0)
        return result;
    if (!request->no_sync)
        result = path_sync(adding->file);
    if (result == 0)
        result = addition_end(request->addition);
    if (result == 0)
        result = tell(adding->store);
    if (result == 0)
        return 0;
    take_back(adding);
    (void)usage_begin(request->usage);
    usage_doubt(request->usage);
    return result;
}

/* How long is the file, and how long may it become? */
static int measure(struct adding *adding) {
    struct store *store = adding->store;
    if (fstat(adding->file, &adding->old) < 0)
        return -errno;
    adding->facts.length = (uint64_t)adding->old.st_size;
    adding->facts.more = store->written;
    adding->facts.seconds = adding->old.st_mtim.tv_sec;
    adding->facts.rest = adding->old.st_mtim.tv_nsec;
    if (adding->facts.more > store->request->most ||
        adding->facts.length > store->request->most - adding->facts.more)
        return -EFBIG;
    int result = limits_check_room(store, 0);
    return result < 0 ? result : each_piece(adding, sum_up);
}

/* Locks the open file. Waits for programs that have locked it, but not for long: then they keep the
 * old file, and a copy replaces it. */
static int lock(const struct adding *adding) {
    int result = turn_lock_file(adding->file, F_WRLCK, LOCK_TIME, adding->store->request->stop);
    if (result == -TURN_BUSY)
        return -EOPNOTSUPP;
    return result == -EOPNOTSUPP || result == -ENOLCK ? 0 : result;
}

static int add_to(struct adding *adding) {
    const struct store_request *request = adding->store->request;
    struct stat st;
    if (fstat(adding->file, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        return -EOPNOTSUPP;
    int result = lock(adding);
    if (result == 0)
        result = addition_open(request->addition, adding->store->folder, adding->store->name,
                               adding->file, request->stop);
    if (result < 0)
        return result == -EPERM || result == -EACCES ? -EOPNOTSUPP : result;
    result = measure(adding);
    if (result == 0)
        result = check_name(adding);
    if (result == 0)
        result = notice_correct(request->notice, adding->store->name, adding->old.st_ino,
                                adding->facts.length + adding->facts.more);
    if (result < 0) {
        (void)addition_end(request->addition);
        return result;
    }
    return write_and_sync(adding);
}

/* To such a file (chattr +a) bytes can be added, but not taken back. */
static bool is_append_only(const struct store *store) {
    struct statx st;
    return statx(store->folder, store->name, AT_SYMLINK_NOFOLLOW, 0, &st) == 0 &&
           st.stx_attributes & STATX_ATTR_APPEND;
}

/* Asked before the file is opened: programs that watch it would see it closed. */
static bool can_be_added_to(const struct store *store, const struct stat *st) {
    const struct store_request *request = store->request;
    bool dresses = wants_group(request, st) || wants_mode(request, st);
    struct stat root, folder; /* the device of a file system other than the root's may change */
    return !request->copies && store->may_add_in_place && st->st_nlink == 1 &&
           (!dresses || st->st_uid == geteuid()) && fstat(request->partial.root->fd, &root) == 0 &&
           fstat(store->folder, &folder) == 0 && root.st_dev == folder.st_dev &&
           !is_append_only(store);
}

/* May the file not be written to? EAGAIN: a program has a lease on it (Samba). */
static bool is_reserved(int error) {
    return error == EACCES || error == EPERM || error == ETXTBSY || error == EAGAIN;
}

/* Returns 0, -EOPNOTSUPP if the file has to be copied, or another negative errno. */
static int add_in_place(struct store *store, const struct stat *st) {
    const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    struct adding adding = {.store = store};
    if (!can_be_added_to(store, st))
        return -EOPNOTSUPP;
    adding.file = openat(store->folder, store->name, flags);
    if (adding.file < 0)
        return is_reserved(errno) ? -EOPNOTSUPP : -errno;
    int result = add_to(&adding);
    if (result == 0) {
        struct stat now;
        if (store->request->summed && fstat(adding.file, &now) == 0)
            store->changed = now.st_mtim;
        store->old = adding.old;
        (void)path_identify_open(adding.file, &store->id);
        store->old_id = store->id;
    }
    (void)close(adding.file);
    return result;
}

/* ---------------------------------------------------------------- a copy */

/* Copies the file, and adds the bytes. */
static int fill_copy(struct store *store, int old, uint64_t size) {
    uint64_t more = store->written;
    if (lseek(store->record, 0, SEEK_SET) < 0)
        return -errno;
    if (more > store->request->most || size > store->request->most - more)
        return -EFBIG;
    int result = limits_check_room(store, size + more);
    if (result == 0 && old >= 0)
        result = copy_file(old, store->fd, size, store->request->stop);
    if (result == 0)
        result = copy_file(store->record, store->fd, more, store->request->stop);
    store->kept = size;
    if (result == 0 && old >= 0 && fchmod(store->fd, store->old.st_mode & 0777) < 0)
        result = -errno;
    return result;
}

/* Puts the received bytes aside, for the copy. */
static void put_aside(struct store *store) {
    if (store->temp[0])
        (void)unlinkat(store->work, store->temp, 0);
    store->temp[0] = '\0';
    store->record = store->fd;
    store->record_unnamed = store->unnamed;
    store->fd = -1;
}

static int make_copy(struct store *store, struct stat *st) {
    const struct store_request *request = store->request;
    int old = -1;
    if (st) { /* without bytes of a session that died */
        uint64_t version;
        int looked = addition_look(request->partial.root, request->addition->boot, store->folder,
                                   store->name, st, &version);
        if (looked < 0)
            return looked == -ENOENT ? -EBUSY : looked;
        old = openat(store->folder, store->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (old < 0 || fstat(old, &store->old) < 0) {
            int error = errno == ENOENT ? -EBUSY : -errno;
            if (old >= 0)
                (void)close(old);
            return error;
        }
        (void)path_identify_open(old, &store->old_id);
    }
    put_aside(store);
    int result = stage_open(store, false);
    if (result == 0 && request->group != VALUE_NO_GROUP &&
        fchown(store->fd, (uid_t)-1, request->group) < 0)
        result = -errno;
    if (result == 0)
        result = fill_copy(store, old, st ? (uint64_t)st->st_size : 0);
    if (old >= 0)
        (void)close(old);
    if (result < 0)
        extend_end(store, EXTENDED_COPY);
    return result;
}

int extend(struct store *store, enum extended *ret_how) {
    struct stat st;
    int result = look(store, &st);
    if (result == -ENOENT) {
        store->old.st_nlink = 0;
        bool can_be_named = store->unnamed || store->temp[0];
        *ret_how = can_be_named ? NOTHING_TO_EXTEND : EXTENDED_COPY;
        return can_be_named ? 0 : make_copy(store, NULL);
    }
    if (result < 0)
        return result;
    *ret_how = EXTENDED;
    result = add_in_place(store, &st);
    if (result != -EOPNOTSUPP)
        return result;
    *ret_how = EXTENDED_COPY;
    return make_copy(store, &st);
}

void extend_end(struct store *store, enum extended how) {
    if (how != EXTENDED_COPY || store->record < 0)
        return;
    stage_drop(store);
    store->fd = store->record;
    store->unnamed = store->record_unnamed;
    store->record = -1;
    store->kept = 0;
}
