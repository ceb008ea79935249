/*
 * order: what file systems promise of the order in which changes come to the disk. A part of store.
 */
#ifndef STORD_ORDER_H
#define STORD_ORDER_H

#include <stdbool.h>

/* Does the file system of an open file or folder bring changes of names and lengths to the disk in
 * their order? Then one that is synced has all before it on the disk, too. Not btrfs, which brings
 * a synced file to the disk ahead of other changes. */
bool order_is_kept(int fd);

#endif
