#include "verbs/naming.h"

#include <stdio.h>
#include <string.h>

#include "session/reply.h"
#include "session/session.h"

void naming_update(struct upload *upload) {
    char *name = strrchr(upload->path, '/') + 1;
    size_t room = sizeof(upload->path) - (size_t)(name - upload->path);
    (void)snprintf(name, room, "%s", upload->store.name);
}

void naming_note(const struct session *session, struct upload *upload) {
    bool other = strcmp(upload->store.name, upload->request.name) != 0;
    if (upload->request.unique || (other && who_sees(&session->who)))
        upload->tells_name = true;
}

int naming_reply(struct session *session, const struct upload *upload, int code, const char *text) {
    if (!upload->tells_name)
        return reply_send(session, code, "%s", text);
    size_t cwd = session->place.cwd[1] ? strlen(session->place.cwd) : 0;
    int folder = (int)(strrchr(upload->path, '/') + 1 - upload->path);
    if ((size_t)folder == cwd + 1 && memcmp(upload->path, session->place.cwd, cwd) == 0)
        folder = 0;
    const char *path = upload->path, *name = upload->store.name;
    if (code == 150)
        return reply_send(session, code, "FILE: %.*s%s", folder, path, name);
    /* The words in brackets are what Perl's Net::FTP looks for */
    return reply_send(session, code, "%s (unique file name: %.*s%s), FILE: %.*s%s", text, folder,
                      path, name, folder, path, name);
}
