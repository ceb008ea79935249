/*
 * keeper: the gatekeeper's process. It serves one session, whose end it holds by a socket, one
 * question at a time.
 */
#ifndef STORD_KEEPER_H
#define STORD_KEEPER_H

#include "gate/gate.h"

/* An aide_work: answers the questions that come over fd, until its other end is closed. context: a
 * struct gate_setup. */
_Noreturn void keeper_run(const void *context, int fd);

#endif
