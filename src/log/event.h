/*
 * event: THE table of what is logged: one kind of event, one row. The journal's catalog,
 * units/stord.catalog, says what each means to an operator.
 */
#ifndef STORD_EVENT_H
#define STORD_EVENT_H

#include "base/value.h"

enum event {
    /* The session */
    EVENT_ACCEPTED,
    EVENT_NO_CLIENT,
    EVENT_CLOSED,
    EVENT_TIMED_OUT,
    EVENT_STOPPED,
    EVENT_NOT_FTP,
    EVENT_COMMAND,
    EVENT_CLIENT_SAYS,
    EVENT_HALF_COMMAND,
    EVENT_INLINE_ENDED,
    EVENT_REFUSED,
    EVENT_NOT_PERMITTED,
    EVENT_FOREIGN_FOLDER,
    EVENT_FAULT,

    /* Its start */
    EVENT_CANNOT_START,
    EVENT_SERVING_AS_ROOT,
    EVENT_NO_LIBSYSTEMD,
    EVENT_LOG_MOVED,
    EVENT_NOT_SYNCED,
    EVENT_NOT_CONFINED,
    EVENT_CONFINEMENT_REFUSED,
    EVENT_RECORD_BROKEN,

    /* Logins */
    EVENT_LOGGED_IN,
    EVENT_LOGIN_FAILED,
    EVENT_LOGIN_REFUSED,
    EVENT_NO_USERS,
    EVENT_USERS_BROKEN,
    EVENT_LOGIN_BROKEN,
    EVENT_HOME_BROKEN,
    EVENT_OWN_UNKNOWN,

    /* TLS */
    EVENT_TLS_STARTED,
    EVENT_TLS_BROKEN,
    EVENT_TLS_DATA,
    EVENT_TLS_NOT_RESUMED,
    EVENT_TLS_INJECTED,
    EVENT_CERTIFICATE_ENDS,

    /* Files */
    EVENT_UPLOADED,
    EVENT_UPLOAD_FAILED,
    EVENT_UPLOAD_REFUSED,
    EVENT_GATE_SAYS,
    EVENT_GATE_BROKEN,
    EVENT_KEPT,
    EVENT_NOT_KEPT,
    EVENT_DEFAULT_TYPE,
    EVENT_SENT,
    EVENT_LISTED,
    EVENT_SEND_FAILED,
    EVENT_NO_DATA_CONNECTION,
    EVENT_PORT_UNUSED,
    EVENT_DATA_REFUSED,
    EVENT_NO_PORT,
    EVENT_ADDRESS_UNKNOWN,
    EVENT_DIRECTORY_MADE,
    EVENT_REMOVED,
    EVENT_RENAMED,
    EVENT_OUSTED,
    EVENT_QUOTA_EXCEEDED,
    EVENT_QUOTA_COUNTED,

    /* Events for other programs */
    EVENT_NOTICE_LOST,
    EVENT_DELIVERED,
    EVENT_DELIVER_SAYS,
    EVENT_NOT_DELIVERED,
    EVENT_GIVEN_UP,
    EVENT_DELIVER_BROKEN,

    EVENT_KINDS
};

struct event_kind {
    char name[23]; /* in logs that programs read */
    unsigned char level;
    char message_id[33]; /* 128 bits in hexadecimal, see sd-id128(3): never changed, never reused */
};

extern const struct event_kind event_kinds[EVENT_KINDS];

#endif
