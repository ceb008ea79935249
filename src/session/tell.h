/*
 * tell: logs transfers and changes of files.
 */
#ifndef STORD_TELL_H
#define STORD_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/path.h"
#include "log/event.h"
#include "store/notice.h"
#include "users/account.h"

struct digest_set;
struct session;

enum { TELL_PLACE_SIZE = 2 * PATH_SIZE + ACCOUNT_HOME_LIMIT }; /* of a path on the disk */

/* A transfer that has ended, however it ended. */
struct transfer {
    enum event event;    /* what it was, and how it ended */
    const char *what;    /* the same in words: "File uploaded" */
    const char *path;    /* virtual path */
    const char *verdict; /* one word for an upload; the reason for a download or listing */
    const char *pardon;  /* the option that would have accepted it; or NULL */
    int reply;           /* code of the reply to it; 0: the client is gone */
    const struct digest_set *digests; /* of the file, or NULL */
    uint64_t bytes;                   /* that were transferred */
    double seconds;                   /* that it took */
    bool is_file;                     /* else a listing */
    bool incoming;                    /* an upload */
    bool ascii;                       /* line ends were converted */
};

/* Where a virtual path is on the disk: in out, which is returned. */
const char *tell_place(const struct session *session, const char *path, char out[TELL_PLACE_SIZE]);

/* Logs a transfer, also in the xferlog and the transcript if there are any. */
void tell_transfer(const struct session *session, const struct transfer *transfer);

/* Puts the event for other programs together that tells of an upload which is about to end so.
 * Returns its length. */
size_t tell_notice(const struct session *session, const struct transfer *transfer,
                   const struct notice_facts *facts, char text[NOTICE_LIMIT]);

/* Logs that the event about the file of a virtual path cannot be written. */
void tell_lost(const struct session *session, const char *path, int error);

/* Logs what was done to the file of a virtual path. */
void tell_file(const struct session *session, enum event event, const char *what, const char *path);

/* Logs that a transfer had no data connection. reply: the code of the reply to the client. */
void tell_no_connection(const struct session *session, const char *path, const char *reason,
                        int reply);

/* Logs that an old file has made room for an upload. */
void tell_ousted(const struct session *session, const char *path, uint64_t bytes, uint64_t seconds);

/* Logs that a command was refused, as text says, with STORD_FILE if it means a file. verdict: of an
 * upload, or NULL. No text that may hold a password gets there. */
void tell_refused(const struct session *session, enum event event, const char *verdict, int reply,
                  const char *text);

/* Logs that the reserved folder in the root is another user's, if it is. */
void tell_foreign(const struct session *session);

/* Logs that a file has another name now. */
void tell_renamed(const struct session *session, const char *from, const char *to);

#endif
