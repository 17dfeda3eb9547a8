/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/source/text.h"

#include <stdint.h>
#include <string.h>

#include <unistr.h>

/* cp1252's upper half where it differs from ISO 8859-1: 0x80 to 0x9F. The holes hold themselves, as in MySQL. */
static const uint16_t cp1252_high[32] = {
    0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008D, 0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178,
};

static bool is_ascii(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char) bytes[i] >= 0x80)
            return false;
    }
    return true;
}

static bool is_utf8(const char *bytes, size_t length)
{
    return u8_check((const uint8_t *) bytes, length) == NULL;
}

/* The cp1252 byte of a character, -1 if it has none. */
static int cp1252_byte(ucs4_t c)
{
    if (c < 0x80 || (c >= 0xA0 && c <= 0xFF))
        return (int) c;
    for (int i = 0; i < 32; i++) {
        if (cp1252_high[i] == c)
            return 0x80 + i;
    }
    return -1;
}

/* Valid UTF-8 taken back to the cp1252 bytes that it was made of; false if some character has none. `out` has room for
 * `length` bytes: no character gets longer. */
static bool to_cp1252(const char *text, size_t length, char *out, size_t *out_length)
{
    size_t n = 0;

    for (size_t i = 0; i < length;) {
        ucs4_t c;
        int step = u8_mbtouc(&c, (const uint8_t *) text + i, length - i);
        int byte = cp1252_byte(c);
        if (byte < 0)
            return false;
        out[n++] = (char) byte;
        i += (size_t) step;
    }
    *out_length = n;
    return true;
}

/* Text that is not UTF-8 and may well be cp1252: no UTF-8 sequence in it, and none of the holes. */
static bool looks_like_cp1252(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char b = (unsigned char) bytes[i];
        if (b < 0x80)
            continue;
        if (b < 0xA0 && cp1252_high[b - 0x80] == b)
            return false;
        ucs4_t c;
        if (u8_mbtoucr(&c, (const uint8_t *) bytes + i, length - i) > 1)
            return false;
    }
    return true;
}

/* `out` has room for 3 bytes per byte. */
static size_t from_cp1252(const char *bytes, size_t length, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < length; i++) {
        unsigned char b = (unsigned char) bytes[i];
        ucs4_t c = b >= 0x80 && b < 0xA0 ? cp1252_high[b - 0x80] : b;
        n += (size_t) u8_uctomb((uint8_t *) out + n, c, 4);
    }
    return n;
}

/* Each part that is not UTF-8 becomes U+FFFD. `out` has room for 3 bytes per byte. */
static size_t replace_invalid(const char *bytes, size_t length, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < length;) {
        ucs4_t c; /* u8_mbtouc gives U+FFFD and the length of the part */
        int step = u8_mbtouc(&c, (const uint8_t *) bytes + i, length - i);
        n += (size_t) u8_uctomb((uint8_t *) out + n, c, 4);
        i += (size_t) step;
    }
    return n;
}

static size_t drop_nul(char *text, size_t length)
{
    size_t n = 0;

    for (size_t i = 0; i < length; i++) {
        if (text[i] != '\0')
            text[n++] = text[i];
    }
    return n;
}

const char *mlmd_text_read(const char *bytes, size_t length, mlmd_text_rule rule, kfpb_arena *arena, unsigned *flags)
{
    char *out;
    size_t n = length;

    if (bytes == NULL)
        return NULL;
    if (is_utf8(bytes, length)) {
        out = kfpb_arena_alloc(arena, length + 1);
        if (out == NULL)
            return NULL;
        if (rule == MLMD_TEXT_TWICE && !is_ascii(bytes, length) && to_cp1252(bytes, length, out, &n) &&
            is_utf8(out, n)) {
            *flags |= MLMD_TEXT_REPAIRED; /* its bytes are not ASCII: no ASCII byte stands for a character above */
        } else {
            memcpy(out, bytes, length);
            n = length;
        }
    } else {
        if (length > SIZE_MAX / 4)
            return NULL;
        out = kfpb_arena_alloc(arena, length * 3 + 4);
        if (out == NULL)
            return NULL;
        if (rule != MLMD_TEXT_PLAIN && looks_like_cp1252(bytes, length)) {
            n = from_cp1252(bytes, length, out);
            *flags |= MLMD_TEXT_REPAIRED;
        } else {
            n = replace_invalid(bytes, length, out);
            *flags |= MLMD_TEXT_INVALID;
        }
    }
    if (memchr(out, '\0', n) != NULL) {
        n = drop_nul(out, n);
        *flags |= MLMD_TEXT_NUL_DROPPED;
    }
    out[n] = '\0';
    return out;
}

void mlmd_text_notes(note_list *notes, kfpb_arena *arena, unsigned flags, const char *kind, int64_t id,
                     const char *detail)
{
    static const struct {
        unsigned flag;
        note_reason reason;
    } reasons[] = {
        {MLMD_TEXT_REPAIRED, NOTE_TEXT_REPAIRED},
        {MLMD_TEXT_INVALID, NOTE_INVALID_UTF8},
        {MLMD_TEXT_NUL_DROPPED, NOTE_NUL_DROPPED},
    };

    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (flags & reasons[i].flag)
            note_add(notes, arena, reasons[i].reason, kind, id, detail);
    }
}
