/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/base/utf8.h"

#include <stdint.h>
#include <string.h>
#include <unistr.h>

/* How many bytes at the start are ASCII, looked at by eight: most texts are nothing else. */
static size_t ascii_length(const char *text, size_t length)
{
    size_t i = 0;
    for (uint64_t eight; i + sizeof eight <= length; i += sizeof eight) {
        memcpy(&eight, text + i, sizeof eight);
        if ((eight & UINT64_C(0x8080808080808080)) != 0)
            return i;
    }
    return i;
}

bool kfpb_utf8_valid(const char *text, size_t length)
{
    const size_t ascii = ascii_length(text, length);
    return ascii == length || u8_check((const uint8_t *) text + ascii, length - ascii) == NULL;
}

size_t kfpb_utf8_count(const char *text, size_t length)
{
    return length == 0 ? 0 : u8_mbsnlen((const uint8_t *) text, length);
}

size_t kfpb_utf8_cut(const char *text, size_t length)
{
    size_t start = length;
    while (start > 0 && length - start < 3 && ((unsigned char) text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return length;
    const unsigned char lead = (unsigned char) text[start - 1];
    const size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return length - start + 1 < wanted ? start - 1 : length;
}
