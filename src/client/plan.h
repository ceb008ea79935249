/*
 * plan: all that is to be sent, and under which names, found out before anything is sent: files,
 * folders as trees, lists of names.
 */
#ifndef STORD_CLIENT_PLAN_H
#define STORD_CLIENT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "client/job.h"
#include "client/options.h"

struct plan {
    struct job *jobs; /* folders before what is in them; files as they were named */
    size_t count, room;
    size_t files;  /* jobs that are files */
    int status;    /* the exit status so far: that of the first failure; 0 */
    size_t next;   /* no job before this one is waiting */
    size_t unsent; /* what an outbox keeps: somebody writes it, or it cannot be sent */
};

/* Reads arguments and lists. name: that of the only file, or NULL. What is wrong with the command
 * line ends the program (64): two sources of one target, a name that cannot be sent. What is wrong
 * with a source is in its job (error), or has been told, and is in status. */
void plan_make(struct plan *plan, const struct options *options, const char *name, char **arguments,
               int count);

/* The next job that is waiting, or NULL. */
struct job *plan_next(struct plan *plan);

/* Puts a job that was begun back to those that are waiting. */
void plan_put_back(struct plan *plan, struct job *job);

/* Notes an exit status, if it is the first one. */
void plan_note(struct plan *plan, int status);

void plan_free(struct plan *plan);

#endif
