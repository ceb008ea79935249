#include "check/check.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/terminal.h"
#include "check/check_folders.h"
#include "check/check_ports.h"
#include "check/check_tls.h"
#include "check/complaint.h"
#include "check/report.h"
#include "log/log.h"
#include "log/systemd.h"
#include "net/lookup.h"
#include "sandbox/sandbox.h"
#include "session/names.h"
#include "users/account.h"
#include "users/cidr.h"
#include "users/password.h"
#include "users/privileges.h"

static void check_identity(struct check *check) {
    const struct passwd *known = getpwuid(geteuid());
    terminal_line(stdout, "Checked as %s (uid %u).",
                  known ? known->pw_name : "a user without a name", (unsigned)geteuid());
    if (geteuid() == 0)
        complaint_warning(check, "user",
                          "root may do everything, and sessions should not run as root: "
                          "check as the user that they run as");
    struct privileges_target target;
    if (config_has(check->config, "user") && !privileges_exists(check->config->user))
        complaint_error(check, "user", "there is no user %.64s%s", check->config->user,
                        strchr(check->config->user, '/') ? "; is --users meant?" : "");
    else if (privileges_find(check->config->user, &target) < 0)
        complaint_warning(check, "user",
                          "sessions started as root are refused: there is no user %.64s",
                          check->config->user);
}

/* May files be given to --group? As sessions do it, with a file that nobody sees. */
static void check_group(struct check *check) {
    int fd = memfd_create("check", MFD_CLOEXEC);
    if (fd < 0 || check->config->group == VALUE_NO_GROUP ||
        fchown(fd, (uid_t)-1, check->config->group) == 0) {
        /* it may be */
    } else if (errno == EPERM || errno == EINVAL) {
        complaint_error(
            check, "group",
            "no file can be given to group %u: sessions must belong to it, and their unit "
            "wants SupplementaryGroups=, PrivateUsers=no and SystemCallFilter=fchown",
            (unsigned)check->config->group);
    } else {
        complaint_error(check, "group", "%s", strerror(errno));
    }
    if (fd >= 0)
        (void)close(fd);
}

static void complain(void *context, unsigned line, const char *complaint) {
    struct check *check = context;
    complaint_error(check, "users", "%s:%u: %s", check->users_file, line, complaint);
}

static void check_users(struct check *check) {
    const char *error; /* check_modules reports it */
    if (!check->users_file)
        return;
    int result = users_load(&check->users, check->users_file, complain, check);
    const struct password *password = password_load(&error);
    if (result == 0 && password)
        result = password_check_users(password, &check->users, complain, check);
    check->users_broken = result < 0;
    if (result < 0 && result != -EINVAL)
        complaint_error(check, "users", "%s: %s", check->users_file, strerror(-result));
    /* Whoever may read it can try passwords at leisure; whoever may write it decides who can log
     * in. */
    if (result >= 0 || result == -EINVAL)
        complaint_unless_secret(check, "users", check->users_file);
}

static void check_who_can_log_in(struct check *check) {
    size_t able = 0;
    for (size_t i = 0; i < check->users.count; i++) {
        const struct user *user = &check->users.rows[i];
        if (!check_tls_user(check, user))
            able += !users_is_over(user, time(NULL)) &&
                    (users_is_strong(user->hash) || check_tls_lets_in(check, user));
    }
    if (!check->users_file && !check->config->local && !check->config->anonymous)
        complaint_warning(check, "local", "nobody is served: --local=no wants a users file");
    if (check->users_file && !check->users_broken && able == 0 && !check->config->anonymous)
        complaint_warning(check, "users", "nobody in %s can log in", check->users_file);
}

/* Can any port be bound? On all addresses, because no client has connected to one of them. */
static int bind_any(struct port_range range) {
    int result = -EADDRINUSE;
    for (unsigned port = range.first; port <= range.last && result == -EADDRINUSE; port++) {
        const struct sockaddr_in address = {.sin_family = AF_INET,
                                            .sin_port = htons((in_port_t)port)};
        const int on = 1; /* as sessions do */
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return -errno;
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        result = bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
        (void)close(fd);
    }
    return result;
}

static void check_passive_ports(struct check *check) {
    struct port_range range = check->config->passive_ports;
    int result = check->config->no_data_connections ? 0 : bind_any(range);
    if (result == -EADDRINUSE)
        complaint_warning(check, "passive-ports", "all of %u to %u are in use now", range.first,
                          range.last);
    else if (result < 0)
        complaint_error(check, "passive-ports", "none can be bound: %s", strerror(-result));
    else if (!check->config->no_data_connections)
        check_ports(check, range);
}

/* RFC 6890 */
static void check_passive_address(struct check *check) {
    static const struct {
        const char *range, *what;
    } rows[] = {
        {"10.0.0.0/8", "private: clients in other networks cannot reach it"},
        {"172.16.0.0/12", "private: clients in other networks cannot reach it"},
        {"192.168.0.0/16", "private: clients in other networks cannot reach it"},
        {"100.64.0.0/10", "private to a provider: clients elsewhere cannot reach it"},
        {"169.254.0.0/16", "link-local: clients in other networks cannot reach it"},
        {"127.0.0.0/8", "loopback: clients on other machines cannot reach it"},
        {"0.0.0.0/8", "no host's: nobody can reach it"},
        {"224.0.0.0/3", "no host's: nobody can reach it"},
    };
    union address told = {
        .in = {.sin_family = AF_INET, .sin_addr = check->config->passive_address.address}};
    const char *name = check->config->passive_address.name;
    const char *error = name ? lookup_ipv4(name, &told.in.sin_addr) : NULL;
    struct cidr cidr;
    if (error)
        complaint_warning(check, "passive-address", "%s is not found: %s", name, error);
    if (told.in.sin_addr.s_addr == 0)
        return;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (cidr_parse(rows[i].range, strlen(rows[i].range), &cidr) == 0 && cidr_has(&cidr, &told))
            complaint_warning(check, "passive-address", "it is %s", rows[i].what);
    }
}

static void check_names(struct check *check) {
    struct names names;
    if (names_open(&names, check->config->names_from) < 0)
        complaint_error(check, "names-from", "%s is %s", check->config->names_from,
                        names_complaint);
    names_close(&names);
}

static void check_modules(struct check *check) {
    const char *error;
    bool journal =
        log_journal_stream() || getenv("LISTEN_FDS") || check->config->log == LOG_TARGET_JOURNAL;
    if (check->users_file && !password_load(&error))
        complaint_error(check, "modules", "nobody can log in: %s", error);
    if (check->config->checksum && !digest_load(&error))
        complaint_error(check, "modules", "nobody is served: checksums: %s", error);
    if (journal && !systemd_load(&error))
        complaint_error(check, "modules", "systemd hands over no connections: %s", error);
}

static void check_confinement(struct check *check) {
    const char *lacks = sandbox_lacks(account_most_rights(check->config));
    if (lacks && check->config->require_confinement)
        complaint_error(check, "confinement", "nobody is served: this kernel has no %s", lacks);
    else if (lacks)
        complaint_warning(check, "confinement", "this kernel has no %s", lacks);
}

int check_run(const struct config *config) {
    static void (*const checks[])(struct check *) = {
        check_identity,
        check_group,
        check_tls,
        check_root,
        check_unfinished,
        check_users,
        check_who_can_log_in,
        check_homes,
        check_side_files,
        check_passive_ports,
        check_passive_address,
        check_names,
        check_modules,
        check_gate,
        check_events,
        check_confinement,
    };
    struct check check = {.config = config, .users_file = config->users, .root = {.fd = -1}};
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        checks[i](&check);
    report_clients(&check);
    (void)printf("%u error%s, %u warning%s\n", check.errors, check.errors == 1 ? "" : "s",
                 check.warnings, check.warnings == 1 ? "" : "s");
    users_free(&check.users);
    if (check.root.fd >= 0)
        (void)close(check.root.fd);
    if (fflush(stdout) != 0)
        return EX_IOERR;
    return check.errors ? EX_CONFIG : EX_OK;
}
