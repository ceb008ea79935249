/*
 * Fuzzes the whole session under TLS, as session.c does without: what stands in for TLS stalls,
 * gives little, ends, fails and tears. The first byte of the input tells how TLS is served; the
 * next two, how long the two parts are that follow: the plan for TLS (see tls_standin.h), and what
 * the client sends before the handshake. The rest is what it sends inside TLS.
 *
 * What must be true besides: TLS is used as tls.h wants it; no upload counts as whole whose data
 * connection did not end with close_notify, but for those that ALLO measured; all streams of data
 * connections are closed in the end.
 */
#include <sys/uio.h>

#include "session/secure.h"
#include "session/session.h"
#include "tls_standin.h"

/* How TLS is served, by the first byte */
static struct {
    enum tls_mode mode;
    bool reuse;
} fuzz_tls;

static const struct tls_library fuzz_library = STANDIN_LIBRARY;
static const struct secure_setup fuzz_secure = {.library = &fuzz_library,
                                                .context = &standin_context};

static void fuzz_configure(struct config *config) {
    config->tls = fuzz_tls.mode;
    config->tls_require_reuse = fuzz_tls.reuse;
}

static bool is_field(const struct iovec *field, const char *text) {
    return field->iov_len == strlen(text) && memcmp(field->iov_base, text, field->iov_len) == 0;
}

/* last_end: 1 where it was an upload in clear text, or inline. */
static void fuzz_check_field(const struct iovec *field) {
    if (is_field(field, "STORD_VERDICT=close"))
        STANDIN_MUST(standin.last_end == 0 || standin.last_end == 1);
}

static bool fuzz_is_torn(void) {
    return standin.torn;
}

#define FUZZ_TLS
#define LLVMFuzzerTestOneInput fuzz_session
#include "session.c"
#undef LLVMFuzzerTestOneInput

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const enum tls_mode modes[] = {TLS_ALLOW, TLS_REQUIRE, TLS_IMPLICIT};
    if (size < 3 || size - 3 < (size_t)data[1] + data[2])
        return 0;
    const uint8_t *plan = data + 3, *clear = plan + data[1], *inside = clear + data[2];
    size_t n = size - (size_t)(inside - data);
    fuzz_tls.mode = modes[data[0] % 3];
    fuzz_tls.reuse = data[0] & 4;
    standin_reset(plan, data[1]);
    standin.inside = memfd_create("inside", MFD_CLOEXEC);
    must(standin.inside >= 0 && write(standin.inside, inside, n) == (ssize_t)n &&
         lseek(standin.inside, 0, SEEK_SET) == 0);
    int result =
        fuzz_tls.mode == TLS_IMPLICIT ? fuzz_session(inside, n) : fuzz_session(clear, data[2]);
    must(close(standin.inside) == 0);
    must(standin_open() <= 1); /* that of the control connection goes with the process */
    return result;
}
