#include "verbs/retr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "session/reply.h"
#include "session/session.h"
#include "session/view.h"
#include "store/ascii.h"
#include "verbs/send.h"

enum { TEXT_SIZE = 32 << 10 };

static const char failed[] = "Failed to send file";

/* A file on its way to the client. */
struct retr {
    char path[PATH_SIZE];        /* virtual path */
    int fd;                      /* the file */
    uint64_t offset;             /* type I: first byte to send */
    uint64_t size;               /* of the file when it was opened */
    uint64_t taken;              /* type A: bytes read so far */
    struct ascii ascii;          /* type A: conversion across pieces */
    size_t start;                /* type A: first byte in text to send */
    size_t end;                  /* type A: after the last byte in text */
    uint8_t text[2 * TEXT_SIZE]; /* type A: a piece of the file, converted */
};

/* Bytes of the open file, without those that are just being added. */
static uint64_t settled_size(const struct session *session, const char *path,
                             const struct stat *st) {
    struct stat settled;
    uint64_t version;
    bool same = view_file_stat(session, path, &settled, &version) == 0 &&
                settled.st_ino == st->st_ino && settled.st_dev == st->st_dev;
    return (uint64_t)(same ? settled.st_size : st->st_size);
}

/* Opens the plain file of a name. O_NONBLOCK: a FIFO would wait for its writer. */
static int open_file(const struct session *session, struct retr *retr, const char *name) {
    struct partial_found partial;
    struct stat st;
    int result = path_resolve(session->place.cwd, name, retr->path);
    if (result == 0)
        result = view_is_partial(session, retr->path, NULL, &partial);
    if (result > 0)
        result = -PATH_UNFINISHED;
    if (result < 0)
        return result;
    retr->fd = path_open(&session->who.root, retr->path, O_RDONLY | O_NONBLOCK, 0);
    if (retr->fd < 0)
        return retr->fd == -ENODEV ? -ENXIO : retr->fd;
    if (fstat(retr->fd, &st) < 0)
        result = -errno;
    else if (!S_ISREG(st.st_mode))
        result = S_ISDIR(st.st_mode) ? -EISDIR : -ENXIO;
    if (result < 0)
        (void)close(retr->fd);
    else
        retr->size = settled_size(session, retr->path, &st);
    return result;
}

/* Converts the next piece of the file. Returns its length, 0 at the end, or a negative errno. */
static int next_text(struct retr *retr) {
    uint8_t raw[TEXT_SIZE];
    uint64_t left = retr->size - retr->taken;
    ssize_t n;
    do
        n = read(retr->fd, raw, left < sizeof(raw) ? (size_t)left : sizeof(raw));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    retr->taken += (uint64_t)n;
    retr->start = 0;
    retr->end = ascii_to_network(&retr->ascii, raw, (size_t)n, retr->text);
    return (int)retr->end;
}

/* Finds the restart point in the converted text. Returns 0, -ERANGE if it is past the end, or
 * another negative errno. */
static int skip_text(struct retr *retr, uint64_t n) {
    while (n > retr->end - retr->start) {
        n -= retr->end - retr->start;
        int result = next_text(retr);
        if (result <= 0)
            return result < 0 ? result : -ERANGE;
    }
    retr->start += (size_t)n;
    return 0;
}

static int send_text(struct sender *sender, void *context) {
    struct retr *retr = context;
    int result;
    do {
        result = send_bytes(sender, retr->text + retr->start, retr->end - retr->start);
        if (result == 0)
            result = next_text(retr);
    } while (result > 0);
    return result;
}

static int send_image(struct sender *sender, void *context) {
    const struct retr *retr = context;
    return send_file(sender, retr->fd, (off_t)retr->offset, retr->size - retr->offset);
}

/* Goes to the restart point. Returns 0, -ERANGE past the end of the file, or another negative
 * errno. */
static int restart(struct retr *retr, bool ascii, uint64_t from) {
    if (ascii)
        return skip_text(retr, from);
    retr->offset = from;
    return from > retr->size ? -ERANGE : 0;
}

static int transfer(struct session *session, struct retr *retr) {
    char note[40] = ""; /* where clients look for the number of bytes that will come */
    if (!session->parameters.ascii)
        (void)snprintf(note, sizeof(note), " (%llu bytes)",
                       (unsigned long long)(retr->size - retr->offset));
    const struct send_source source = {
        .path = retr->path,
        .what = "file",
        .size = session->parameters.ascii ? 0 : retr->size - retr->offset,
        .event = EVENT_SENT,
        .note = note,
        .produce = session->parameters.ascii ? send_text : send_image,
        .context = retr};
    return send_transfer(session, &source);
}

int verb_retr(struct session *session, const char *argument) {
    static struct retr retr; /* static only for its size */
    uint64_t from = session->parameters.restart;
    int result = send_refuse(session);
    if (result != 0)
        return result < 0 ? result : 0;
    retr.start = retr.end = 0;
    retr.offset = retr.taken = 0;
    retr.ascii = (struct ascii){0};
    result = open_file(session, &retr, argument);
    if (result < 0)
        return reply_failure(session, 550, failed, result);
    result = restart(&retr, session->parameters.ascii, from);
    if (result == 0)
        result = transfer(session, &retr);
    else
        result = reply_failure(session, result == -ERANGE ? 554 : 550, failed, result);
    (void)close(retr.fd);
    return result;
}
