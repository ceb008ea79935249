#include "log/json_read.c"

#include "base/escape.c"
#include "check.h"
#include "log/json.c"

static const struct event_kind kind = {"uploaded", LOG_LEVEL_INFO, ""};
static char line[JSON_LIMIT];

static void make(const char *file) {
    const struct timespec time = {.tv_sec = 1, .tv_nsec = 2000};
    struct record record = {.kind = &kind, .text = "\"text\", \\"};
    record.facts[record.count++] = (struct fact){"file", file, false};
    record.facts[record.count++] = (struct fact){"inode", "18446744073709551615", true};
    (void)json_line(line, 0, &record, &time, 7);
}

/* Does a name come back as it was? */
static bool is_same(const char *file) {
    char text[1024];
    make(file);
    return json_text(line, "file", text, sizeof(text)) && strcmp(text, file) == 0;
}

static void names_come_back_byte_for_byte(void) {
    static const char *const names[] = {"/a",
                                        "",
                                        "/\"}{,:\\",
                                        "/\\u0041",
                                        "/\x01\x1f\x7f\xc2\x80",
                                        "/\xe2\x80\xae\xef\xbb\xbf",
                                        "/\xf0\x9f\x98\x80",
                                        "/\xff\\xff",
                                        "/\xc3"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CHECK(is_same(names[i]));
}

static void any_bytes_come_back(void) {
    unsigned seed = 1;
    for (int i = 0; i < 20000; i++) {
        char name[32];
        size_t n = 0;
        for (; n < sizeof(name) - 1; n++) {
            seed = seed * 1103515245 + 12345;
            name[n] = (char)(seed >> 16 & 0xff);
            if (name[n] == '\0')
                break;
        }
        name[n] = '\0';
        CHECK(is_same(name));
    }
}

static void members_are_found_by_their_whole_name(void) {
    char text[64];
    struct json_member member;
    unsigned count = 0;
    make("/a");
    CHECK(json_number(line, "inode") == UINT64_MAX);
    CHECK(json_number(line, "ino") == 0);
    CHECK(json_number(line, "file") == 0);
    CHECK(json_text(line, "message", text, sizeof(text)) && strcmp(text, "\"text\", \\") == 0);
    CHECK(json_text(line, "pid", text, sizeof(text)) && strcmp(text, "7") == 0);
    CHECK(!json_text(line, "fil", text, sizeof(text)));
    CHECK(!json_text(line, "message", text, 5));
    for (const char *at = line; (at = json_next(at, &member));)
        count++;
    CHECK(count == 7);
}

static void what_is_no_such_line_has_no_members(void) {
    static const char *const lines[] = {"",         "{",          "{}",        "{\"a",
                                        "{\"a\"",   "{\"a\":\"b", "{\"a\":\"", "{\"a\":\"\\",
                                        "[\"a\":1", "{a:1}",      "{ \"a\":1}"};
    char text[8];
    struct json_member member;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        CHECK(!json_next(lines[i], &member));
    CHECK(!json_text("{\"a\":\"\\u0000\"}", "a", text, sizeof(text)));
    CHECK(!json_text("{\"a\":\"\\u12\"}", "a", text, sizeof(text)));
    CHECK(!json_text("{\"a\":\"\\q\"}", "a", text, sizeof(text)));
    CHECK(!json_text("{\"a_hex\":\"0\",\"a\":\"b\"}", "a", text, sizeof(text)));
    CHECK(!json_text("{\"a_hex\":\"00\",\"a\":\"b\"}", "a", text, sizeof(text)));
}

int main(void) {
    check_run("json: names come back byte for byte", names_come_back_byte_for_byte);
    check_run("json: any bytes come back", any_bytes_come_back);
    check_run("json: members are found by their whole name", members_are_found_by_their_whole_name);
    check_run("json: what is no such line has no members", what_is_no_such_line_has_no_members);
    return check_end();
}
