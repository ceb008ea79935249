/*
 * owner: whose an interrupted upload or the use of a quota is, as one part of a path.
 */
#ifndef STORD_OWNER_H
#define STORD_OWNER_H

#include "users/users.h"

struct peer;

/* Room for what tells the kinds apart, "u." or "a.", and a name with every byte escaped. */
enum { OWNER_SIZE = 2 + 3 * USERS_NAME_LIMIT + 1 };

/* A user, by name. Letters, digits, "-" and "_" stay, the rest is escaped. */
void owner_of_user(const char *name, char ret_owner[OWNER_SIZE]);

/* A client without a name, by its address; where that is not known, by what stands in for it in the
 * log. */
void owner_of_peer(const struct peer *peer, char ret_owner[OWNER_SIZE]);

#endif
