#include "net/line.h"

#include <string.h>

/* RFC 854 */
enum {
    TELNET_SE = 240,
    TELNET_SB = 250,
    TELNET_WILL = 251,
    TELNET_WONT = 252,
    TELNET_DO = 253,
    TELNET_DONT = 254,
    TELNET_IAC = 255,
    TELNET_FIRST = 236 /* EOF, the lowest command; a byte below it is not telnet */
};

/* States of struct line's member telnet */
enum { PLAIN, AFTER_IAC, AFTER_OPTION_VERB, SUBNEGOTIATION, SUBNEGOTIATION_IAC };

void line_init(struct line *line) {
    line->doubles_none = false;
    line->used = 0;
    line->refusal_length = 0;
    line_reset(line);
}

void line_reset(struct line *line) {
    line->length = 0;
    line->fault = LINE_GOOD;
    line->begun = line->in_argument = line->after_cr = false;
    line->crs = 0;
    line->telnet = PLAIN;
    line->option_verb = 0;
}

static void blame(struct line *line, enum line_fault fault) {
    if (line->fault == LINE_GOOD)
        line->fault = fault;
}

static void append(struct line *line, uint8_t byte) {
    if (line->length >= LINE_LIMIT) {
        blame(line, LINE_TOO_LONG);
        return;
    }
    line->text[line->length++] = (char)byte;
    if (line->used < line->length)
        line->used = line->length;
    line->in_argument |= byte == ' ';
}

/* One byte of text except CR, LF and NUL, after CRs that did not belong to a line end. */
static void take_plain(struct line *line, uint8_t byte) {
    for (; line->crs > 0; line->crs--)
        append(line, '\r');
    append(line, byte);
}

/* One byte of text; true at the LF that ends the line. */
static bool take_text(struct line *line, uint8_t byte) {
    bool is_bare_cr = byte == '\0' && line->after_cr; /* telnet's CR NUL (RFC 2640 section 3.1) */
    if (is_bare_cr || (byte == '\0' && !line->begun)) {
        line->after_cr = false;
        return false;
    }
    line->begun = true;
    line->after_cr = byte == '\r';
    if (byte == '\n')
        line_end(line);
    else if (byte == '\0')
        blame(line, LINE_HAS_NUL);
    else if (byte != '\r')
        take_plain(line, byte);
    else if (line->crs <= LINE_LIMIT) /* more would be too long as well */
        line->crs++;
    return byte == '\n';
}

/* Answers WILL by DONT and DO by WONT; a refusal asks for no answer. */
static void refuse_option(struct line *line, uint8_t option) {
    if (line->option_verb != TELNET_WILL && line->option_verb != TELNET_DO)
        return;
    if (line->refusal_length + 3 > sizeof(line->refusal))
        return;
    line->refusal[line->refusal_length++] = TELNET_IAC;
    line->refusal[line->refusal_length++] =
        line->option_verb == TELNET_WILL ? TELNET_DONT : TELNET_WONT;
    line->refusal[line->refusal_length++] = option;
}

/* The byte after an IAC. Returns true if it ended the line. */
static bool take_telnet(struct line *line, uint8_t byte) {
    line->telnet = PLAIN;
    if (byte == TELNET_IAC)
        return take_text(line, TELNET_IAC);
    if (byte >= TELNET_WILL) {
        line->option_verb = byte;
        line->telnet = AFTER_OPTION_VERB;
    } else if (byte == TELNET_SB) {
        line->telnet = SUBNEGOTIATION;
    } else if (byte < TELNET_FIRST) {
        (void)take_text(line, TELNET_IAC);
        return take_text(line, byte);
    }
    return false; /* IP, DM, AYT and the rest mean nothing here */
}

/* One byte within a telnet command. Returns true if it ended the line: an LF after an option verb
 * or in a subnegotiation does, so that a client that knows nothing of telnet loses no later
 * line. */
static bool take_command(struct line *line, uint8_t byte) {
    if (byte == '\n' && line->telnet != AFTER_IAC) {
        line->telnet = PLAIN;
        return take_text(line, byte);
    }
    switch (line->telnet) {
    case AFTER_IAC:
        return take_telnet(line, byte);
    case AFTER_OPTION_VERB:
        refuse_option(line, byte);
        line->telnet = PLAIN;
        return false;
    case SUBNEGOTIATION:
        if (byte == TELNET_IAC)
            line->telnet = SUBNEGOTIATION_IAC;
        return false;
    default:
        line->telnet = byte == TELNET_SE ? PLAIN : SUBNEGOTIATION;
        return false;
    }
}

static bool take(struct line *line, uint8_t byte) {
    if (line->telnet != PLAIN)
        return take_command(line, byte);
    if (byte != TELNET_IAC || line->in_argument)
        return take_text(line, byte);
    line->telnet = AFTER_IAC;
    return false;
}

const char *line_so_far(struct line *line) {
    line->text[line->length] = '\0';
    return line->text;
}

void line_forget_refusal(struct line *line) {
    line->refusal_length = 0;
}

void line_wipe(struct line *line) {
    explicit_bzero(line->text, line->used);
    line->used = 0;
}

size_t line_feed(struct line *line, const uint8_t *bytes, size_t n, bool *ret_ended) {
    for (size_t i = 0; i < n; i++) {
        if (take(line, bytes[i])) {
            *ret_ended = true;
            return i + 1;
        }
    }
    *ret_ended = false;
    return n;
}

/* How many bytes 255 are at the beginning of text. */
static size_t count_iacs(const char *text) {
    size_t n = 0;
    while ((uint8_t)text[n] == TELNET_IAC)
        n++;
    return n;
}

/* Is there a 255 in text that cannot be one of two that mean one? */
static bool has_single(const char *text) {
    size_t n = 0;
    for (; *text && n % 2 == 0; text += n ? n : 1)
        n = count_iacs(text);
    return n % 2 != 0;
}

/* Makes one 255 of each two. */
static void halve_iacs(struct line *line, char *text) {
    char *to = text;
    while (*text) {
        text += (uint8_t)text[0] == TELNET_IAC && (uint8_t)text[1] == TELNET_IAC;
        *to++ = *text++;
    }
    *to = '\0';
    line->length = (size_t)(to - line->text);
}

void line_end(struct line *line) {
    line->crs = 0;
    line->text[line->length] = '\0';
    if (!line->in_argument)
        return;
    char *argument = strchr(line->text, ' ');
    line->doubles_none |= has_single(argument);
    if (!line->doubles_none)
        halve_iacs(line, argument);
}
