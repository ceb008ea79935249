#include "check/check_folders.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/complaint.h"
#include "gate/gate.h"
#include "log/metrics.h"
#include "store/limits.h"
#include "store/notice.h"
#include "store/reserved.h"
#include "store/workplace.h"

enum { NEEDS_WRITING = RIGHT_UPLOAD | RIGHT_APPEND | RIGHT_MKDIR };

/* May files be made in that folder? Returns 0 or a negative errno. */
static int may_write(int folder) {
    return faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) < 0 ? -errno : 0;
}

/* Uploads to a disk that is as full as it may be are refused. */
static void check_room(struct check *check, const char *about, int folder) {
    if (limits_check_disk(folder, &check->config->min_free, 0) < 0)
        complaint_warning(check, about,
                          "less than --min-free is free on its disk: every upload is refused");
}

void check_root(struct check *check) {
    const struct config *config = check->config;
    int result = path_root_open(&check->root, config->root, false);
    if (result == -ENOENT && config_root_is_default(config)) {
        if (may_write(AT_FDCWD) < 0)
            complaint_error(check, "root", "%s cannot be made here", config->root);
        return;
    }
    if (result < 0)
        complaint_error(check, "root", "%s: %s", config->root, strerror(-result));
    else
        check_room(check, "root", check->root.fd);
}

void check_gate(struct check *check) {
    const char *program = check->config->gate, *fault = program ? gate_fault(program) : NULL;
    if (fault)
        complaint_error(check, "gate", "%s: %s", program, fault);
}

void check_unfinished(struct check *check) {
    if (check->root.fd < 0)
        return;
    int fd = reserved_open(check->root.fd, false), result;
    if (fd == -ENOENT) {
        if (may_write(check->root.fd) < 0)
            complaint_warning(check, RESERVED_FOLDER,
                              "it cannot be made in the root: interrupted uploads are not kept");
    } else if (fd == -EPERM) {
        complaint_error(
            check, RESERVED_FOLDER,
            "it is not this user's folder: remove it, or give it to the user that runs sessions");
    } else if (fd < 0) {
        complaint_error(check, RESERVED_FOLDER, "%s", strerror(-fd));
    } else if ((result = may_write(fd)) < 0) {
        complaint_error(check, RESERVED_FOLDER, "%s", strerror(-result));
    } else if (workplace_is_near(fd, check->root.fd) == 0) {
        complaint_error(check, RESERVED_FOLDER, "it is on another file system than the root");
    }
    if (fd >= 0)
        (void)close(fd);
}

void check_events(struct check *check) {
    if (check->root.fd < 0 || !check->config->events)
        return;
    int fd = reserved_open_as(check->root.fd, NOTICE_FOLDER, false), result;
    if (fd == -ENOENT && may_write(check->root.fd) < 0)
        complaint_error(check, NOTICE_FOLDER, "it cannot be made in the root: no events");
    else if (fd == -EPERM)
        complaint_error(check, NOTICE_FOLDER, "it is not this user's folder: sessions are refused");
    else if (fd < 0 && fd != -ENOENT)
        complaint_error(check, NOTICE_FOLDER, "%s", strerror(-fd));
    else if (fd >= 0 && (result = may_write(fd)) < 0)
        complaint_error(check, NOTICE_FOLDER, "%s", strerror(-result));
    if (fd >= 0)
        (void)close(fd);
}

/* The folder of a file, with a slash at the end. */
static void folder_of(const char *file, char ret_folder[PATH_MAX]) {
    const char *slash = strrchr(file, '/');
    if (slash)
        (void)snprintf(ret_folder, PATH_MAX, "%.*s", (int)(slash + 1 - file), file);
    else
        (void)snprintf(ret_folder, PATH_MAX, "./");
}

/* Does not open it: the check may run as another user, who would own the new file. */
static void check_xferlog(struct check *check, const char *file) {
    struct stat st;
    char folder[PATH_MAX];
    bool there = stat(file, &st) == 0;
    folder_of(file, folder);
    if (there && !S_ISREG(st.st_mode))
        complaint_error(check, "xferlog", "%s: not a plain file", file);
    else if (faccessat(AT_FDCWD, there ? file : folder, there ? W_OK : W_OK | X_OK, AT_EACCESS) < 0)
        complaint_error(check, "xferlog", "%s: %s", file, strerror(errno));
    complaint_unless_outside(check, "xferlog", there ? file : folder);
}

/* Costs no uploads: a warning. */
static void check_metrics(struct check *check, const char *file) {
    struct metrics_view *view = NULL;
    char folder[PATH_MAX];
    int result = metrics_read(&view, file);
    bool there = access(file, F_OK) == 0;
    folder_of(file, folder);
    metrics_view_free(view);
    if (result == 0 &&
        faccessat(AT_FDCWD, there ? file : folder, there ? W_OK : W_OK | X_OK, AT_EACCESS) < 0)
        result = -errno;
    if (result < 0)
        complaint_warning(check, "metrics", "nothing is counted: %s: %s", file,
                          metrics_reason(result));
}

static void check_transcript(struct check *check, const char *folder) {
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int result = fd < 0 ? -errno : may_write(fd);
    if (result < 0)
        complaint_error(check, "transcript", "%s: %s", folder, strerror(-result));
    if (fd >= 0)
        (void)close(fd);
    complaint_unless_outside(check, "transcript", folder);
}

void check_side_files(struct check *check) {
    if (check->config->xferlog)
        check_xferlog(check, check->config->xferlog);
    if (check->config->transcript)
        check_transcript(check, check->config->transcript);
    if (check->config->metrics_file)
        check_metrics(check, check->config->metrics_file);
}

/* Opens that folder, or the nearest existing one above it. *ret_there: it exists itself. Returns a
 * descriptor or a negative errno. */
static int open_nearest(const struct path_root *root, const char *path, bool *ret_there) {
    char above[PATH_SIZE];
    memcpy(above, path, strlen(path) + 1);
    for (*ret_there = true;; *ret_there = false) {
        int fd = path_open(root, above, O_PATH | O_DIRECTORY, 0);
        char *slash = strrchr(above, '/');
        if (fd != -ENOENT || above[1] == '\0')
            return fd;
        slash[slash == above] = '\0';
    }
}

/* A home is beneath the root: who writes the path on the disk there gets the root's twice. */
static void check_repeated(struct check *check, const char *about, const char *home) {
    char *root = realpath(check->config->root, NULL);
    size_t n = root ? strlen(root) : 0;
    if (n > 1 && strncmp(home, root, n) == 0 && (home[n] == '/' || home[n] == '\0'))
        complaint_warning(check, about, "home %s is %s%s on the disk: %s was probably meant", home,
                          root, home, home[n] ? home + n : "/");
    free(root);
}

/* about: whose home it is. */
static void check_home(struct check *check, const char *about, const struct account *account) {
    bool there;
    int fd = open_nearest(&check->root, account->home, &there);
    if (fd < 0) {
        complaint_error(check, about, "home %s: %s", account->home,
                        fd == -ELOOP || fd == -ENOTDIR ? "there is a link or a file in the way"
                                                       : strerror(-fd));
        return;
    }
    int result = !there || account->rights & NEEDS_WRITING ? may_write(fd) : 0;
    if (result < 0)
        complaint_error(check, about, "home %s cannot be %s: %s", account->home,
                        there ? "written to" : "made", strerror(-result));
    if (there && workplace_is_near(check->root.fd, fd) == 0) {
        complaint_warning(
            check, about,
            "home %s is on another file system: interrupted uploads there are not kept",
            account->home);
        check_room(check, about, fd);
    }
    check_repeated(check, about, account->home);
    (void)close(fd);
}

/* Is that home beneath the other one? */
static bool is_beneath(const char *home, const char *above) {
    size_t n = strlen(above);
    return n == 1 ? home[1] != '\0' : strncmp(home, above, n) == 0 && home[n] == '/';
}

/* Where old files go: is there anything that makes them, and whose are they? */
static void check_ousting(struct check *check, const char *about, const struct account *account) {
    if (account->quota == VALUE_UNLIMITED &&
        check->config->min_free.bytes + check->config->min_free.percent == 0)
        complaint_warning(check, about,
                          "when-full=oldest makes no room without quota= or --min-free");
    for (size_t i = 0; i < check->users.count; i++) {
        const struct user *other = &check->users.rows[i];
        if (is_beneath(other->account.home, account->home)) {
            complaint_warning(check, about,
                              "when-full=oldest takes files of others, too: home %s of line %u is "
                              "inside this one",
                              other->account.home, other->line);
            return;
        }
    }
}

void check_homes(struct check *check) {
    if (check->root.fd < 0)
        return;
    struct account local = account_local();
    account_complete(&local, check->config);
    if (!check->users_file || check->config->anonymous)
        check_home(check, "root", &local);
    for (size_t i = 0; i < check->users.count; i++) {
        char about[32];
        struct account account = check->users.rows[i].account;
        account_complete(&account, check->config);
        (void)snprintf(about, sizeof(about), "users, line %u", check->users.rows[i].line);
        check_home(check, about, &account);
        if (account.ousts)
            check_ousting(check, about, &account);
    }
}
