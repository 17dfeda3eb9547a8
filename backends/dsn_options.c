/* SPDX-License-Identifier: Apache-2.0 */
/* dsn_options.c: one table of option names. What it does not list is refused: a misspelt sslmode must not go unnoticed.
 */
#include "backends/dsn_options.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "backends/base/fail.h"
#include "backends/base/text.h"

typedef struct option_rule {
    const char *scheme;
    const char *name;
    const char *values; /* "a|b|c"; NULL: any text that is not empty; NUMBER: a whole number, 0 or more */
} option_rule;

#define NUMBER "#"

static const option_rule rules[] = {
    {"sqlite", "mode", "ro|rw"},
    {"postgresql", "host", NULL},
    {"postgresql", "sslmode", "disable|allow|prefer|require|verify-ca|verify-full"},
    {"postgresql", "sslrootcert", NULL},
    {"postgresql", "sslcert", NULL},
    {"postgresql", "sslkey", NULL},
    {"postgresql", "sslcrl", NULL},
    {"postgresql", "ssl_min_protocol_version", NULL},
    {"postgresql", "channel_binding", "disable|prefer|require"},
    {"postgresql", "gssencmode", "disable|prefer|require"},
    {"postgresql", "connect_timeout", NUMBER},
    {"postgresql", "application_name", NULL},
    {"postgresql", "keepalives", "0|1"},
    {"postgresql", "keepalives_idle", NUMBER},
    {"postgresql", "keepalives_interval", NUMBER},
    {"postgresql", "keepalives_count", NUMBER},
    {"postgresql", "tcp_user_timeout", NUMBER},
    {"postgresql", "target_session_attrs", "any|read-write|read-only|primary|standby|prefer-standby"},
    {"mysql", "socket", NULL},
    {"mysql", "ssl-mode", "disabled|required|verify-ca|verify-full"},
    {"mysql", "ssl-ca", NULL},
    {"mysql", "ssl-capath", NULL},
    {"mysql", "ssl-cert", NULL},
    {"mysql", "ssl-key", NULL},
    {"mysql", "connect-timeout", NUMBER},
    {"mysql", "read-timeout", NUMBER},
    {"mysql", "write-timeout", NUMBER},
};

static const char *const secrets[] = {"password", "passwd", "pwd", "pass", "sslpassword", "ssl-password"};

/* A name that may be repeated in a message: whatever else stands there could be half of a password. */
static bool printable_name(const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char) name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    }
    return length > 0 && length <= 40;
}

static bool one_of(const char *values, const char *value)
{
    const size_t length = strlen(value);
    for (const char *p = values;; p++) {
        const size_t item = strcspn(p, "|");
        if (item == length && memcmp(p, value, length) == 0)
            return true;
        p += item;
        if (*p == '\0')
            return false;
    }
}

static kfps_status check_value(const option_rule *rule, const char *value, kfps_error *error)
{
    int64_t number;
    if (value[0] == '\0')
        return kfpb_fail(error, KFPS_INVALID, "the DSN's option \"%s\" has no value", rule->name);
    if (rule->values == NULL) {
        /* Connector/C takes its options as one text in which a semicolon separates them. */
        if (strcmp(rule->scheme, "mysql") == 0 && strchr(value, ';') != NULL)
            return kfpb_fail(error, KFPS_INVALID, "the value of the DSN's option \"%s\" must not hold a semicolon",
                             rule->name);
        return KFPS_OK;
    }
    if (strcmp(rule->values, NUMBER) == 0) {
        if (!isdigit((unsigned char) value[0]) || !kfpb_parse_int(value, &number) || number > INT32_MAX)
            return kfpb_fail(error, KFPS_INVALID, "the DSN's option \"%s\" takes a whole number", rule->name);
        return KFPS_OK;
    }
    if (!one_of(rule->values, value))
        return kfpb_fail(error, KFPS_INVALID, "the DSN's option \"%s\" takes one of %s", rule->name, rule->values);
    return KFPS_OK;
}

kfps_status kfpb_dsn_option_check(const char *scheme, const char *name, const char *value, kfps_error *error)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (strcasecmp(name, secrets[i]) == 0)
            return kfpb_fail(error, KFPS_INVALID,
                             "the DSN holds a password (option \"%s\"): DSNs are seen in process lists and logs; give "
                             "it in KFPSTORE_SOURCE_PASSWORD or KFPSTORE_TARGET_PASSWORD, or as a file in "
                             "KFPSTORE_SOURCE_PASSWORD_FILE or KFPSTORE_TARGET_PASSWORD_FILE",
                             secrets[i]);
    }
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(rules[i].scheme, scheme) == 0 && strcmp(rules[i].name, name) == 0)
            return check_value(&rules[i], value, error);
    }
    if (!printable_name(name))
        return kfpb_fail(error, KFPS_INVALID, "the DSN has an option with a malformed name");
    if (strcmp(scheme, "postgresql") == 0 && strcmp(name, "options") == 0)
        return kfpb_fail(error, KFPS_INVALID,
                         "the DSN's option \"options\" is not allowed: the session's settings are the program's own");
    return kfpb_fail(error, KFPS_INVALID, "the DSN has an option \"%s\", which %s does not have; see kfp-migrate(1)",
                     name, scheme);
}
