/*
 * Fuzzes what the uploader reads of strangers without a session: replies, the ports in 227 and 229,
 * paths, sizes and digests, lists of features; and URLs and ~/.netrc.
 */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/features.c"
#include "client/netrc.c"
#include "client/number.c"
#include "client/reply.c"
#include "client/url.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition) {
    if (!condition)
        abort();
}

/* A port is what a plain reading of its digits gives. */
static void fuzz_ports(const char *line) {
    char again[64];
    int port = reply_epsv_port(line);
    must(port == -1 || (port > 0 && port <= UINT16_MAX));
    if (port > 0) {
        (void)snprintf(again, sizeof(again), "229 x (|||%d|)", port);
        must(reply_epsv_port(again) == port);
        (void)snprintf(again, sizeof(again), "%d", port);
        must(strstr(line, again) != NULL);
    }
    port = strlen(line) >= 3 ? reply_pasv_port(line) : -1;
    must(port == -1 || (port > 0 && port <= UINT16_MAX));
    if (port > 0) {
        (void)snprintf(again, sizeof(again), ",%d,%d", port / 256, port % 256);
        must(strchr(line, ',') != NULL);
        (void)snprintf(again, sizeof(again), "227 x (1,2,3,4,%d,%d)", port / 256, port % 256);
        must(reply_pasv_port(again) == port);
    }
}

static void fuzz_values(const char *line) {
    char text[32], digest[33];
    must(!reply_path(line, text, sizeof(text)) || (*text && strlen(text) < sizeof(text)));
    must(reply_size(line) >= -1);
    must(!reply_digest(line, digest, 32) || strspn(digest, "0123456789abcdef") == 32);
}

/* Lines, until the reply is whole; then what it lists. */
static void fuzz_reply(const char *text) {
    static struct reply reply;
    struct features features;
    char value[16];
    reply_reset(&reply);
    while (*text && !reply.whole) {
        size_t length = strcspn(text, "\n");
        (void)reply_count(&reply, length + 1);
        if (!reply.whole)
            (void)reply_add(&reply, text, length);
        text += length + (text[length] == '\n');
    }
    must(reply.length <= REPLY_SIZE && reply.code >= REPLY_NONE && reply.code <= 999);
    features_read(&features, &reply);
    must(strlen(features.hash) < FEATURES_HASH_SIZE && (!features.by_hash || *features.hash));
    must(!reply_feature_value(&reply, "HASH", value, sizeof(value)) || strlen(value) < 16);
    const char *last = reply_last_line(&reply);
    must(!last || strlen(last) < REPLY_SIZE);
}

/* What is accepted has no line break, and a host and a port. */
static void fuzz_url(const char *text) {
    struct url url;
    char server[URL_SERVER_SIZE];
    if (url_read(text, NULL, &url) != NULL)
        return;
    must(url_is_port(url.port));
    if (url_is_one(text))
        must(*url.host && !strpbrk(url.path, "\r\n") && !strpbrk(url.user, "\r\n"));
    url_server(&url, server);
    must(strlen(server) < sizeof(server));
}

static void fuzz_netrc(const char *text) {
    struct netrc found = {0};
    char *copy = strdup(text);
    must(copy != NULL);
    if (netrc_find(copy, "host", "me", &found))
        must(!*found.login || strcmp(found.login, "me") == 0);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    fuzz_ports(text);
    fuzz_values(text);
    fuzz_reply(text);
    fuzz_url(text);
    fuzz_netrc(text);
    free(text);
    return 0;
}
