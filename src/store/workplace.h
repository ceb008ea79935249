/*
 * workplace: chooses the folder in which an upload is written until it is published.
 */
#ifndef STORD_WORKPLACE_H
#define STORD_WORKPLACE_H

#include "base/path.h"

/* Opens the reserved folder of the root, if files made there can be renamed to the target's folder
 * and are then as if they had been made in that: same mount, file system, project, group and access
 * control list. Else one in the target's folder, which is made again if it no longer fits. Returns
 * a descriptor, or `folder` itself if neither is possible: programs that watch it will see each
 * write. */
int workplace_open(const struct path_root *root, int folder);

/* Can files be renamed from one folder to the other? Returns 1, 0, or a negative errno. */
int workplace_is_near(int work, int folder);

#endif
