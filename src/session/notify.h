/*
 * notify: what the events for other programs (--events) say of a session.
 */
#ifndef STORD_NOTIFY_H
#define STORD_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "log/event.h"
#include "log/log.h"
#include "store/notice.h"

struct session;

/* What one tells of. */
struct notify_about {
    enum event event;
    const struct log_facts *facts; /* as in the log */
    const char *path;              /* virtual path of the file */
    const char *from;              /* its former path on the disk, or NULL */
    const char *text;              /* what the log says */
};

/* Are such events given to other programs? */
bool notify_wants(const struct session *session, enum event event);

/* Puts the line of one together, about a file that is known by its inode, or 0. Returns its length.
 */
size_t notify_compose(const struct session *session, const struct notify_about *about,
                      const struct notice_facts *facts, char text[NOTICE_LIMIT]);

/* Such a thing has happened: writes the event, durably, if it is wanted. Returns 0, or a negative
 * errno if it cannot be written. */
int notify_of(const struct session *session, const struct notify_about *about);

#endif
