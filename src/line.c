#include "line.h"

/* RFC 854 */
enum {
    TELNET_SE = 240,
    TELNET_SB = 250,
    TELNET_WILL = 251,
    TELNET_WONT = 252,
    TELNET_DO = 253,
    TELNET_DONT = 254,
    TELNET_IAC = 255,
    TELNET_FIRST = 236 /* EOF, the lowest command; a byte below is no telnet */
};

/* States of struct line's member telnet */
enum { PLAIN, AFTER_IAC, AFTER_OPTION_VERB, SUBNEGOTIATION, SUBNEGOTIATION_IAC };

void line_init(struct line *line) {
    line->telnet = PLAIN;
    line->option_verb = 0;
    line->refusal_length = 0;
    line_reset(line);
}

void line_reset(struct line *line) {
    line->length = 0;
    line->fault = LINE_GOOD;
    line->begun = false;
    line->cr = false;
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
}

/* One byte of text; true at the LF that ends the line. */
static bool take_text(struct line *line, uint8_t byte) {
    line->begun = true;
    if (byte == '\n') {
        line_end(line);
        return true;
    }
    if (line->cr) {
        append(line, '\r');
        line->cr = false;
        if (byte == '\0') /* CR NUL is telnet's bare CR (RFC 2640 section 3.1) */
            return false;
    }
    if (byte == '\r')
        line->cr = true;
    else if (byte == '\0')
        blame(line, LINE_HAS_NUL);
    else
        append(line, byte);
    return false;
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

/* The byte behind an IAC. True when it ended the line. */
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
        /* A client that does not know telnet and has a name in ISO 8859-1 */
        (void)take_text(line, TELNET_IAC);
        return take_text(line, byte);
    }
    return false; /* IP, DM, AYT and the rest mean nothing here */
}

static bool take(struct line *line, uint8_t byte) {
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
    case SUBNEGOTIATION_IAC:
        line->telnet = byte == TELNET_SE ? PLAIN : SUBNEGOTIATION;
        return false;
    default:
        if (byte != TELNET_IAC)
            return take_text(line, byte);
        line->telnet = AFTER_IAC;
        return false;
    }
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

void line_end(struct line *line) {
    line->cr = false;
    line->text[line->length] = '\0';
}
