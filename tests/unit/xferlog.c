#include <stdlib.h>
#include <string.h>

#include "base/escape.c"
#include "log/append.c"
#include "log/xferlog.c"

#include "check.h"

/* Is not to be told anything here. */
void log_event(const struct log *log, enum event event, const char *format, ...) {
    (void)log;
    (void)event;
    (void)format;
}

static struct xferlog_entry an_entry(void) {
    return (struct xferlog_entry){.time = 1795419662, /* 2026-11-23 07:41:02 UTC */
                                  .seconds = 0.2,
                                  .host = "192.0.2.7",
                                  .bytes = 5,
                                  .file = "/srv/a",
                                  .incoming = true,
                                  .complete = true};
}

static bool is_line(const struct xferlog_entry *entry, const char *line) {
    char got[2048];
    size_t n = format_line(got, sizeof(got), entry);
    bool same = n == strlen(got) && strcmp(got, line) == 0;
    if (!same)
        printf("# got \"%s\"\n", got);
    return same;
}

static void fields(void) {
    struct xferlog_entry entry = an_entry();
    CHECK(is_line(&entry, "Mon Nov 23 07:41:02 2026 1 192.0.2.7 5 /srv/a b _ i r - ftp 0 * c\n"));
    entry.time -= 20 * 86400;
    entry.ascii = entry.anonymous = true;
    entry.incoming = entry.complete = false;
    entry.user = "anonymous";
    entry.bytes = UINT64_MAX;
    entry.seconds = 61.5;
    CHECK(is_line(&entry,
                  "Tue Nov  3 07:41:02 2026 62 192.0.2.7 18446744073709551615 /srv/a a _ o a "
                  "anonymous ftp 0 * i\n"));
}

static void words(void) {
    struct xferlog_entry entry = an_entry();
    entry.file = "/a b\tc\nd\x7f\xff\xc2\xa0\xe2\x80\xa8\xe3\x80\x80\xc3\xbc";
    entry.user = "x y*";
    CHECK(is_line(&entry,
                  "Mon Nov 23 07:41:02 2026 1 192.0.2.7 5 /a_b_c_d_____\xc3\xbc b _ i r x_y* ftp "
                  "0 * c\n"));
    entry.user = "";
    entry.file = "/";
    CHECK(is_line(&entry, "Mon Nov 23 07:41:02 2026 1 192.0.2.7 5 / b _ i r - ftp 0 * c\n"));
}

/* The end of a line is there, however long the name. */
static void long_names(void) {
    struct xferlog_entry entry = an_entry();
    char name[4096], line[2048];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    entry.file = name;
    entry.user = name;
    size_t n = format_line(line, sizeof(line), &entry);
    CHECK(n < sizeof(line) && n == strlen(line));
    CHECK(strcmp(line + n - strlen(" ftp 0 * c\n"), " ftp 0 * c\n") == 0);
}

static bool is_dialogue(const char *bytes, size_t n, const char *text) {
    char got[64];
    size_t length = escape_dialogue(got, sizeof(got), bytes, n);
    if (strcmp(got, text) != 0)
        printf("# got \"%s\"\n", got);
    return length == strlen(got) && strcmp(got, text) == 0;
}

static void dialogues(void) {
    CHECK(is_dialogue("", 0, ""));
    CHECK(is_dialogue("a b\\\r\n\t", 7, "a b\\\\\\r\\n\\t"));
    CHECK(is_dialogue("\0a\0\0b\0", 6, "\\0a\\0\\0b\\0"));
    CHECK(is_dialogue("\xff\x01{}rnt", 7, "\\xff\\x01\\x7b}rnt"));
    char many[200] = {0}, got[64];
    CHECK(escape_dialogue(got, sizeof(got), many, sizeof(many) - 1) < sizeof(got));
}

int main(void) {
    (void)setenv("TZ", "UTC", 1);
    check_run("unit: xferlog: fields as wu-ftpd has them", fields);
    check_run("unit: xferlog: names are one word", words);
    check_run("unit: xferlog: a long name is cut, the line is not", long_names);
    check_run("unit: escape: bytes as dialogues have them", dialogues);
    return check_end();
}
