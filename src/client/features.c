#include "client/features.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Digests from the best on: OpenSSL's name, HASH's, and the command of its own. */
static const struct {
    const char *name, *word, *command;
} digests[] = {{"SHA512", "SHA-512", "XSHA512"},
               {"SHA256", "SHA-256", "XSHA256"},
               {"SHA1", "SHA-1", "XSHA1"},
               {"SHA1", "SHA-1", "XSHA"},
               {"MD5", "MD5", "XMD5"}};

enum { DIGESTS = sizeof(digests) / sizeof(digests[0]) };

/* Finds a word in the list of HASH: "HASH SHA-256;SHA-1*;MD5". The star stands behind the one that
 * is used. */
static bool lists(const char *list, const char *word, bool *ret_used) {
    size_t length = strlen(word);
    for (const char *at = list; *at; at += strcspn(at, ";"), at += *at == ';') {
        size_t n = strcspn(at, ";");
        bool used = n > 0 && at[n - 1] == '*';
        if (n - used == length && strncasecmp(at, word, length) == 0) {
            *ret_used = used;
            return true;
        }
    }
    return false;
}

static void choose(struct features *features, size_t i, bool by_hash, bool used) {
    const char *word = by_hash ? digests[i].word : digests[i].command;
    (void)snprintf(features->hash, sizeof(features->hash), "%s", digests[i].name);
    (void)snprintf(features->hash_word, sizeof(features->hash_word), "%s", word);
    features->by_hash = by_hash;
    features->must_choose = by_hash && !used;
}

void features_read(struct features *ret, const struct reply *reply) {
    char list[256];
    bool used = false;
    *ret = (struct features){.is_inline = reply_has_feature(reply, "INLINE ALLO"),
                             .declares = reply_has_feature(reply, "SITE SHA256"),
                             .has_mfmt = reply_has_feature(reply, "MFMT")};
    if (reply_feature_value(reply, "HASH", list, sizeof(list)))
        for (size_t i = 0; i < DIGESTS && !*ret->hash; i++)
            if (lists(list, digests[i].word, &used))
                choose(ret, i, true, used);
    for (size_t i = 0; i < DIGESTS && !*ret->hash; i++)
        if (reply_has_feature(reply, digests[i].command) ||
            reply_feature_value(reply, digests[i].command, list, sizeof(list)))
            choose(ret, i, false, false);
}
