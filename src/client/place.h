/*
 * place: folders of the server.
 */
#ifndef STORD_CLIENT_PLACE_H
#define STORD_CLIENT_PLACE_H

#include <stdbool.h>

#include "client/control.h"

/* Goes to a folder (CWD): a path from the current one on, or from the root. make: makes what is
 * missing of it. False: see the failure. */
bool place_enter(struct control *control, const char *folder, bool make, struct failure *failure);

/* Makes a folder, from the current one on, unless it is there. False: see the failure; the session
 * may have been left in another folder, and is to be closed. */
bool place_make(struct control *control, const char *folder, struct failure *failure);

#endif
