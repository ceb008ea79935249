/*
 * parameters: what a client has said about its transfers (RFC 959 section 4.1.2, RFC 3659 sections
 * 5.3 and 7.9), and how long that holds. Pure.
 */
#ifndef STORD_PARAMETERS_H
#define STORD_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

struct parameters {
    bool ascii;        /* representation type is A (else I) */
    bool type_given;   /* by TYPE; until then it is the default */
    bool allo_given;   /* ALLO announced a size for the next upload */
    bool allo_past;    /* another command has come since: it tells only where inline data end */
    bool allo_refused; /* the last ALLO could not be read: where data would end is not known */
    uint64_t allo;     /* the announced size in bytes */
    uint64_t restart;  /* REST: bytes of the next transfer to leave out */
    unsigned facts;    /* what MLST and MLSD tell: bits of enum fact */
};

/* As after the greeting. ascii: the default type. */
void parameters_reset(struct parameters *parameters, bool ascii);

/* TYPE */
void parameters_set_type(struct parameters *parameters, bool ascii);

/* ALLO has come: what it announces is not known yet, */
void parameters_doubt_size(struct parameters *parameters);

/* and is known to be so many bytes. */
void parameters_announce(struct parameters *parameters, uint64_t size);

/* REST */
void parameters_restart_at(struct parameters *parameters, uint64_t offset);

/* OPTS MLST: bits of enum fact */
void parameters_choose_facts(struct parameters *parameters, unsigned facts);

/* A command has been run that ends what REST and ALLO were for: they are for the transfer that
 * comes next, and what has nothing to do with one says that none comes. Only where a file follows
 * on the control connection nothing but ALLO tells where it ends, so there it stays until an
 * upload. */
void parameters_spend(struct parameters *parameters, bool by_upload);

/* How many bytes the next upload announces: returns whether it does. is_inline: it comes over the
 * control connection. */
bool parameters_announced(const struct parameters *parameters, bool is_inline, uint64_t *ret_size);

#endif
