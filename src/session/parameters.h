/*
 * parameters: what a client has said about its transfers (RFC 959 section 4.1.2, RFC 3659 sections
 * 5.3 and 7.9), and how long that holds. Pure.
 */
#ifndef STORD_PARAMETERS_H
#define STORD_PARAMETERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/digest.h"

struct parameters {
    bool ascii;        /* representation type is A (else I) */
    bool type_given;   /* TYPE was sent; until then it is the default */
    bool allo_given;   /* ALLO announced a size for the next upload */
    bool allo_past;    /* another command has come since: it only says where inline data end */
    bool allo_refused; /* the last ALLO could not be parsed: it is not known where data would end */
    uint64_t allo;     /* the announced size in bytes */
    bool declared;     /* SITE SHA256 told the digest of the next upload, */
    uint8_t digest[DIGEST_SIZE]; /* which is this */
    uint64_t restart;            /* REST: bytes to skip in the next transfer */
    unsigned facts;              /* what MLST and MLSD show: bits of enum fact */
};

/* As after the greeting. ascii: the default type. */
void parameters_reset(struct parameters *parameters, bool ascii);

/* TYPE */
void parameters_set_type(struct parameters *parameters, bool ascii);

/* ALLO has come, and is not yet parsed. */
void parameters_doubt_size(struct parameters *parameters);

/* It announces so many bytes. */
void parameters_announce(struct parameters *parameters, uint64_t size);

/* REST */
void parameters_restart_at(struct parameters *parameters, uint64_t offset);

/* SITE SHA256: the digest of the next upload. NULL: it could not be parsed, and there is none. It
 * stays until that upload, whatever comes between: else what was declared would be stored
 * unchecked. */
void parameters_declare(struct parameters *parameters, const uint8_t *digest);

/* OPTS MLST: bits of enum fact */
void parameters_choose_facts(struct parameters *parameters, unsigned facts);

/* A command has been run that ends REST and ALLO: they are for the next transfer, and a command
 * that has nothing to do with one says that none comes. The size of ALLO stays for an inline
 * upload, because only ALLO says where that ends. by_upload: ends that, too, and what is declared.
 */
void parameters_spend(struct parameters *parameters, bool by_upload);

/* Tells whether a size is announced for the next upload, *ret_size bytes (else 0). is_inline: it
 * comes over the control connection. */
bool parameters_announced(const struct parameters *parameters, bool is_inline, uint64_t *ret_size);

#endif
