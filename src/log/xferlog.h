/*
 * xferlog: the log of transfers that wu-ftpd writes, xferlog(5), for the programs that read it: one
 * line a transfer, 18 words with single blanks between them (two before a day below 10):
 *
 *   Mon Nov 23 07:41:02 2026 1 192.0.2.7 5 /srv/in/a_file b _ i r me ftp 0 * c
 *
 * Local time; seconds, at least 1; the client's host; bytes transferred; the file; a (ASCII) or b;
 * _; i (incoming) or o; a (anonymous) or r; the user, - if nobody has logged in; ftp; 0; *; c
 * (complete) or i (incomplete).
 */
#ifndef STORD_XFERLOG_H
#define STORD_XFERLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct log;

struct xferlog {
    int fd;
    bool broken; /* that a line could not be written has been logged */
};

/* A transfer that has ended. */
struct xferlog_entry {
    time_t time; /* when it ended */
    double seconds;
    const char *host; /* of the client, as one word */
    uint64_t bytes;
    const char *file; /* path on the disk */
    bool ascii, incoming, anonymous;
    const char *user; /* who is logged in, or NULL */
    bool complete;
};

/* Opens the file, and makes it if it is missing. Only a plain file will do: a FIFO or a device may
 * keep a session waiting. Returns 0 or a negative errno: -ENXIO if it is not one. */
int xferlog_open(struct xferlog *ret_xferlog, const char *file);

/* Adds a line by one write. If that fails, the log says so, once. */
void xferlog_add(struct xferlog *xferlog, const struct log *log, const struct xferlog_entry *entry);

#endif
