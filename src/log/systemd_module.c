/* The module that links libsystemd: the only file that includes its headers. */
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "base/module.h"
#include "log/systemd.h"

MODULE_IS_OF_THIS_VERSION;

__attribute__((visibility("default"))) extern const struct systemd stord_systemd;

const struct systemd stord_systemd = {
    .listen_fds = sd_listen_fds,
    .is_socket = sd_is_socket,
    .journal_sendv = sd_journal_sendv,
};
