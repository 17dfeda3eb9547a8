/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/base/utf8.h"

#include <stdint.h>
#include <unistr.h>

bool kfpb_utf8_valid(const char *text, size_t length)
{
    return length == 0 || u8_check((const uint8_t *) text, length) == NULL;
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
