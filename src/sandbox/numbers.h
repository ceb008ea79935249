/*
 * numbers: on 32-bit machines, calls with an offset, an owner or a time have a second form with
 * more bits, which the C library uses. Here it gets the name that it has on 64-bit machines, so
 * that the table of calls has one row for all machines; the first form is not allowed.
 */
#ifndef STORD_NUMBERS_H
#define STORD_NUMBERS_H

#include <sys/syscall.h>

#define NUMBERS_OF_32_BITS (__SIZEOF_LONG__ == 4)

#if NUMBERS_OF_32_BITS
#undef SYS_mmap /* on i386 its arguments are in memory, where no filter sees them */
#define SYS_mmap SYS_mmap2
#undef SYS_lseek
#define SYS_lseek SYS__llseek
#undef SYS_fstat
#define SYS_fstat SYS_fstat64
#undef SYS_newfstatat
#define SYS_newfstatat SYS_fstatat64
#undef SYS_fstatfs
#define SYS_fstatfs SYS_fstatfs64
#undef SYS_ftruncate
#define SYS_ftruncate SYS_ftruncate64
#undef SYS_fcntl
#define SYS_fcntl SYS_fcntl64
#undef SYS_sendfile
#define SYS_sendfile SYS_sendfile64
#undef SYS_fchown
#define SYS_fchown SYS_fchown32
#undef SYS_geteuid
#define SYS_geteuid SYS_geteuid32
#undef SYS_getegid
#define SYS_getegid SYS_getegid32
#undef SYS_clock_gettime
#define SYS_clock_gettime SYS_clock_gettime64
#ifndef SYS_sync_file_range /* ARM: its arguments in another order */
#define SYS_sync_file_range SYS_sync_file_range2
#endif
#endif

#endif
