#include "store/usage_change.h"

#include <errno.h>
#include <string.h>

/* Is that path out of a client's reach? */
static bool is_out_of_reach(int error) {
    return error == -ENOENT || error == -ENOTDIR || error == -ELOOP || error == -EACCES ||
           error == -ENAMETOOLONG;
}

/* Adds the file or folder of that path. */
static int add_file(const struct usage_change *change, const char *path, struct amount *held) {
    struct amount named = {.names = 1};
    struct stat st;
    int result = path_stat(change->usage->root, path, &st);
    if (result == 0 && S_ISREG(st.st_mode))
        named.bytes = (uint64_t)st.st_size;
    if (result == 0 && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
        *held = amount_add(*held, named);
    return is_out_of_reach(result) ? 0 : result;
}

static int add_name(const struct usage_change *change, const struct partial *name,
                    struct amount *held) {
    struct amount more;
    int result = partial_amount(name, &more);
    if (result < 0)
        return result;
    *held = amount_add(*held, more);
    return change->with_files ? add_file(change, name->path, held) : 0;
}

/* Is that name among those before it? */
static bool is_repeated(const struct usage_change *change, unsigned i) {
    for (unsigned j = 0; j < i; j++) {
        if (strcmp(change->names[j].path, change->names[i].path) == 0)
            return true;
    }
    return false;
}

static int measure(const struct usage_change *change, struct amount *ret_held) {
    int result = 0;
    *ret_held = (struct amount){0};
    for (unsigned i = 0; result == 0 && i < change->count; i++)
        result = is_repeated(change, i) ? 0 : add_name(change, &change->names[i], ret_held);
    return result;
}

int usage_change_begin(struct usage_change *change) {
    change->begun = change->error = 0;
    if (!usage_is_limited(change->usage))
        return 0;
    change->begun = usage_begin(change->usage);
    change->error = measure(change, &change->before);
    return change->begun < 0 ? change->begun : change->error;
}

int usage_change_check(const struct usage_change *change, struct amount more, struct amount less) {
    return change->begun < 0 ? change->begun : usage_check(change->usage, more, less);
}

void usage_change_end(struct usage_change *change) {
    struct amount after;
    if (!usage_is_limited(change->usage))
        return;
    if (change->error < 0 || measure(change, &after) < 0)
        usage_doubt(change->usage);
    else
        usage_end(change->usage, after, change->before);
}
