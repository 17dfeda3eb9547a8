/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/map/ids.h"

#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>
#include <uuid/uuid.h>

const char *map_uuid(map_context *context, const char *format, ...)
{
    char small[256];
    char *name = small;
    const char *source = context->options->source_id != NULL ? context->options->source_id : "";
    const size_t prefix = source[0] != '\0' ? strlen(source) + 1 : 0;
    va_list arguments;

    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    const size_t size = prefix + (size_t) (length > 0 ? length : 0) + 1;
    if (size > sizeof small) {
        name = malloc(size);
        if (name == NULL) {
            context->arena->out_of_memory = true;
            return "";
        }
    }
    if (prefix > 0) {
        memcpy(name, source, prefix - 1);
        name[prefix - 1] = ':';
    }
    va_start(arguments, format);
    vsnprintf(name + prefix, size - prefix, format, arguments);
    va_end(arguments);

    uuid_t id;
    char text[MAP_UUID_SIZE];
    uuid_generate_sha1(id, *uuid_get_template("dns"), name, size - 1);
    uuid_unparse_lower(id, text);
    if (name != small)
        free(name);
    const char *copy = kfpb_arena_textn(context->arena, text, MAP_UUID_SIZE - 1);
    return copy != NULL ? copy : "";
}

const char *map_cut(map_context *context, const char *text, size_t limit)
{
    const size_t length = strlen(text);

    if (length <= limit || u8_mbsnlen((const uint8_t *) text, length) <= limit)
        return text;
    size_t kept = 0;
    for (size_t characters = 0; characters < limit - 9; characters++) {
        kept++;
        while (((unsigned char) text[kept] & 0xc0) == 0x80)
            kept++;
    }
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_init(&sha);
    sha256_update(&sha, length, (const uint8_t *) text);
    sha256_digest(&sha, sizeof digest, digest);
    const char *cut = kfpb_arena_printf(context->arena, "%.*s-%02x%02x%02x%02x", (int) kept, text, digest[0], digest[1],
                                        digest[2], digest[3]);
    return cut != NULL ? cut : "";
}
