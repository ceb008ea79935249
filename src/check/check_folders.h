/*
 * check_folders: what handler --check finds out about the root and what is in it.
 */
#ifndef STORD_CHECK_FOLDERS_H
#define STORD_CHECK_FOLDERS_H

struct check;

/* Opens the root. The others do nothing where that failed. */
void check_root(struct check *check);

/* The reserved folder: is it ours, or can it be made? */
void check_unfinished(struct check *check);

/* The homes: can they be used, or made, by whoever uploads to them? */
void check_homes(struct check *check);

/* The files that sessions add to: xferlog and transcript. */
void check_side_files(struct check *check);

#endif
