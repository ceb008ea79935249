#include "base/fingerprint.h"

#include <ctype.h>
#include <stddef.h>

bool fingerprint_read(const char *text, char ret[FINGERPRINT_SIZE]) {
    size_t digits = 0;
    for (const char *at = text; *at; at++) {
        if (*at == ':' && digits > 0 && digits % 2 == 0 && at[-1] != ':' && at[1])
            continue;
        if (!isxdigit((unsigned char)*at) || digits == FINGERPRINT_SIZE - 1)
            return false;
        ret[digits++] = (char)tolower((unsigned char)*at);
    }
    ret[digits] = '\0';
    return digits == FINGERPRINT_SIZE - 1;
}
