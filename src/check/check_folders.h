/*
 * check_folders: handler --check: the root and what is in it, and the side files.
 */
#ifndef STORD_CHECK_FOLDERS_H
#define STORD_CHECK_FOLDERS_H

struct check;

/* Opens the root. If that fails, check_unfinished and check_homes do nothing. */
void check_root(struct check *check);

/* The reserved folder: is it ours, or can it be made? */
void check_unfinished(struct check *check);

/* The folder of events, if any are wanted. */
void check_events(struct check *check);

/* The gate's program. */
void check_gate(struct check *check);

/* The homes: can they be written to, or made? */
void check_homes(struct check *check);

/* The side files: xferlog and transcript. */
void check_side_files(struct check *check);

#endif
