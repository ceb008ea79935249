/*
 * keeper: the gatekeeper's process. It serves one session, whose end it holds by a socket, one
 * question at a time.
 */
#ifndef STORD_KEEPER_H
#define STORD_KEEPER_H

#include "gate/gate.h"

/* Answers the questions that come over fd, until its other end is closed. */
_Noreturn void keeper_run(const struct gate_setup *setup, int fd);

#endif
