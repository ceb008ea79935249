#include "session/parameters.h"

#include <string.h>

#include "session/facts.h"

void parameters_reset(struct parameters *parameters, bool ascii) {
    *parameters = (struct parameters){.ascii = ascii, .facts = FACTS_ALL};
}

void parameters_set_type(struct parameters *parameters, bool ascii) {
    parameters->ascii = ascii;
    parameters->type_given = true;
}

void parameters_doubt_size(struct parameters *parameters) {
    parameters->allo_given = false;
    parameters->allo_refused = true;
}

void parameters_announce(struct parameters *parameters, uint64_t size) {
    parameters->allo = size;
    parameters->allo_given = true;
    parameters->allo_refused = parameters->allo_past = false;
}

void parameters_restart_at(struct parameters *parameters, uint64_t offset) {
    parameters->restart = offset;
}

void parameters_declare(struct parameters *parameters, const uint8_t *digest) {
    parameters->declared = digest != NULL;
    if (digest)
        memcpy(parameters->digest, digest, sizeof(parameters->digest));
}

void parameters_choose_facts(struct parameters *parameters, unsigned facts) {
    parameters->facts = facts;
}

void parameters_spend(struct parameters *parameters, bool by_upload) {
    parameters->restart = 0;
    parameters->allo_past = true;
    if (by_upload)
        parameters->allo_given = parameters->allo_refused = parameters->declared = false;
}

bool parameters_announced(const struct parameters *parameters, bool is_inline, uint64_t *ret_size) {
    bool is_announced = parameters->allo_given && (is_inline || !parameters->allo_past);
    *ret_size = is_announced ? parameters->allo : 0;
    return is_announced;
}
