#include "log/json.c"

#include "base/escape.c"
#include "check.h"

static const struct event_kind kind = {"uploaded", LOG_LEVEL_INFO, ""};
static char line[JSON_LIMIT];

/* Makes a line of a file's name and a text. Returns its length. */
static size_t make(const char *file, const char *text) {
    const struct timespec time = {.tv_sec = 1, .tv_nsec = 2000};
    struct record record = {.kind = &kind, .text = text};
    record.facts[record.count++] = (struct fact){"file", file, false};
    record.facts[record.count++] = (struct fact){"bytes", "5", true};
    return json_line(line, 0, &record, &time, 7);
}

static bool is(const char *file, const char *text, const char *members) {
    char whole[512];
    (void)snprintf(
        whole, sizeof(whole),
        "{\"time\":\"1970-01-01T00:00:01.000002Z\",\"level\":\"info\",\"event\":\"uploaded\","
        "\"pid\":7,%s}\n",
        members);
    return make(file, text) == strlen(whole) && strcmp(line, whole) == 0;
}

static void facts_are_members(void) {
    CHECK(is("/a", "text", "\"file\":\"/a\",\"bytes\":5,\"message\":\"text\""));
    CHECK(is("/\"\\\x01\xe2\x80\xa8", "\"",
             "\"file\":\"/\\\"\\\\\\u0001\\u2028\",\"bytes\":5,\"message\":\"\\\"\""));
    CHECK(is("/\xff", "x",
             "\"file\":\"/\\\\xff\",\"file_hex\":\"2fff\",\"bytes\":5,\"message\":\"x\""));
}

/* One object, whose strings are closed, in one line. */
static bool is_whole(size_t length) {
    bool in_string = false;
    int depth = 0;
    for (size_t i = 0; i + 1 < length; i++) {
        if (in_string && line[i] == '\\')
            i++;
        else if (line[i] == '"')
            in_string = !in_string;
        else if (!in_string)
            depth += (line[i] == '{') - (line[i] == '}');
        if (line[i] == '\n')
            return false;
    }
    return !in_string && depth == 0 && line[length - 1] == '\n' && strlen(line) == length;
}

static void whatever_is_cut_stays_json(void) {
    static char file[40000], text[RECORD_LIMIT];
    static const char bytes[] = {'a', '"', '\\', '\x01', '\xff', '\x80'};
    for (size_t i = 0; i < sizeof(bytes); i++) {
        for (size_t size = 1000; size < sizeof(file); size = size * 9 / 7) {
            memset(file, bytes[i], size);
            memset(text, '\\', sizeof(text) - 1);
            size_t length = make(file, text);
            CHECK(length < JSON_LIMIT && is_whole(length));
            CHECK(strstr(line, ",\"bytes\":5,\"message\":\"") != NULL);
        }
    }
}

int main(void) {
    check_run("json: facts are members, and what JSON cannot carry has a twin", facts_are_members);
    check_run("json: whatever is cut, it stays one object", whatever_is_cut_stays_json);
    return check_end();
}
