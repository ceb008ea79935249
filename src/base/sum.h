/*
 * sum: a fast checksum, for where a collision costs little. Pure.
 */
#ifndef STORD_SUM_H
#define STORD_SUM_H

#include <stddef.h>
#include <stdint.h>

/* Adds n bytes to a sum, begun with 0. How they are cut into pieces does not matter if each except
 * the last has a multiple of 8 bytes. */
uint64_t sum_add(uint64_t sum, const void *bytes, size_t n);

/* The same for a text, without its NUL, and for a number. */
uint64_t sum_add_text(uint64_t sum, const char *text);
uint64_t sum_add_number(uint64_t sum, uint64_t number);

#endif
