/*
 * options: THE table of options. From it come reading them, --help, the list of the man page, and
 * the completion of bash and zsh.
 */
#ifndef STORD_CLIENT_OPTIONS_H
#define STORD_CLIENT_OPTIONS_H

#include <stdbool.h>

/* The options as they were given. What is text is checked by whoever uses it. */
struct options {
    const char *host, *port, *user; /* -h, -p, -u */
    const char *folder;             /* --dir */
    const char *name;
    const char *files_from, *outbox;
    const char *password_file;
    const char *bind, *program, *limit_rate;
    const char *ca, *pin, *certificate, *key;
    const char *temp; /* the prefix; NULL: no temporary names */
    const char *verify, *move_to, *progress;
    int retry, timeout, connect_timeout; /* times; s; s */
    bool make_folders, recursive, dereference;
    bool active, only4, only6, tls;
    bool times, delete_sent;
    bool verbose, quiet, json;
};

/* Reads the options; returns the index of the first argument that is none. Ends the program with 64
 * and a message if one is wrong, with 0 after --help and --version. */
int options_read(struct options *ret, int argc, char **argv);

/* Ends the program with 64 and a message: what is wrong, and why. */
_Noreturn void options_refuse(const char *what, const char *why);

#endif
