#include "user.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int user_find(const char *name, struct user_target *ret_target) {
    *ret_target = (struct user_target){.wanted = false};
    uid_t real, effective, saved;
    if (getresuid(&real, &effective, &saved) < 0)
        return -errno;
    if ((real != 0 && effective != 0 && saved != 0) || strcmp(name, "root") == 0)
        return 0;
    const struct passwd *known = getpwnam(name);
    if (!known || known->pw_uid == 0) /* root under another name */
        return -ENOENT;
    *ret_target = (struct user_target){
        .wanted = true, .name = name, .uid = known->pw_uid, .gid = known->pw_gid};
    return 0;
}

/* A super-server may have given us some, as for ports below 1024. */
static int drop_capabilities(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    struct __user_cap_data_struct held[_LINUX_CAPABILITY_U32S_3] = {{0}};
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    /* Filters of others, systemd's for one, let nobody call capset */
    if (syscall(SYS_capget, &header, held) == 0 && memcmp(held, none, sizeof(none)) == 0)
        return 0;
    return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}

int user_become(const struct user_target *target) {
    if (target->wanted && (initgroups(target->name, target->gid) < 0 ||
                           setresgid(target->gid, target->gid, target->gid) < 0 ||
                           setresuid(target->uid, target->uid, target->uid) < 0))
        return -errno;
    return geteuid() == 0 ? 0 : drop_capabilities();
}
