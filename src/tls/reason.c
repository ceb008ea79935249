#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "tls/internal.h"

const char *reason_text(void) {
    unsigned long error = ERR_peek_error();
    if (error == 0)
        return "unknown reason";
    if (ERR_SYSTEM_ERROR(error))
        return strerror(ERR_GET_REASON(error));
    const char *reason = ERR_reason_error_string(error);
    return reason ? reason : "unknown reason";
}

void reason_explain(char error[TLS_ERROR_SIZE], const char *what, const char *file) {
    (void)snprintf(error, TLS_ERROR_SIZE, "%s %.150s: %s", what, file, reason_text());
    ERR_clear_error();
}
