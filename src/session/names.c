#include "session/names.h"

#include <ctype.h>
#include <string.h>
#include <sys/types.h>

#include "base/escape.h"

enum { FIRST_ASCII = 0x20, LAST_ASCII = 0x7e };

/* Converts n bytes to text, followed by a NUL. Returns its length, or a negative errno:
 * -NAMES_UNREADABLE, or -E2BIG if there is no room. */
static ssize_t convert(iconv_t by, const char *from, size_t n, char *to, size_t size) {
    char *in = (char *)from, *out = to; /* iconv does not change it */
    size_t room = size - 1;
    (void)iconv(by, NULL, NULL, NULL, NULL);
    size_t inexact = iconv(by, &in, &n, &out, &room);
    if (inexact == 0)
        inexact = iconv(by, NULL, NULL, &out, &room); /* some keep back a letter for its accent */
    if (inexact != 0)
        return errno == E2BIG ? -E2BIG : -NAMES_UNREADABLE;
    *out = '\0';
    return out - to;
}

/* Does the conversion leave text as it is? */
static bool is_kept(iconv_t by, const char *text) {
    char converted[NAMES_PART];
    ssize_t n = convert(by, text, strlen(text), converted, sizeof(converted));
    return n >= 0 && strcmp(converted, text) == 0;
}

static bool keeps_ascii(const struct names *names) {
    char ascii[LAST_ASCII - FIRST_ASCII + 2] = "";
    for (int i = FIRST_ASCII; i <= LAST_ASCII; i++)
        ascii[i - FIRST_ASCII] = (char)i;
    return is_kept(names->from_client, ascii) && is_kept(names->to_client, ascii);
}

/* Opens both ways. What iconv allows after a "/" drops or replaces what cannot be converted; an
 * empty name means the encoding of the process. */
static bool open_both(struct names *names, const char *encoding) {
    if (*encoding == '\0' || strchr(encoding, '/'))
        return false;
    names->from_client = iconv_open("UTF-8", encoding);
    if (names->from_client == (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr) */
        return false;
    names->to_client = iconv_open(encoding, "UTF-8");
    names->converts = names->to_client != (iconv_t)-1; /* NOLINT(performance-no-int-to-ptr) */
    if (!names->converts)
        (void)iconv_close(names->from_client);
    return names->converts;
}

const char names_complaint[] = "not an encoding that iconv -l lists and that contains ASCII";

int names_open(struct names *ret_names, const char *from) {
    *ret_names = (struct names){.refuses = strcmp(from, "refuse") == 0};
    if (ret_names->refuses || strcmp(from, "raw") == 0)
        return 0;
    if (open_both(ret_names, from) && keeps_ascii(ret_names))
        return 0;
    names_close(ret_names);
    return -EINVAL;
}

void names_close(struct names *names) {
    if (names->converts) {
        (void)iconv_close(names->from_client);
        (void)iconv_close(names->to_client);
    }
    *names = (struct names){0};
}

/* Some encodings shift by control characters, which could forge a line of a listing. */
static bool has_control(const char *text) {
    while (*text && !iscntrl((unsigned char)*text))
        text++;
    return *text != '\0';
}

static bool is_ascii(const char *text) {
    while (*text && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* Copies a part that is UTF-8, converts any other. Returns as convert. */
static ssize_t take_part(const struct names *names, const char *sent, size_t n, char *to,
                         size_t size) {
    char part[NAMES_PART];
    if (n >= sizeof(part) || n >= size)
        return -E2BIG;
    memcpy(part, sent, n);
    part[n] = '\0';
    if (!escape_is_utf8(part))
        return convert(names->from_client, part, n, to, size);
    memcpy(to, part, n + 1);
    return (ssize_t)n;
}

/* Part by part, into the room after the path, which is not changed before all is converted. */
static int take_parts(const struct names *names, char *path, size_t size) {
    const char *from = path;
    char *start = path + strlen(path) + 1, *to = start, end;
    do {
        size_t n = strcspn(from, "/");
        ssize_t taken = take_part(names, from, n, to, (size_t)(path + size - to));
        if (taken < 0)
            return taken == -E2BIG ? -ENAMETOOLONG : (int)taken;
        end = from[n];
        from += n + 1;
        to += taken;
        *to++ = end;
    } while (end);
    memmove(path, start, (size_t)(to - start));
    return 0;
}

int names_take(struct names *names, char *path, size_t size) {
    if ((!names->refuses && !names->converts) || is_ascii(path))
        return 0;
    names->spoken = !escape_is_utf8(path);
    if (!names->spoken)
        return 0;
    return names->refuses ? -NAMES_UNREADABLE : take_parts(names, path, size);
}

const char *names_show(const struct names *names, const char *part, size_t *n,
                       char room[NAMES_PART]) {
    char back[NAMES_PART];
    if (!names->spoken || !names->converts)
        return part;
    ssize_t shown = convert(names->to_client, part, *n, room, NAMES_PART);
    if (shown < 0 || has_control(room) || escape_is_utf8(room)) /* which would be read as UTF-8 */
        return part;
    ssize_t n_back = convert(names->from_client, room, (size_t)shown, back, sizeof(back));
    if (n_back != (ssize_t)*n || memcmp(back, part, *n) != 0)
        return part;
    *n = (size_t)shown;
    return room;
}
