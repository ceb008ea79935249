/*
 * owner: to whom an interrupted upload or a quota's count belongs, as one part of a path.
 */
#ifndef STORD_OWNER_H
#define STORD_OWNER_H

#include "users/users.h"

struct peer;

/* The kind, "u." or "a.", and a name with every byte escaped. */
enum { OWNER_SIZE = 2 + 3 * USERS_NAME_LIMIT + 1 };

/* A user, by name. Letters, digits, "-" and "_" stay, the rest becomes %NN. */
void owner_of_user(const char *name, char ret_owner[OWNER_SIZE]);

/* A client without a name, by its address, or if that is not known by peer->text. */
void owner_of_peer(const struct peer *peer, char ret_owner[OWNER_SIZE]);

#endif
