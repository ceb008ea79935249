#include "session/truth.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "log/event.h"
#include "log/json_read.h"
#include "store/addition.h"

enum { NAME_SIZE = 32 };

static bool is_event(const char *name, enum event event) {
    return strcmp(name, event_kinds[event].name) == 0;
}

/* Looks at the file of that path, without bytes that are to be taken back. */
static int look(const struct truth *truth, const char *path, struct stat *ret_st) {
    const char *name;
    uint64_t version;
    int folder = path_open_parent(truth->root, path, &name);
    if (folder < 0)
        return folder;
    int result = addition_look(truth->root, truth->boot, folder, name, ret_st, &version);
    (void)close(folder);
    return result;
}

enum notice_fate truth_judge(void *context, const char *text) {
    const struct truth *truth = context;
    char event[NAME_SIZE], path[PATH_SIZE];
    struct stat st;
    if (!json_text(text, "event", event, sizeof(event)) ||
        !json_text(text, "path", path, sizeof(path)) || path[0] != '/')
        return NOTICE_UNTRUE;
    if (is_event(event, EVENT_UPLOAD_FAILED))
        return NOTICE_TRUE;
    int result = look(truth, path, &st);
    if (is_event(event, EVENT_REMOVED))
        return result == -ENOENT ? NOTICE_TRUE : NOTICE_UNTRUE;
    bool is_there = result == 0 && st.st_ino == json_number(text, "inode") &&
                    (!S_ISREG(st.st_mode) || (uint64_t)st.st_size >= json_number(text, "size"));
    return is_there ? NOTICE_TRUE : NOTICE_UNTRUE;
}
