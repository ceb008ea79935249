/*
 * Fuzzes names: whatever a client sends as a path, what is taken is UTF-8, and what the client is
 * shown of it then means the same when it is sent back.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/escape.c"
#include "session/names.c"

enum { SENT_LIMIT = 4096, ROOM = 8192 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition) {
    if (!condition)
        abort();
}

/* Sends back what is shown of one part. */
static void send_back(struct names *names, const char *part, size_t n) {
    char room[NAMES_PART], again[ROOM];
    size_t shown = n;
    const char *bytes = names_show(names, part, &shown, room);
    must(shown < sizeof(again));
    memcpy(again, bytes, shown);
    again[shown] = '\0';
    must(names_take(names, again, sizeof(again)) == 0);
    must(strlen(again) == n && memcmp(again, part, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const encodings[] = {"CP1252", "CP1251",     "CP932", "GB18030",
                                            "CP1258", "BIG5-HKSCS", "EUC-JP"};
    char path[ROOM];
    struct names names;
    if (size == 0 || size > SENT_LIMIT)
        return 0;
    must(names_open(&names, encodings[*data % (sizeof(encodings) / sizeof(encodings[0]))]) == 0);
    memcpy(path, data + 1, size - 1);
    path[size - 1] = '\0';
    if (names_take(&names, path, sizeof(path)) == 0) {
        must(escape_is_utf8(path));
        for (const char *at = path; *at;) {
            size_t n = strcspn(at, "/");
            bool spoken = names.spoken;
            if (n > 0 && n < NAMES_PART)
                send_back(&names, at, n);
            names.spoken = spoken;
            at += n + (at[n] == '/');
        }
    }
    names_close(&names);
    return 0;
}
