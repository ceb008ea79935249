#include "session/facts.c"

#include "check.h"

enum { EVERY_RIGHT = 0xff };

static const time_t now = 1700000000; /* 2023-11-14 22:13:20 UTC */

static struct stat a_file(void) {
    return (struct stat){.st_mode = S_IFREG | 0644,
                         .st_nlink = 1,
                         .st_size = 5,
                         .st_dev = 0xfd01,
                         .st_ino = 0x1234,
                         .st_mtime = now};
}

static struct stat a_folder(void) {
    return (struct stat){.st_mode = S_IFDIR | 01777, .st_size = 4096, .st_mtime = now};
}

static bool is_long(const struct stat *st, const char *line) {
    char out[FACTS_LONG_SIZE];
    facts_long(st, now, out);
    if (strcmp(out, line) != 0)
        printf("# got \"%s\"\n", out);
    return strcmp(out, line) == 0;
}

static bool has_facts(const struct stat *st, unsigned facts, unsigned rights, const char *text) {
    char out[FACTS_SIZE];
    facts_format(st, facts, rights, out);
    size_t n = strlen(out);
    CHECK(n > 0 && out[n - 1] == ' ');
    out[n - 1] = '\0';
    if (strcmp(out, text) != 0)
        printf("# got \"%s\"\n", out);
    return strcmp(out, text) == 0;
}

static void long_lines(void) {
    struct stat st = a_file();
    CHECK(is_long(&st, "-rw-r--r--    1 ftp      ftp                 5 Nov 14 22:13 "));
    st = a_folder();
    CHECK(is_long(&st, "drwxrwxrwt    0 ftp      ftp              4096 Nov 14 22:13 "));
    st = a_file();
    st.st_mode = S_IFLNK | 0777;
    st.st_size = 1234567890123456;
    CHECK(is_long(&st, "lrwxrwxrwx    1 ftp      ftp      1234567890123456 Nov 14 22:13 "));
}

static void long_permissions(void) {
    static const struct {
        mode_t mode;
        const char *text;
    } rows[] = {
        {S_IFREG | 0, "----------"},     {S_IFREG | 0751, "-rwxr-x--x"},
        {S_IFREG | 07777, "-rwsrwsrwt"}, {S_IFREG | 07666, "-rwSrwSrwT"},
        {S_IFIFO | 0600, "prw-------"},  {S_IFSOCK | 0755, "srwxr-xr-x"},
        {S_IFCHR | 0620, "crw--w----"},  {S_IFBLK | 0660, "brw-rw----"},
        {S_IFDIR | 02755, "drwxr-sr-x"}, {S_IFLNK | 0777, "lrwxrwxrwx"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[11];
        write_permissions(rows[i].mode, out);
        CHECK(strcmp(out, rows[i].text) == 0);
    }
}

static void six_months(void) {
    static const struct {
        time_t mtime;
        const char *when;
    } rows[] = {
        {now - SIX_MONTHS + 60, "May 16 22:14 "},
        {now - SIX_MONTHS, "May 16  2023 "},
        {now + DAY, "Nov 15 22:13 "},
        {now + DAY + 1, "Nov 15  2023 "},
        {0, "Jan  1  1970 "},
        {-1, "Dec 31  1969 "},
        {INT64_MAX, "Dec 31  9999 "},
        {INT64_MIN, "Jan  1  0000 "},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[FACTS_LONG_SIZE];
        struct stat st = a_file();
        st.st_mtime = rows[i].mtime;
        facts_long(&st, now, out);
        CHECK(strcmp(out + strlen(out) - strlen(rows[i].when), rows[i].when) == 0);
    }
}

static void machine_facts(void) {
    struct stat st = a_file();
    CHECK(has_facts(&st, FACTS_ALL, EVERY_RIGHT,
                    "type=file;size=5;modify=20231114221320;perm=adfrw;unique=fd01U1234;"
                    "UNIX.mode=0644;"));
    CHECK(has_facts(&st, FACT_TYPE | FACT_SIZE, EVERY_RIGHT, "type=file;size=5;"));
    CHECK(has_facts(&st, 0, EVERY_RIGHT, ""));
    st = a_folder();
    CHECK(has_facts(&st, FACTS_ALL, EVERY_RIGHT,
                    "type=dir;modify=20231114221320;perm=cdeflmp;unique=0U0;UNIX.mode=1777;"));
    st.st_mtime = INT64_MAX;
    CHECK(has_facts(&st, FACT_MODIFY, 0, "modify=99991231235959;"));
}

static void permissions_are_rights(void) {
    static const struct {
        unsigned rights;
        const char *file, *folder;
    } rows[] = {
        {0, "perm=;", "perm=e;"},
        {RIGHT_UPLOAD, "perm=;", "perm=ce;"},
        {RIGHT_UPLOAD | RIGHT_REPLACE, "perm=w;", "perm=ce;"},
        {RIGHT_APPEND, "perm=a;", "perm=e;"},
        {RIGHT_LIST, "perm=;", "perm=el;"},
        {RIGHT_READ, "perm=r;", "perm=e;"},
        {RIGHT_MKDIR, "perm=;", "perm=em;"},
        {RIGHT_RENAME, "perm=f;", "perm=ef;"},
        {RIGHT_DELETE, "perm=d;", "perm=dep;"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct stat file = a_file(), folder = a_folder();
        CHECK(has_facts(&file, FACT_PERM, rows[i].rights, rows[i].file));
        CHECK(has_facts(&folder, FACT_PERM, rows[i].rights, rows[i].folder));
    }
}

static void names_of_facts(void) {
    char out[FACTS_NAMES_SIZE];
    CHECK(facts_parse("") == 0);
    CHECK(facts_parse("type;size;") == (FACT_TYPE | FACT_SIZE));
    CHECK(facts_parse("SIZE;Unix.Mode") == (FACT_SIZE | FACT_MODE));
    CHECK(facts_parse("typ;sizes;;media-type;modify;") == FACT_MODIFY);
    facts_names(FACT_SIZE | FACT_TYPE, false, out);
    CHECK(strcmp(out, "type;size;") == 0);
    facts_names(FACT_SIZE, true, out);
    CHECK(strcmp(out, "type;size*;modify;perm;unique;UNIX.mode;") == 0);
    facts_names(0, false, out);
    CHECK(strcmp(out, "") == 0);
    facts_names(FACTS_ALL, false, out);
    CHECK(facts_parse(out) == FACTS_ALL);
}

int main(void) {
    check_run("listing: lines are as ls -l prints them", long_lines);
    check_run("listing: types and permissions are as ls -l prints them", long_permissions);
    check_run("listing: six months after, the year takes the place of the time", six_months);
    check_run("listing: facts are those of RFC 3659, and only the ones asked for", machine_facts);
    check_run("listing: perm tells what the client has the right to do", permissions_are_rights);
    check_run("listing: names of facts are read in any case, unknown ones left out",
              names_of_facts);
    return check_end();
}
