/*
 * config: the settings of a session, from the command line and the environment.
 *
 * Each setting is one row of one table (config.c): long option, default, check, help. Its
 * environment twin is derived: --log-level is STORD_LOG_LEVEL. The command line wins.
 * A flag has no value on the command line, and yes or no in the environment.
 */
#ifndef STORD_CONFIG_H
#define STORD_CONFIG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/rights.h"
#include "base/value.h"

enum config_outcome {
    CONFIG_SERVE,      /* the settings are good: serve a session */
    CONFIG_HELP,       /* --help was asked for */
    CONFIG_VERSION,    /* --version was asked for */
    CONFIG_CHECK,      /* --check was asked for, and the settings are good as far as they go */
    CONFIG_HASH,       /* --hash was asked for */
    CONFIG_LIST_USERS, /* --list-users was asked for, and the settings are good */
    CONFIG_RECOUNT,    /* --recount was asked for, and the settings are good */
    CONFIG_METRICS,    /* --metrics was asked for, and the settings are good */
    CONFIG_DELIVER,    /* --deliver was asked for, and the settings are good */
    CONFIG_USAGE,      /* the command line is wrong (EX_USAGE) */
    CONFIG_BAD         /* the environment is wrong, or TLS lacks a file (EX_CONFIG) */
};

enum { CONFIG_MOST = 64 /* options */ };

struct config {
    enum config_outcome wanted; /* what was asked for, even if the settings are bad */
    const char *root;           /* folder that uploads go to */
    const char *users;          /* users file, or the systemd credential; NULL: none */
    enum tls_mode tls;          /* never TLS_AUTO once config_load has run */
    const char *tls_cert;       /* its certificate, */
    const char *tls_key;        /* and key: files, or systemd credentials; NULL: none */
    const char *tls_client_ca;  /* who signs client certificates; NULL: none are asked for */
    bool tls_require_reuse;     /* data connections resume the control connection's session */
    bool tls_lenient_close;     /* uploads may end without close_notify */
    bool lenient_close;         /* clients may close the control connection before the reply */
    bool anonymous;             /* strangers may log in as anonymous */
    bool local;                 /* without a users file, clients on this machine need no login */
    unsigned allow;             /* what sessions may do: bits of enum right */
    enum log_target log;        /* where to log */
    enum log_level log_level;   /* how much to log */
    bool log_json;              /* lines on standard error are JSON */
    unsigned unterminated_wait; /* ms of silence that end a command without line end; 0: never */
    bool default_ascii;         /* representation type until TYPE is sent */
    struct port_range passive_ports; /* where data connections are listened for; 0-0: anywhere */
    struct told passive_address;     /* what PASV tells instead of our own address */
    unsigned login_timeout;          /* s a client may take to log in */
    unsigned idle_timeout;           /* s a client may think between commands */
    unsigned connect_timeout;        /* s to wait for a data connection */
    unsigned stall_timeout;          /* s a transfer may stand still */
    unsigned vanish_wait;            /* ms after the data in which a killed client is noticed */
    unsigned resume_hours;           /* h that an interrupted upload is kept; 0: never */
    enum conflict conflict;          /* what to do if the name is taken */
    mode_t file_mode;                /* of uploads, or VALUE_NO_MODE */
    mode_t dir_mode;                 /* of folders, or VALUE_NO_MODE */
    gid_t group;                     /* of both, or VALUE_NO_GROUP */
    uint64_t max_file_size;          /* bytes an upload may have, or VALUE_UNLIMITED */
    uint64_t hash_max;               /* bytes of a file that is read for HASH, or the same */
    struct room min_free;            /* room that uploads leave on the disk */
    const char *names_from;          /* how names that are not UTF-8 are read: see names_open */
    const char *gate;                /* program that decides about uploads, or NULL */
    char *const *program;            /* of --deliver: it and its arguments, or NULL */
    const char *user;                /* the system user to become if started as root */
    unsigned gate_time;              /* s that it may take */
    unsigned checksum;               /* digests of uploads: bits of 1 << enum digest_kind */
    unsigned events;                 /* that are given to other programs: enum value_event */
    unsigned deliver_hours;          /* h after which one that cannot be delivered is given up, */
    unsigned tries;                  /* or how often it is tried; 0: no matter how often */
    unsigned batch_files;            /* inline uploads that are synced together, */
    unsigned batch_time;             /* and ms that the first of them waits, at most */
    bool copies;                     /* appending copies the file, and replaces it */
    bool gate_failure_publishes;     /* if the gate fails, else uploads are kept for later */
    bool batch;                      /* one run of the program gets all events that are due */
    bool no_sync;                    /* nothing waits for the disk */
    bool no_data_connections;        /* uploads come over the control connection only */
    bool require_confinement;        /* do not serve if the kernel cannot confine us */
    bool check;                      /* the environment asks for --check; never a session */
    bool process_title;              /* show in the process list what sessions do */
    bool retired;                    /* where former options are stored */
    const char *xferlog;             /* file that gets wu-ftpd's log of transfers; NULL: none */
    const char *transcript;          /* folder that gets a transcript of each session; NULL: none */
    const char *metrics_file;        /* file in which sessions count; NULL: none */
    bool given[CONFIG_MOST];         /* which options were */
};

enum { CONFIG_ERROR_SIZE = 512 };

/* Reads defaults, then the environment, then the arguments into *ret_config, whose strings point
 * into those; the users file and what TLS needs are found once, here. With CONFIG_USAGE and
 * CONFIG_BAD, error holds the exact complaint, and of *ret_config only `wanted` and `check` are
 * set; the rest are the defaults. */
enum config_outcome config_load(struct config *ret_config, int argc, char *const *argv,
                                char *const *environment, char error[CONFIG_ERROR_SIZE]);

/* Tells whether the option of that name was given, as an argument or in the environment. */
bool config_has(const struct config *config, const char *name);

/* Tells whether root is the default one, which is created if it is missing. */
bool config_root_is_default(const struct config *config);

/* Tells whether the user to become is the default one. */
bool config_user_is_default(const struct config *config);

/* Prints the help text, whose option list comes from the table. */
void config_print_help(FILE *to);

#endif
