/*
 * admit: asks the gate whether an upload may get its name (--gate; src/gate).
 */
#ifndef STORD_ADMIT_H
#define STORD_ADMIT_H

#include <sys/stat.h>

#include "gate/gate.h"
#include "verbs/request.h"

/* What is being asked about an upload. */
struct admission {
    bool asked;
    struct stat file; /* as it was then */
    struct gate_answer answer;
};

/* Is the gate asked about this session's uploads? */
bool admit_asks(const struct session *session);

/* Asks, if there is a gate. All of the file is there, and is not written to any more. word: of the
 * verdict. The answer is waited for by admit_await; meanwhile the file may be synced. */
void admit_ask(struct session *session, const struct upload *upload, const char *word,
               struct admission *ret_admission);

/* Waits for the answer, and calls off what runs if the client, or a stop, does not. Returns 0 or
 * -ESHUTDOWN: we are to stop. Without a gate the answer is GATE_OPEN. */
int admit_await(struct session *session, const struct upload *upload, struct admission *admission);

/* It must not be published any more, whatever the answer is. */
void admit_call_off(const struct session *session, struct admission *admission);

#endif
