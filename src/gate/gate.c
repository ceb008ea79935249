#include "gate/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/await.h"
#include "gate/keeper.h"
#include "users/aide.h"

enum { OFF_TIME = 2000 /* ms to wait for the end of a program that is killed */ };

/* Could this user, or one with fewer rights, change what has that path? */
static bool is_open_to_us(const char *path) {
    struct stat st;
    uid_t us = geteuid();
    if (stat(path, &st) < 0)
        return false;
    if (us == 0)
        return st.st_uid != 0 || st.st_mode & (S_IWGRP | S_IWOTH);
    return st.st_uid == us || faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

/* The same of the folders that lead to it. A sticky one, as /tmp, lets nobody take away what is
 * another's. */
static bool is_in_open_folder(const char *program) {
    char path[PATH_MAX];
    struct stat st;
    if (strlen(program) >= sizeof(path))
        return true;
    memcpy(path, program, strlen(program) + 1);
    for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
        slash[slash == path] = '\0';
        bool is_sticky = stat(path, &st) == 0 && st.st_mode & S_ISVTX;
        if (!is_sticky && is_open_to_us(path))
            return true;
        if (slash == path)
            return false;
    }
    return false;
}

const char *gate_fault(const char *program) {
    struct stat st;
    if (*program != '/')
        return "its path does not begin with /";
    if (stat(program, &st) < 0)
        return strerror(errno);
    if (!S_ISREG(st.st_mode))
        return "not a plain file";
    if (faccessat(AT_FDCWD, program, X_OK, AT_EACCESS) < 0)
        return "it cannot be executed";
    if (is_open_to_us(program))
        return "those whose uploads it is to decide about could change it";
    return is_in_open_folder(program) ? "a folder on its path could be changed by those whose "
                                        "uploads it is to decide about"
                                      : NULL;
}

int gate_start(struct gate *ret_gate, const struct gate_setup *setup) {
    pid_t pid; /* it ends by itself, once our end is closed */
    int fd = aide_start(SOCK_SEQPACKET, keeper_run, setup, &pid);
    if (fd < 0)
        return fd;
    *ret_gate = (struct gate){.fd = fd};
    return 0;
}

int gate_ask(struct gate *gate, int file, const char *facts, size_t n) {
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    unsigned question = ++gate->questions;
    struct iovec parts[] = {{&question, sizeof(question)}, {(char *)facts, n}};
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.room,
                             .msg_controllen = sizeof(control.room)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &file, sizeof(int));
    ssize_t sent = sendmsg(gate->fd, &message, MSG_NOSIGNAL);
    return sent < 0 ? -errno : 0;
}

int gate_take(const struct gate *gate, struct gate_answer *ret_answer) {
    ssize_t got = recv(gate->fd, ret_answer, sizeof(*ret_answer), 0);
    if (got < 0)
        return -errno;
    if (got != (ssize_t)sizeof(*ret_answer))
        return -EPIPE;
    ret_answer->said[GATE_SAID] = '\0';
    return ret_answer->question == gate->questions ? 0 : -EAGAIN;
}

void gate_call_off(const struct gate *gate) {
    struct gate_answer answer;
    struct pollfd one = {.fd = gate->fd, .events = POLLIN};
    if (send(gate->fd, "", 1, MSG_NOSIGNAL) == 1 && await_poll(&one, 1, OFF_TIME) > 0)
        (void)gate_take(gate, &answer);
}
