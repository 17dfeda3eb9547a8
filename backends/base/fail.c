/* SPDX-License-Identifier: Apache-2.0 */
#include "backends/base/fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backends/base/utf8.h"

/* Formats into a buffer of its own first: an argument may be the old message. */
static void set_message(kfps_error *error, const char *format, va_list list)
{
    char message[sizeof error->message];
    const int length = vsnprintf(message, sizeof message, format, list);
    if (length < 0)
        message[0] = '\0';
    else if ((size_t) length >= sizeof message)
        message[kfpb_utf8_cut(message, sizeof message - 1)] = '\0';
    memcpy(error->message, message, strlen(message) + 1);
}

static void fill(kfps_error *error, kfps_status code, int32_t element, const char *format, va_list list)
{
    set_message(error, format, list);
    error->code = code;
    error->vendor_code = 0;
    error->element = element;
    error->sqlstate[0] = '\0';
}

kfps_status kfpb_fail(kfps_error *error, kfps_status code, const char *format, ...)
{
    if (error != NULL) {
        va_list list;
        va_start(list, format);
        fill(error, code, -1, format, list);
        va_end(list);
    }
    return code;
}

kfps_status kfpb_fail_at(kfps_error *error, size_t element, kfps_status code, const char *format, ...)
{
    if (error != NULL) {
        va_list list;
        va_start(list, format);
        fill(error, code, element <= INT32_MAX ? (int32_t) element : -1, format, list);
        va_end(list);
    }
    return code;
}

kfps_status kfpb_fail_no_memory(kfps_error *error)
{
    return kfpb_fail(error, KFPS_NO_MEMORY, "out of memory");
}

void kfpb_error_clear(kfps_error *error)
{
    if (error == NULL)
        return;
    error->code = KFPS_OK;
    error->vendor_code = 0;
    error->element = -1;
    error->sqlstate[0] = '\0';
    error->message[0] = '\0';
}

static void __attribute__((format(printf, 2, 3))) set(kfps_error *error, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    set_message(error, format, list);
    va_end(list);
}

kfps_status kfpb_error_prefix(kfps_error *error, const char *format, ...)
{
    if (error == NULL)
        return KFPS_INTERNAL; /* callers that need the code pass an error */
    char prefix[sizeof error->message];
    va_list list;
    va_start(list, format);
    const int length = vsnprintf(prefix, sizeof prefix, format, list);
    va_end(list);
    if (length > 0)
        set(error, "%s: %s", prefix, error->message);
    return (kfps_status) error->code;
}
