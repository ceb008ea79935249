/* The module that links libsystemd: the only file that includes it. */
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "module.h"
#include "systemd.h"

enum { PATIENCE = 500000 }; /* us to wait for a journal that does not read */

static int journal_socket = -1;

static bool is_journal_socket(int fd) {
    int domain = 0, type = 0;
    socklen_t size = sizeof(domain);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM;
}

/* libsystemd opens its socket with the first event, keeps it, and tells nobody which it is: it is
 * the descriptor that was free before. */
static void find_journal_socket(int candidate) {
    const struct timeval patience = {.tv_usec = PATIENCE};
    if (candidate < 0 || !is_journal_socket(candidate))
        return;
    journal_socket = candidate;
    (void)setsockopt(candidate, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static int first_send(const struct iovec *fields, int count) {
    int candidate = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    if (candidate >= 0)
        (void)close(candidate);
    int result = sd_journal_sendv(fields, count);
    find_journal_socket(candidate);
    return result;
}

static int journal_sendv(const struct iovec *fields, int count) {
    return journal_socket < 0 ? first_send(fields, count) : sd_journal_sendv(fields, count);
}

static int journal_unread(void) {
    int bytes;
    return journal_socket >= 0 && ioctl(journal_socket, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

MODULE_IS_OF_THIS_VERSION;

__attribute__((visibility("default"))) extern const struct systemd stord_systemd;

const struct systemd stord_systemd = {
    .listen_fds = sd_listen_fds,
    .is_socket = sd_is_socket,
    .journal_sendv = journal_sendv,
    .journal_unread = journal_unread,
};
