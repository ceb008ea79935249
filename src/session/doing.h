/*
 * doing: what a session shows of itself in the process list (--process-title): who is on, and what
 * is being transferred, as in "stord: acme 192.0.2.7 STOR report.pdf 41%".
 */
#ifndef STORD_DOING_H
#define STORD_DOING_H

#include <stddef.h>
#include <stdint.h>

struct session;

struct doing {
    size_t who;     /* how long the beginning is, which says who is on; 0: nothing is shown */
    size_t what;    /* and how long with what is being transferred */
    uint64_t total; /* bytes that will come; 0: not known */
    uint64_t next;  /* bytes at which the number that is shown changes */
    uint64_t step;  /* and how many later again */
};

/* At the beginning, and after a login: shows who is on. */
void doing_begin(struct session *session);

/* A transfer begins: the command that is being run. total: bytes that will come, 0: not known. */
void doing_transfer(struct session *session, uint64_t total);

/* Shows how much of it has come. */
void doing_count(struct session *session);

/* It is over. */
void doing_end(struct session *session);

/* So many bytes have come so far: shows that if it is time. */
static inline void doing_move(struct session *session, const struct doing *doing, uint64_t moved) {
    if (moved >= doing->next)
        doing_count(session);
}

#endif
