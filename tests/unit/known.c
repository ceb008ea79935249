/* Which digests a session remembers. */
#include "session/known.h"

#include "check.h"

static struct known known;

static struct known_file file_of(ino_t inode) {
    return (struct known_file){
        .id = {.device = 1, .inode = inode, .born = 7}, .size = 5, .changed = {.tv_sec = 100}};
}

/* A file's digests, by which it can be told. */
static struct digest_set set_of(unsigned number) {
    struct digest_set set = {.kinds = 1};
    set.bytes[0][0] = (uint8_t)number;
    set.bytes[0][1] = (uint8_t)(number >> 8);
    return set;
}

static void note(ino_t inode, unsigned number) {
    const struct known_file file = file_of(inode);
    const struct digest_set set = set_of(number);
    known_note(&known, &file, &set);
}

static bool knows(const struct known_file *file, unsigned number) {
    const struct digest_set *set = known_find(&known, file);
    return set && set->bytes[0][0] == (uint8_t)number && set->bytes[0][1] == (uint8_t)(number >> 8);
}

static void a_file_with_one_content(void) {
    struct known_file file = file_of(3);
    CHECK(!known_find(&known, &file));
    note(3, 1);
    CHECK(knows(&file, 1));
    note(3, 2); /* the newest counts */
    CHECK(knows(&file, 2));
    file.size++;
    CHECK(!known_find(&known, &file));
    file = file_of(3);
    file.changed.tv_nsec++;
    CHECK(!known_find(&known, &file));
    file = file_of(3);
    file.id.born++;
    CHECK(!known_find(&known, &file));
    file = file_of(3);
    file.id.device++;
    CHECK(!known_find(&known, &file));
    known_forget_all(&known);
    file = file_of(3);
    CHECK(!known_find(&known, &file));
}

static void the_newest_are_remembered(void) {
    for (unsigned i = 0; i < KNOWN_LIMIT + 10; i++)
        note(i, i);
    for (unsigned i = 0; i < KNOWN_LIMIT + 10; i += 5) {
        const struct known_file file = file_of(i);
        CHECK(i < 10 ? !known_find(&known, &file) : knows(&file, i));
    }
    known_forget_all(&known);
}

static struct stat stat_of(ino_t inode, time_t changed) {
    return (struct stat){
        .st_dev = 1, .st_ino = inode, .st_size = 5, .st_mtim = {.tv_sec = changed}};
}

static void another_time_is_another_content_unless_it_was_set(void) {
    struct known_file file = file_of(3), other = file_of(4);
    struct stat before = stat_of(3, 100), after = stat_of(3, 200);
    note(3, 1);
    note(4, 2);
    known_set_time(&known, &before, &after);
    CHECK(!known_find(&known, &file));
    file.changed.tv_sec = 200;
    CHECK(knows(&file, 1));
    CHECK(knows(&other, 2));
    /* a program has changed it before the client sets the time that is known */
    before.st_mtim.tv_sec = 201;
    known_set_time(&known, &before, &after);
    CHECK(!known_find(&known, &file));
    known_forget_all(&known);
}

int main(void) {
    check_run("known: a file is known by identity, length and time of change",
              a_file_with_one_content);
    check_run("known: the newest are remembered", the_newest_are_remembered);
    check_run("known: its time may be set by the client, and by nobody else",
              another_time_is_another_content_unless_it_was_set);
    return check_end();
}
