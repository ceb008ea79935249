#include "session/share.c"
#include "base/path.c"
#include "session/own.c"
#include "store/reserved.c"

#include <signal.h>
#include <sys/resource.h>

#include "check.h"

enum { SESSIONS = 3 };

static struct share share[SESSIONS];
static struct own own[SESSIONS];
static struct path_root root;

/* All sessions, which know of nothing, join. */
static void join(void) {
    for (int i = 0; i < SESSIONS; i++) {
        CHECK(share_join(&share[i], &root, "u.me", "a.host") == 0);
        own_forget_all(&own[i]);
    }
}

static void leave(void) {
    for (int i = 0; i < SESSIONS; i++)
        share_leave(&share[i]);
}

static int change(int who, enum share_kind kind, const char *path, ino_t inode) {
    const struct share_change made = {.kind = kind,
                                      .path = path,
                                      .to = kind == SHARE_MOVE ? "/moved" : NULL,
                                      .id = {.device = 1, .inode = inode}};
    return share_change(&share[who], &own[who], &made);
}

/* Does that session know of it? */
static bool knows(int who, const char *path) {
    (void)share_read(&share[who], &own[who]);
    return own_find(&own[who], path);
}

static void changes_are_shared(void) {
    join();
    CHECK(change(0, SHARE_REMEMBER, "/a", 7) == 0 && knows(0, "/a") && knows(1, "/a"));
    CHECK(change(1, SHARE_MOVE, "/a", 7) == 0 && knows(0, "/moved") && !knows(2, "/a"));
    CHECK(change(2, SHARE_FORGET, "/moved", 0) == 0 && !knows(0, "/moved") && !knows(1, "/moved"));
    leave();
}

static void what_has_got_its_name_since_stays(void) {
    join();
    CHECK(change(0, SHARE_REMEMBER, "/a", 7) == 0 && knows(1, "/a"));
    CHECK(change(1, SHARE_REMEMBER, "/a", 8) == 0);
    CHECK(change(0, SHARE_FORGET, "/a", 7) == 0 && knows(0, "/a") && knows(1, "/a"));
    CHECK(change(0, SHARE_MOVE, "/a", 7) == 0 && knows(0, "/a") && knows(1, "/a"));
    CHECK(!knows(2, "/moved") && own_find(&own[2], "/a")->id.inode == 8);
    leave();
}

static void only_the_last_one_empties(void) {
    struct stat st;
    join();
    CHECK(change(0, SHARE_REMEMBER, "/a", 7) == 0);
    share_leave(&share[0]);
    own_forget_all(&own[0]);
    CHECK(share_join(&share[0], &root, "u.me", "a.host") == 0 && knows(0, "/a"));
    int fd = dup(share[0].fd);
    leave();
    CHECK(fstat(fd, &st) == 0 && st.st_size == 0);
    (void)close(fd);
    join();
    CHECK(!knows(0, "/a"));
    leave();
}

/* Lets files grow by that many bytes only. */
static void set_room(rlim_t size) {
    const struct rlimit limit = {.rlim_cur = size, .rlim_max = RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void a_full_disk_costs_one_change(void) {
    join();
    CHECK(change(0, SHARE_REMEMBER, "/a", 7) == 0);
    set_room((rlim_t)share[0].read + 10);
    CHECK(change(0, SHARE_REMEMBER, "/torn", 8) < 0);
    set_room((rlim_t)share[0].read);
    CHECK(change(1, SHARE_REMEMBER, "/lost", 9) < 0);
    set_room(RLIM_INFINITY);
    CHECK(knows(0, "/torn") && knows(1, "/lost") && !knows(2, "/torn") && !knows(2, "/lost"));
    CHECK(change(1, SHARE_REMEMBER, "/b", 10) == 0 && knows(0, "/b") && knows(2, "/b"));
    leave();
}

static void what_a_killed_session_left_is_cut_off(void) {
    join();
    CHECK(change(0, SHARE_REMEMBER, "/a", 7) == 0);
    CHECK(write(share[0].fd, "torn", 4) == 4);
    CHECK(knows(1, "/a") && change(1, SHARE_REMEMBER, "/b", 8) == 0);
    CHECK(knows(0, "/b") && knows(2, "/a") && knows(2, "/b"));
    leave();
}

static void what_is_no_note_ends_it(void) {
    struct note note = {.kind = SHARE_FORGET, .size = {PATH_SIZE + 1}};
    join();
    CHECK(write(share[0].fd, &note, sizeof(note)) == (ssize_t)sizeof(note));
    CHECK(share_read(&share[1], &own[1]) == -EBADMSG && share[1].fd < 0);
    CHECK(change(1, SHARE_REMEMBER, "/a", 7) == 0 && knows(1, "/a"));
    CHECK(change(2, SHARE_REMEMBER, "/b", 7) == -EBADMSG && knows(2, "/b"));
    leave();
}

/* Folders with names as long as can be are made and removed: the file does not grow without end,
 * and what is there stays known. */
static void what_has_gone_takes_no_room(void) {
    static char path[PATH_SIZE];
    struct stat st;
    join();
    CHECK(change(1, SHARE_REMEMBER, "/first", 6) == 0);
    (void)memset(path, 'x', sizeof(path) - 1);
    path[0] = '/';
    for (int i = 0; i < 1000; i++) {
        CHECK(change(0, SHARE_REMEMBER, path, 7) == 0);
        CHECK(change(i % 2, SHARE_FORGET, path, 7) == 0);
        CHECK(fstat(share[0].fd, &st) == 0 && st.st_size <= GARBAGE + 3 * PATH_SIZE);
    }
    CHECK(change(0, SHARE_REMEMBER, "/last", 8) == 0);
    for (int i = 0; i < SESSIONS; i++)
        CHECK(knows(i, "/first") && knows(i, "/last") && !knows(i, path) && own[i].count == 2);
    leave();
}

/* The file may be as long as before when it is written anew. */
static void what_was_written_anew_is_noticed(void) {
    join();
    CHECK(change(0, SHARE_REMEMBER, "/a", 7) == 0 && change(0, SHARE_REMEMBER, "/b", 8) == 0);
    CHECK(knows(1, "/a") && change(1, SHARE_FORGET, "/a", 7) == 0 && knows(2, "/b"));
    CHECK(rewrite(&share[0], &own[1]) == 0 && change(1, SHARE_REMEMBER, "/c", 9) == 0);
    CHECK(knows(2, "/b") && knows(2, "/c") && !knows(2, "/a"));
    CHECK(ftruncate(share[0].fd, 0) == 0); /* as who was killed there leaves it */
    CHECK(change(1, SHARE_REMEMBER, "/d", 10) == 0 && knows(0, "/d") && knows(2, "/d"));
    CHECK(!knows(0, "/b") && !knows(1, "/b"));
    leave();
}

int main(void) {
    char folder[] = "/tmp/stord-unit.XXXXXX", command[64];
    if (!mkdtemp(folder) || path_root_open(&root, folder, false) < 0)
        return 1;
    (void)signal(SIGXFSZ, SIG_IGN);
    check_run("share: changes are shared", changes_are_shared);
    check_run("share: what has got its name since stays", what_has_got_its_name_since_stays);
    check_run("share: only the last one empties the file", only_the_last_one_empties);
    check_run("share: a full disk costs one change", a_full_disk_costs_one_change);
    check_run("share: what a killed session left is cut off",
              what_a_killed_session_left_is_cut_off);
    check_run("share: what is no note ends it", what_is_no_note_ends_it);
    check_run("share: what has gone takes no room", what_has_gone_takes_no_room);
    check_run("share: what was written anew is noticed", what_was_written_anew_is_noticed);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    CHECK(system(command) == 0);
    return check_end();
}
