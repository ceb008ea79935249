#include "session/own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/sum.h"

/*
 * The tree is a treap: sorted by path from left to right, and by a random rank from top to bottom,
 * so that its shape does not depend on the order in which paths come, which is the client's choice.
 */

/* Where the entry of that path hangs, or an empty place. */
static struct own_entry **find(struct own *own, const char *path) {
    struct own_entry **at = &own->tree;
    int order;
    while (*at && (order = strcmp((*at)->path, path)) != 0)
        at = order < 0 ? &(*at)->right : &(*at)->left;
    return at;
}

/* Cuts a tree in two: what sorts before path, and the rest. */
static void split(struct own_entry *tree, const char *path, struct own_entry **ret_left,
                  struct own_entry **ret_right) {
    while (tree) {
        if (strcmp(tree->path, path) < 0) {
            *ret_left = tree;
            ret_left = &tree->right;
            tree = tree->right;
        } else {
            *ret_right = tree;
            ret_right = &tree->left;
            tree = tree->left;
        }
    }
    *ret_left = *ret_right = NULL;
}

/* Makes one tree of two; all of left sorts before all of right. */
static struct own_entry *merge(struct own_entry *left, struct own_entry *right) {
    struct own_entry *tree, **at = &tree;
    while (left && right) {
        if (left->rank > right->rank) {
            *at = left;
            at = &left->right;
            left = left->right;
        } else {
            *at = right;
            at = &right->left;
            right = right->left;
        }
    }
    *at = left ? left : right;
    return tree;
}

/* Puts in an entry whose path is not there. */
static void hang(struct own *own, struct own_entry *entry) {
    struct own_entry **at = &own->tree;
    while (*at && (*at)->rank >= entry->rank)
        at = strcmp((*at)->path, entry->path) < 0 ? &(*at)->right : &(*at)->left;
    split(*at, entry->path, &entry->left, &entry->right);
    *at = entry;
}

/* The first entry that does not sort before path, or NULL. */
static struct own_entry *first_from(const struct own *own, const char *path) {
    struct own_entry *first = NULL, *at = own->tree;
    while (at) {
        bool before = strcmp(at->path, path) < 0;
        first = before ? first : at;
        at = before ? at->right : at->left;
    }
    return first;
}

/* Puts the entry into the list, newer than that one; NULL: it is the oldest. */
static void enlist(struct own *own, struct own_entry *entry, struct own_entry *older) {
    entry->older = older;
    entry->newer = older ? older->newer : own->oldest;
    *(older ? &older->newer : &own->oldest) = entry;
    *(entry->newer ? &entry->newer->older : &own->newest) = entry;
}

static void delist(struct own *own, const struct own_entry *entry) {
    *(entry->older ? &entry->older->newer : &own->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &own->newest) = entry->older;
}

/* Bytes of its paths. */
static size_t size_of(const struct own_entry *entry) {
    return strlen(entry->path) + 1 + (entry->real ? strlen(entry->real) + 1 : 0);
}

static void forget(struct own *own, struct own_entry *entry) {
    *find(own, entry->path) = merge(entry->left, entry->right);
    delist(own, entry);
    own->bytes -= size_of(entry);
    own->count--;
    free(entry);
}

/* Forgets the oldest, until there are not too many. */
static void keep_limits(struct own *own) {
    struct own_entry *entry = own->oldest, *newer;
    for (; entry && (own->count > OWN_LIMIT || own->bytes > OWN_BYTES); entry = newer) {
        newer = entry->newer;
        forget(own, entry);
        own->forgot = true;
    }
}

/* A number that no client can know. */
static uint64_t next_rank(struct own *own) {
    if (own->rank == 0 && getrandom(&own->rank, sizeof(own->rank), GRND_NONBLOCK) < 0)
        own->rank = 0; /* only slower, if a client cares for that */
    own->rank = sum_add_number(own->rank, own->count);
    return own->rank;
}

/* An entry that is nowhere yet. Its paths are start and end, one after the other; real_end: NULL if
 * it has no other path. NULL: out of memory. */
static struct own_entry *make_entry(const char *start, const char *end, const char *real_start,
                                    const char *real_end) {
    size_t path = strlen(start) + strlen(end) + 1;
    size_t real = real_end ? strlen(real_start) + strlen(real_end) + 1 : 0;
    struct own_entry *entry = malloc(sizeof(*entry) + path + real);
    if (!entry)
        return NULL;
    *entry = (struct own_entry){.path = entry->text, .real = real_end ? entry->text + path : NULL};
    (void)stpcpy(stpcpy(entry->text, start), end);
    if (real_end)
        (void)stpcpy(stpcpy(entry->text + path, real_start), real_end);
    return entry;
}

/* The paths in a folder that got a longer name can become too long to be used. */
static bool is_usable(const struct own_entry *entry) {
    return strlen(entry->path) < PATH_SIZE && (!entry->real || strlen(entry->real) < PATH_SIZE);
}

/* Takes over an entry that is in the list, in place of what has its path. */
static void put_in(struct own *own, struct own_entry *entry) {
    own_forget(own, entry->path);
    entry->rank = next_rank(own);
    hang(own, entry);
    own->count++;
    own->bytes += size_of(entry);
    keep_limits(own);
}

int own_remember(struct own *own, const char *path, const char *real, const struct path_id *id) {
    struct own_entry *entry = make_entry(path, "", "", real);
    if (!entry)
        return -ENOMEM;
    entry->id = *id;
    enlist(own, entry, own->newest);
    put_in(own, entry);
    return 0;
}

const struct own_entry *own_find(const struct own *own, const char *path) {
    const struct own_entry *entry = first_from(own, path);
    return entry && strcmp(entry->path, path) == 0 ? entry : NULL;
}

void own_forget(struct own *own, const char *path) {
    struct own_entry *entry = *find(own, path);
    if (entry)
        forget(own, entry);
}

void own_forget_all(struct own *own) {
    for (struct own_entry *entry = own->oldest, *newer; entry; entry = newer) {
        newer = entry->newer;
        free(entry);
    }
    *own = (struct own){0};
}

static bool is_within(const char *path, const char *folder, size_t length) {
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

/* Gives the entry a new name, and its age. n: bytes of its path that `to` replaces. */
static int rename_entry(struct own *own, struct own_entry *old, size_t n, const char *to,
                        const char *real) {
    const char *end = old->path + n;
    bool inside = *end != '\0';
    struct own_entry *moved = make_entry(to, end, inside ? to : "",
                                         !inside     ? real
                                         : old->real ? old->real + n
                                                     : NULL);
    if (moved) {
        moved->id = old->id;
        enlist(own, moved, old);
    }
    own_forget(own, old->path);
    if (!moved)
        return -ENOMEM;
    if (is_usable(moved)) {
        put_in(own, moved);
    } else {
        delist(own, moved);
        free(moved);
    }
    return 0;
}

int own_move(struct own *own, const char *from, const char *to, const char *real) {
    size_t n = strlen(from);
    int result = 0;
    struct own_entry *entry = *find(own, from);
    if (is_within(to, from, n))
        return 0; /* no folder can be moved there */
    if (entry)
        result = rename_entry(own, entry, n, to, real);
    if (strcmp(from, to) == 0)
        return result;
    struct own_entry *inside = make_entry(from, "/", "", NULL);
    if (!inside)
        return -ENOMEM;
    while (result == 0 && (entry = first_from(own, inside->path)) &&
           is_within(entry->path, from, n))
        result = rename_entry(own, entry, n, to, NULL);
    free(inside);
    return result;
}

struct walk {
    const char *folder;
    size_t length; /* bytes that paths in it begin with, before the slash */
    int (*call)(void *context, const char *name);
    void *context;
};

static int tell(const struct walk *walk, const char *path) {
    const char *slash = path + walk->length;
    bool directly = *slash == '/' && slash[1] && !strchr(slash + 1, '/');
    return directly ? walk->call(walk->context, slash + 1) : 0;
}

/* Tells of what is in the folder, in this tree. */
static int walk_tree(const struct walk *walk, const struct own_entry *at) {
    if (!at)
        return 0;
    int side = strncmp(at->path, walk->folder, walk->length);
    int result = side >= 0 ? walk_tree(walk, at->left) : 0;
    if (result == 0 && side == 0)
        result = tell(walk, at->path);
    return result == 0 && side <= 0 ? walk_tree(walk, at->right) : result;
}

int own_each(const struct own *own, const char *folder,
             int (*call)(void *context, const char *name), void *context) {
    const struct walk walk = {.folder = folder,
                              .length = folder[1] ? strlen(folder) : 0,
                              .call = call,
                              .context = context};
    return walk_tree(&walk, own->tree);
}

int own_each_by_age(const struct own *own,
                    int (*call)(void *context, const struct own_entry *entry), void *context) {
    int result = 0;
    for (const struct own_entry *entry = own->oldest; entry && result == 0; entry = entry->newer)
        result = call(context, entry);
    return result;
}
