/*
 * value: the text of a setting -> its checked value.
 */
#ifndef STORD_VALUE_H
#define STORD_VALUE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct port_range {
    unsigned short first, last; /* both included */
};

/* An address that is told to clients. */
struct told {
    struct in_addr address; /* 0.0.0.0: our own */
    const char *name;       /* of the host whose address it is, still to be looked up; or NULL */
};

enum { VALUE_HOST_SIZE = 254 /* of the name of a host, with its NUL */ };

/* Room to be left on a disk. */
struct room {
    uint64_t bytes;   /* so many bytes, or */
    unsigned percent; /* so much of the file system, if this is not 0 */
};

/* Where to log. */
enum log_target {
    LOG_TARGET_AUTO,   /* chosen by what standard error is: see log_open */
    LOG_TARGET_STDERR, /* standard error, unless it is the client's connection */
    LOG_TARGET_SYSLOG,
    LOG_TARGET_JOURNAL
};

/* How much to log, or how urgent something is. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* What to do with an upload whose name is taken by a file. */
enum conflict {
    CONFLICT_REPLACE, /* that file is replaced */
    CONFLICT_RENAME,  /* both are kept: the new one gets another name */
    CONFLICT_REFUSE   /* that file stays, the upload is refused */
};

/* Events that are given to other programs. */
enum value_event {
    VALUE_UPLOADED = 1,
    VALUE_UPLOAD_FAILED = 2,
    VALUE_RENAMED = 4,
    VALUE_REMOVED = 8
};

/* Whether sessions are under TLS. */
enum tls_mode {
    TLS_AUTO,    /* TLS_ALLOW if there is a certificate, else TLS_OFF */
    TLS_OFF,     /* never */
    TLS_ALLOW,   /* after AUTH */
    TLS_REQUIRE, /* the same, and before it only AUTH is served; data connections, too */
    TLS_IMPLICIT /* from the first byte on; data connections, too */
};

#define VALUE_NO_MODE   ((mode_t)~0U) /* the umask decides */
#define VALUE_NO_GROUP  ((gid_t)~0U)  /* the system decides */
#define VALUE_UNLIMITED UINT64_MAX
#define VALUE_AUTO      (~0U) /* of a number: chosen by what is seen */

/* Checks text and stores its value at field, of the type below. Returns NULL, or what text should
 * have been. */
typedef const char *value_setter(void *field, const char *text);

value_setter value_folder;       /* const char *: text itself */
value_setter value_file;         /* the same */
value_setter value_user;         /* the same */
value_setter value_names;        /* the same: what names_open takes */
value_setter value_rights;       /* unsigned: bits of enum right */
value_setter value_log;          /* enum log_target */
value_setter value_log_level;    /* enum log_level */
value_setter value_log_format;   /* bool: JSON */
value_setter value_milliseconds; /* unsigned, 0 to 60000 */
value_setter value_vanish_wait;  /* the same, or VALUE_AUTO */
value_setter value_batch;        /* unsigned, 1 to 64 */
value_setter value_seconds;      /* unsigned, 1 to 86400 */
value_setter value_hours;        /* unsigned, 0 to 8760 */
value_setter value_type;         /* bool: ASCII */
value_setter value_ports;        /* struct port_range; "any" is 0-0 */
value_setter value_address;      /* struct told */
value_setter value_conflict;     /* enum conflict */
value_setter value_file_mode;    /* mode_t, 0 to 0777, or VALUE_NO_MODE */
value_setter value_dir_mode;     /* mode_t, 0 to 03777, or VALUE_NO_MODE */
value_setter value_group;        /* gid_t by name or number, or VALUE_NO_GROUP */
value_setter value_checksum;     /* unsigned: bits of 1 << enum digest_kind */
value_setter value_limit;        /* uint64_t: bytes, or VALUE_UNLIMITED */
value_setter value_room;         /* struct room */
value_setter value_append;       /* bool: copy */
value_setter value_gate_time;    /* unsigned: seconds, 1 to 3600 */
value_setter value_gate_failure; /* bool: publish */
value_setter value_events;       /* unsigned: bits of enum value_event */
value_setter value_tries;        /* unsigned, 1 to 1000; none is 0 */
value_setter value_tls;          /* enum tls_mode */
value_setter value_flag;         /* bool: yes or no */

/* The words for them. */
const char *value_conflict_word(enum conflict conflict);
const char *value_tls_word(enum tls_mode mode);

#endif
