/*
 * systemd: libsystemd, loaded only if systemd started the session, or the log goes to the journal.
 *
 * Loading the library costs a session half a millisecond, so handler does not link it: the module
 * stord-systemd.so does (src/log/systemd_module.c), and is loaded from beside the program.
 */
#ifndef STORD_SYSTEMD_H
#define STORD_SYSTEMD_H

#include <sys/uio.h>

#define SYSTEMD_MODULE "stord-systemd.so"
#define SYSTEMD_SYMBOL "stord_systemd"

/* What the module offers; see sd_listen_fds(3), sd_is_socket(3), sd_journal_sendv(3). */
struct systemd {
    int (*listen_fds)(int unset_environment);
    int (*is_socket)(int fd, int family, int type, int listening);
    int (*journal_sendv)(const struct iovec *fields, int count);
};

/* Loads the module. Returns it, or NULL with *ret_error saying why (valid until the next call). */
const struct systemd *systemd_load(const char **ret_error);

#endif
