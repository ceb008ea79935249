#include "users/privileges.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { GROUPS_MOST = 64 /* groups that are looked for without the name service */ };

static int take(const struct passwd *known, struct privileges_target *ret_target) {
    size_t length = strlen(known->pw_name);
    bool is_root = known->pw_uid == 0; /* under another name */
    bool would_stay = known->pw_uid == (uid_t)-1 || known->pw_gid == (gid_t)-1; /* setresuid(2) */
    if (is_root || would_stay || length >= sizeof(ret_target->name))
        return -ENOENT;
    *ret_target =
        (struct privileges_target){.wanted = true, .uid = known->pw_uid, .gid = known->pw_gid};
    memcpy(ret_target->name, known->pw_name, length);
    return 0;
}

/* Looks for the entry of a name in /etc/passwd. What begins with + or - there is no user, but tells
 * the name service which ones of NIS are. */
static const struct passwd *find_local(const char *name) {
    FILE *file = *name == '+' || *name == '-' ? NULL : fopen("/etc/passwd", "re");
    const struct passwd *known = NULL;
    if (!file)
        return NULL;
    do
        known = fgetpwent(file);
    while (known && strcmp(known->pw_name, name) != 0);
    (void)fclose(file);
    return known;
}

/* Reads a number at *at and moves *at past it. (uid_t)-1 is not a user (setresuid(2)). */
static bool parse_id(const char **at, unsigned *ret_id) {
    char *end;
    errno = 0;
    unsigned long long id = isdigit((unsigned char)**at) ? strtoull(*at, &end, 10) : UINT_MAX;
    if (errno || id >= UINT_MAX)
        return false;
    *ret_id = (unsigned)id;
    *at = end;
    return true;
}

/* Reads "12345", or with a group "12345:678". Returns false if text is neither. */
static bool parse_ids(const char *text, unsigned *ret_uid, unsigned *ret_gid, bool *ret_has_group) {
    bool parsed = parse_id(&text, ret_uid);
    *ret_has_group = parsed && *text == ':';
    *ret_gid = *ret_uid;
    if (*ret_has_group) {
        text++;
        parsed = parse_id(&text, ret_gid);
    }
    return parsed && *text == '\0';
}

/* A user by number: in a container there may be no names. */
static int find_number(const char *text, struct privileges_target *ret_target) {
    unsigned uid = 0, gid;
    bool has_group;
    if (!parse_ids(text, &uid, &gid, &has_group) || uid == 0)
        return -ENOENT;
    const struct passwd *known = has_group ? NULL : getpwuid(uid);
    if (known)
        return take(known, ret_target);
    *ret_target = (struct privileges_target){.wanted = true, .uid = uid, .gid = gid};
    return 0;
}

int privileges_find(const char *name, struct privileges_target *ret_target) {
    *ret_target = (struct privileges_target){.wanted = false};
    uid_t real, effective, saved;
    if (getresuid(&real, &effective, &saved) < 0)
        return -errno;
    if ((real != 0 && effective != 0 && saved != 0) || strcmp(name, "root") == 0)
        return 0;
    const struct passwd *local = find_local(name), *known = local ? local : getpwnam(name);
    if (!known)
        return find_number(name, ret_target);
    int result = take(known, ret_target);
    ret_target->local = local != NULL;
    return result;
}

bool privileges_exists(const char *name) {
    struct privileges_target number;
    return strcmp(name, "root") == 0 || find_local(name) || getpwnam(name) ||
           find_number(name, &number) == 0;
}

/* A super-server may have left us some, such as the one for ports below 1024. */
static int drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = {{0}};
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    /* Other filters, such as systemd's, forbid capset */
    if (syscall(SYS_capget, &header, held) == 0 && memcmp(held, none, sizeof(none)) == 0)
        return 0;
    return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

static bool has_member(const struct group *group, const char *name) {
    char *const *member = group->gr_mem;
    while (*member && strcmp(*member, name) != 0)
        member++;
    return *member != NULL;
}

/* Collects the groups of a user of /etc/passwd. Returns how many, GROUPS_MOST if there may be
 * more. */
static size_t find_groups(const struct privileges_target *target, gid_t ret_groups[GROUPS_MOST]) {
    FILE *file = fopen("/etc/group", "re");
    const struct group *group;
    size_t n = 0;
    ret_groups[n++] = target->gid;
    while (file && n < GROUPS_MOST && (group = fgetgrent(file))) {
        if (group->gr_gid != target->gid && has_member(group, target->name))
            ret_groups[n++] = group->gr_gid;
    }
    if (file)
        (void)fclose(file);
    return n;
}

static int set_groups(const struct privileges_target *target) {
    gid_t groups[GROUPS_MOST] = {target->gid};
    size_t n = target->local ? find_groups(target, groups) : 1;
    if (target->name[0] && (!target->local || n == GROUPS_MOST))
        return initgroups(target->name, target->gid);
    return setgroups(n, groups);
}

int privileges_drop(const struct privileges_target *target) {
    if (target->wanted &&
        (set_groups(target) < 0 || setresgid(target->gid, target->gid, target->gid) < 0 ||
         setresuid(target->uid, target->uid, target->uid) < 0))
        return -errno;
    return geteuid() == 0 ? 0 : drop_capabilities();
}
