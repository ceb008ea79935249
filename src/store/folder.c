#include "store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int folder_sync(const struct config *config, const struct path_root *root, int folder) {
    return config->no_sync ? 0 : path_sync_folder(folder, root->fd);
}

/* The folder gets the mode that is wanted as it is made, with the set-group-ID bit that it
 * inherits: a filter (RestrictSUIDSGID= of systemd) forbids to set that bit, even if it is set. And
 * dress must be able to open it. */
static int make(const struct config *config, int parent, const char *name) {
    if (config->dir_mode == VALUE_NO_MODE)
        return mkdirat(parent, name, 0777) < 0 ? -errno : 0;
    mode_t mask = umask(0);
    int result = mkdirat(parent, name, (config->dir_mode & 0777) | S_IRUSR) < 0 ? -errno : 0;
    (void)umask(mask);
    return result;
}

/* Sets the mode if the folder did not get it when it was made: it has other bits, or its parent has
 * a default access control list. */
static int set_mode(int fd, mode_t mode) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    const mode_t inherited = st.st_mode & S_ISGID;
    if ((mode | inherited) == (st.st_mode & 07777) || fchmod(fd, mode | inherited) == 0)
        return 0;
    /* By that filter's leave it can have the mode or keep the bit; a folder is what clients need */
    return errno == EPERM && inherited && fchmod(fd, mode) == 0 ? 0 : -errno;
}

/* Sets the mode and group of the settings. The group comes first: it clears bits of the mode. */
static int dress(const struct config *config, int parent, const char *name) {
    if (config->group == VALUE_NO_GROUP && config->dir_mode == VALUE_NO_MODE)
        return 0;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int result = 0;
    if (config->group != VALUE_NO_GROUP && fchown(fd, (uid_t)-1, config->group) < 0)
        result = -errno;
    if (result == 0 && config->dir_mode != VALUE_NO_MODE)
        result = set_mode(fd, config->dir_mode);
    (void)close(fd);
    return result;
}

int folder_make(const struct config *config, const struct path_root *root, const char *path) {
    const char *name;
    int parent = path_open_parent(root, path, &name);
    if (parent < 0)
        return parent;
    int result = make(config, parent, *name ? name : ".");
    if (result == 0) {
        result = dress(config, parent, name);
        if (result == 0)
            result = folder_sync(config, root, parent);
        if (result < 0)
            (void)unlinkat(parent, name, AT_REMOVEDIR);
    }
    (void)close(parent);
    return result;
}

int folder_enter(const struct config *config, const struct path_root *root, const char *path,
                 struct path_root *ret_root) {
    char part[PATH_SIZE];
    for (const char *end = path; *end;) {
        end += strcspn(end + 1, "/") + 1;
        memcpy(part, path, (size_t)(end - path));
        part[end - path] = '\0';
        int result = part[1] ? folder_make(config, root, part) : -EEXIST;
        if (result < 0 && result != -EEXIST)
            return result;
    }
    int fd = path_open(root, path, O_RDONLY | O_DIRECTORY, 0);
    if (fd == -EACCES) /* it may be written but not read */
        fd = path_open(root, path, O_PATH | O_DIRECTORY, 0);
    if (fd < 0)
        return fd;
    *ret_root = (struct path_root){.fd = fd, .walk = root->walk};
    return 0;
}
