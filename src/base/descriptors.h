/*
 * descriptors: the fixed ones of a session (see start_tame).
 */
#ifndef STORD_DESCRIPTORS_H
#define STORD_DESCRIPTORS_H

enum {
    DESCRIPTOR_IN = 3,    /* what the client sends, */
    DESCRIPTOR_OUT = 4,   /* and what we answer: the control connection */
    DESCRIPTOR_OTHERS = 5 /* the first that is neither these nor 0, 1 and 2, which are the log's */
};

#endif
