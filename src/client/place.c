#include "client/place.h"

#include <stdio.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

static bool has_left(const struct control *control) {
    return control->reply.code < 0 || control->reply.code == 421;
}

static bool enter(struct control *control, const char *folder) {
    return control_ask(control, "CWD %s", folder) / 100 == 2 && control->reply.code > 0;
}

/* Goes down level by level, and makes those that are missing. */
static bool make_way(struct control *control, const char *folder) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof(path), "%s", folder);
    if (*path == '/' && !enter(control, "/"))
        return false;
    char *rest = path, *level;
    while ((level = strsep(&rest, "/"))) {
        if (*level == '\0' || enter(control, level))
            continue;
        if (has_left(control))
            return false;
        int code = control_ask(control, "MKD %s", level);
        /* 5yz may mean that somebody else was faster. */
        if (code < 0 || (code / 100 != 2 && code / 100 != 5) || !enter(control, level))
            return false;
    }
    return true;
}

bool place_enter(struct control *control, const char *folder, bool make, struct failure *failure) {
    if (strlen(folder) < PATH_SIZE &&
        (enter(control, folder) || (make && !has_left(control) && make_way(control, folder))))
        return true;
    char before[64];
    (void)snprintf(before, sizeof(before), "folder %.40s: ", folder);
    control_explain(control, failure, before);
    return false;
}

/* Tells whether the folder is there: goes there and back. */
static bool is_there(struct control *control, const char *folder) {
    char back[PATH_SIZE];
    if (control_ask(control, "PWD") != 257 || !reply_path(control_answer(control), back, PATH_SIZE))
        return false;
    return enter(control, folder) && enter(control, back);
}

bool place_make(struct control *control, const char *folder, struct failure *failure) {
    int code = control_ask(control, "MKD %s", folder);
    if (code > 0 && code / 100 == 2)
        return true;
    control_explain(control, failure, "MKD: ");
    return code > 0 && code / 100 == 5 && is_there(control, folder);
}
