#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* What takes long is how often paths are compared. */
static unsigned long steps;
static int counted(const char *a, const char *b) {
    steps++;
    return strcmp(a, b);
}
#define strcmp counted
#include "session/own.c"
#undef strcmp

#include "check.h"

static struct own own;

static int add(const char *path) {
    struct path_id id = {.inode = strlen(path)};
    return own_remember(&own, path, NULL, &id);
}

struct seen {
    char names[256];
    int most;
};

static int see(void *context, const char *name) {
    struct seen *seen = context;
    (void)strcat(strcat(seen->names, name), " ");
    return --seen->most == 0 ? 7 : 0;
}

static const char *in_folder(const char *folder) {
    static struct seen seen;
    seen = (struct seen){.most = -1};
    CHECK(own_each(&own, folder, see, &seen) == 0);
    return seen.names;
}

static void finds(void) {
    CHECK(add("/b") == 0 && add("/a") == 0 && add("/c") == 0 && add("/b") == 0);
    CHECK(own.count == 3);
    CHECK(own_find(&own, "/a") && own_find(&own, "/b") && own_find(&own, "/c"));
    CHECK(!own_find(&own, "/") && !own_find(&own, "/bb") && !own_find(&own, "/d"));
    own_forget(&own, "/b");
    own_forget(&own, "/nothing");
    CHECK(own.count == 2 && !own_find(&own, "/b") && own_find(&own, "/c")->id.inode == 2);
    own_forget_all(&own);
    CHECK(own.count == 0 && !own_find(&own, "/a"));
}

static void lists(void) {
    CHECK(add("/d/x") == 0 && add("/d-e") == 0 && add("/d") == 0 && add("/d/y/z") == 0);
    CHECK(add("/d/w") == 0 && add("/d0") == 0 && add("/e") == 0);
    CHECK(strcmp(in_folder("/"), "d d-e d0 e ") == 0);
    CHECK(strcmp(in_folder("/d"), "w x ") == 0);
    CHECK(strcmp(in_folder("/d/y"), "z ") == 0);
    CHECK(strcmp(in_folder("/e"), "") == 0);
    struct seen seen = {.most = 2};
    CHECK(own_each(&own, "/", see, &seen) == 7 && strcmp(seen.names, "d d-e ") == 0);
    own_forget_all(&own);
}

static void moves(void) {
    const struct path_id id = {.inode = 5};
    CHECK(own_remember(&own, "/x", "/x-1", &id) == 0 && add("/y") == 0);
    CHECK(own_move(&own, "/x", "/y", NULL) == 0);
    CHECK(own.count == 1 && own_find(&own, "/y")->id.inode == 5 && !own_find(&own, "/y")->real);
    CHECK(own_move(&own, "/y", "/z", "/z-2") == 0);
    CHECK(strcmp(own_find(&own, "/z")->real, "/z-2") == 0);
    CHECK(own_move(&own, "/nothing", "/z", NULL) == 0 && own.count == 1);
    own_forget_all(&own);
    /* a folder takes along what is in it, and nothing beside it */
    CHECK(add("/a") == 0 && add("/a/b") == 0 && add("/a/c/d") == 0 && add("/a-b") == 0);
    CHECK(own_remember(&own, "/a/e", "/a/e-3", &id) == 0);
    CHECK(own_move(&own, "/a", "/new/name", NULL) == 0);
    CHECK(own.count == 5 && own_find(&own, "/a-b") && own_find(&own, "/new/name"));
    CHECK(own_find(&own, "/new/name/b") && own_find(&own, "/new/name/c/d"));
    CHECK(strcmp(own_find(&own, "/new/name/e")->real, "/new/name/e-3") == 0);
    CHECK(!own_find(&own, "/a") && !own_find(&own, "/a/b"));
    own_forget_all(&own);
}

/* What is left of a folder that a consumer took away, and names that cannot be. */
static void moves_into_itself(void) {
    CHECK(add("/a") == 0 && add("/a/b") == 0);
    CHECK(own_move(&own, "/a", "/a", NULL) == 0 && own.count == 2);
    CHECK(own_move(&own, "/a", "/a/b", NULL) == 0 && own.count == 2);
    own_forget_all(&own);
}

/* A path that gets too long is forgotten: nobody could use it. */
static void forgets_what_is_too_long(void) {
    static char path[PATH_SIZE], real[PATH_SIZE];
    const struct path_id id = {.inode = 5};
    (void)memset(path, 'x', sizeof(path) - 1);
    (void)memcpy(path, "/a/", 3);
    (void)memcpy(real, path, sizeof(real));
    path[PATH_SIZE - 3] = '\0';
    CHECK(own_remember(&own, path, real, &id) == 0 && own.count == 1);
    CHECK(own_move(&own, "/a", "/ab", NULL) == 0 && own.count == 0);
    own_forget_all(&own);
}

static void forgets_the_oldest(void) {
    char path[32];
    int result = 0;
    for (int i = 0; i < OWN_LIMIT && result == 0; i++) {
        (void)snprintf(path, sizeof(path), "/%d", i);
        result = add(path);
    }
    CHECK(result == 0 && own.count == OWN_LIMIT && !own.forgot);
    CHECK(add("/0") == 0 && own.count == OWN_LIMIT && !own.forgot); /* it is the newest now */
    CHECK(add("/one more") == 0 && own.count == OWN_LIMIT && own.forgot);
    CHECK(own_find(&own, "/one more") && own_find(&own, "/0") && !own_find(&own, "/1"));
    CHECK(own_find(&own, "/2"));
    CHECK(own_move(&own, "/10000", "/moved", NULL) == 0 && own_find(&own, "/moved"));
    for (int i = 0; i < OWN_LIMIT / 10 && result == 0; i++) {
        (void)snprintf(path, sizeof(path), "/more/%d", i);
        result = add(path);
    }
    CHECK(result == 0 && own.count == OWN_LIMIT);
    CHECK(!own_find(&own, "/moved") && own_find(&own, "/10002")); /* as old as before */
    own_forget_all(&own);
    CHECK(!own.forgot && own.bytes == 0);
}

/* The path of one of many uploads, in an order of names that a client might choose. */
static const char *path_of(unsigned i, unsigned order) {
    static char path[32];
    const unsigned names[] = {i, 1000000U - i, i * 2654435761U};
    (void)snprintf(path, sizeof(path), "/folder/%010u", names[order]);
    return path;
}

/* Uploads that many. Returns how many steps one of them took. */
static unsigned long add_some(unsigned first, unsigned n, unsigned order) {
    int result = 0;
    steps = 0;
    for (unsigned i = first; i < first + n && result == 0; i++)
        result = add(path_of(i, order));
    CHECK(result == 0);
    return steps / n;
}

static void does_not_slow(void) {
    for (unsigned order = 0; order < 3; order++) {
        (void)add_some(0, OWN_LIMIT + 2000, order);
        size_t memory = mallinfo2().uordblks;
        (void)add_some(OWN_LIMIT + 2000, OWN_LIMIT - 3000, order);
        unsigned long many = add_some(2 * OWN_LIMIT - 1000, 1000, order);
        CHECK(many < 200); /* 12 to 27 at first, 35 to 71 now, as the tree happens to be */
        CHECK(mallinfo2().uordblks <= memory + memory / 100);
        CHECK(own.count == OWN_LIMIT && !own_find(&own, path_of(OWN_LIMIT - 1, order)));
        CHECK(own_find(&own, path_of(OWN_LIMIT, order)));
        own_forget_all(&own);
    }
}

static unsigned long names_seen;

static int see_name(void *context, const char *name) {
    (void)context;
    names_seen += *name != '\0';
    return 0;
}

/* Many files, and a folder with few: the others are not looked at. */
static void lists_and_moves_without_the_rest(void) {
    (void)add_some(0, 50000, 2);
    CHECK(add("/few/a") == 0 && add("/few/b") == 0);
    names_seen = steps = 0;
    CHECK(own_each(&own, "/folder", see_name, NULL) == 0 && names_seen == 50000);
    CHECK(own_move(&own, "/few", "/new", NULL) == 0 && steps < 2000);
    CHECK(strcmp(in_folder("/new"), "a b ") == 0 && strcmp(in_folder("/few"), "") == 0);
    own_forget_all(&own);
}

/* Files with paths that are as long as can be. */
static void has_a_limit_of_bytes(void) {
    static char path[PATH_SIZE], real[PATH_SIZE];
    const struct path_id id = {.inode = 5};
    (void)memset(path, 'x', sizeof(path) - 1);
    (void)memset(real, 'y', sizeof(real) - 1);
    for (int i = 0; i < 2 * OWN_BYTES / (2 * PATH_SIZE); i++) {
        (void)snprintf(path, 10, "/%08u", (unsigned)i % 10000U);
        path[9] = 'x';
        CHECK(own_remember(&own, path, real, &id) == 0);
        CHECK(own.bytes <= OWN_BYTES && own_find(&own, path));
    }
    CHECK(own.count > OWN_BYTES / (2 * PATH_SIZE) / 10 * 9 && own.forgot);
    /* also when a folder gets a longer name */
    own_forget_all(&own);
    for (int i = 0; i < 5000; i++) {
        (void)snprintf(path, sizeof(path), "/d/%d", i);
        CHECK(add(path) == 0);
    }
    (void)memset(real, 'y', sizeof(real) - 1);
    real[0] = '/';
    real[PATH_SIZE - 10] = '\0';
    CHECK(own_move(&own, "/d", real, NULL) == 0);
    CHECK(own.bytes <= OWN_BYTES && own.forgot && own.count > 0);
    own_forget_all(&own);
}

static int note_path(void *context, const struct own_entry *entry) {
    (void)strcat(strcat(context, entry->path), " ");
    return 0;
}

static void tells_by_age(void) {
    char paths[64] = "";
    CHECK(add("/b") == 0 && add("/c") == 0 && add("/a") == 0 && add("/b") == 0);
    CHECK(own_each_by_age(&own, note_path, paths) == 0 && strcmp(paths, "/c /a /b ") == 0);
    own_forget_all(&own);
    CHECK(own_each_by_age(&own, note_path, paths) == 0 && strcmp(paths, "/c /a /b ") == 0);
}

/* A plain list, the newest last, in which all is looked for from the beginning. */
static struct {
    char path[16];
    ino_t inode;
} model[64];
static size_t model_count;

static void model_forget(const char *path) {
    for (size_t i = 0; i < model_count; i++) {
        if (strcmp(model[i].path, path) != 0)
            continue;
        model_count--;
        memmove(&model[i], &model[i + 1], (model_count - i) * sizeof(model[0]));
        return;
    }
}

static int is_next(void *context, const struct own_entry *entry) {
    size_t *at = context;
    bool same = *at < model_count && strcmp(model[*at].path, entry->path) == 0 &&
                model[*at].inode == entry->id.inode;
    (*at)++;
    return same ? 0 : -1;
}

/* Sorted, each smaller than what follows, and ranks fall. */
static void is_sound(const struct own_entry *entry, const char **last) {
    if (!entry)
        return;
    CHECK((!entry->left || entry->left->rank <= entry->rank) &&
          (!entry->right || entry->right->rank <= entry->rank));
    is_sound(entry->left, last);
    CHECK(!*last || strcmp(*last, entry->path) < 0);
    *last = entry->path;
    is_sound(entry->right, last);
}

static void does_what_a_plain_list_does(void) {
    unsigned random = 1;
    for (unsigned i = 1; i < 50000; i++) {
        char path[16];
        random = random * 1103515245U + 12345U;
        (void)snprintf(path, sizeof(path), "/%c/%c", 'a' + (int)(random >> 16 & 7),
                       'a' + (int)(random >> 20 & 7));
        model_forget(path);
        if (random >> 24 & 1) {
            const struct path_id id = {.inode = i};
            CHECK(own_remember(&own, path, NULL, &id) == 0);
            memcpy(model[model_count].path, path, sizeof(path));
            model[model_count++].inode = i;
        } else {
            own_forget(&own, path);
        }
        size_t at = 0;
        const char *last = NULL;
        CHECK(own_each_by_age(&own, is_next, &at) == 0 && at == model_count);
        is_sound(own.tree, &last);
        CHECK(own.count == model_count);
    }
    own_forget_all(&own);
}

int main(void) {
    check_run("own: what is remembered is found, until it is forgotten", finds);
    check_run("own: what is in a folder is listed", lists);
    check_run("own: what is moved is found under its new name", moves);
    check_run("own: nothing is moved into itself", moves_into_itself);
    check_run("own: what is too long is forgotten", forgets_what_is_too_long);
    check_run("own: of too many, the oldest are forgotten", forgets_the_oldest);
    check_run("own: the 200,000th upload takes no longer than the 2,000th, and no memory",
              does_not_slow);
    check_run("own: what is in another folder is not looked at", lists_and_moves_without_the_rest);
    check_run("own: there is a limit of bytes", has_a_limit_of_bytes);
    check_run("own: what there is is told by its age", tells_by_age);
    check_run("own: it does what a plain list does", does_what_a_plain_list_does);
    return check_end();
}
