#include "client/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "client/say.h"

/* A folder on the way down. */
struct level {
    const struct level *above;
    dev_t device;
    ino_t inode;
};

struct walk {
    struct tree_rules rules;
    tree_visitor *visit;
    void *context;
    int status;
    size_t skipped;
};

static void complain(struct walk *walk, const char *path, int error) {
    say_error("%s: %s", path, strerror(error));
    walk->status = EX_NOINPUT;
}

/* By bytes, whatever the language. */
static int compare(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool is_itself(const char *name) {
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static bool is_above(const struct level *level, const struct stat *st) {
    for (; level; level = level->above)
        if (level->device == st->st_dev && level->inode == st->st_ino)
            return true;
    return false;
}

static void walk_folder(struct walk *walk, const struct level *above, const char *path,
                        const char *target);

static void skip(struct walk *walk, const char *path, mode_t mode) {
    say_error("%s: skipped: %s", path,
              S_ISLNK(mode) ? "a symbolic link (-L would follow it)" : "not a plain file");
    walk->skipped++;
}

/* One entry of a folder. */
static void walk_entry(struct walk *walk, const struct level *above, const char *path,
                       const char *target) {
    struct stat st;
    if ((walk->rules.follow ? stat(path, &st) : lstat(path, &st)) < 0)
        complain(walk, path, errno);
    else if (S_ISREG(st.st_mode))
        walk->visit(walk->context, &st, path, target);
    else if (S_ISDIR(st.st_mode) && is_above(above, &st))
        complain(walk, path, ELOOP);
    else if (S_ISDIR(st.st_mode))
        walk_folder(walk, above, path, target);
    else
        skip(walk, path, st.st_mode);
}

static void walk_named(struct walk *walk, const struct level *level, const char *path,
                       const char *target, const char *name) {
    char *inner = NULL, *inner_target = NULL;
    size_t length = strlen(path);
    const char *slash = length > 0 && path[length - 1] == '/' ? "" : "/";
    if (is_itself(name) || (*name == '.' && !walk->rules.hidden))
        return;
    if (asprintf(&inner, "%s%s%s", path, slash, name) < 0 ||
        asprintf(&inner_target, "%s%s%s", target, *target ? "/" : "", name) < 0)
        complain(walk, path, ENOMEM);
    else
        walk_entry(walk, level, inner, inner_target);
    free(inner);
    free(inner_target);
}

static void walk_folder(struct walk *walk, const struct level *above, const char *path,
                        const char *target) {
    struct dirent **names;
    struct stat st;
    int count = stat(path, &st) < 0 ? -1 : scandir(path, &names, NULL, compare);
    if (count < 0) {
        complain(walk, path, errno);
        return;
    }
    struct level level = {.above = above, .device = st.st_dev, .inode = st.st_ino};
    if (*target)
        walk->visit(walk->context, &st, path, target);
    for (int i = 0; i < count; i++) {
        walk_named(walk, &level, path, target, names[i]->d_name);
        free(names[i]);
    }
    free(names);
}

int tree_walk(const char *path, const char *target, struct tree_rules rules, tree_visitor *visit,
              void *context, size_t *ret_skipped) {
    struct walk walk = {.rules = rules, .visit = visit, .context = context};
    walk_folder(&walk, NULL, path, target);
    *ret_skipped = walk.skipped;
    return walk.status;
}
