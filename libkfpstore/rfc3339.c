/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/rfc3339.h"

#include <stddef.h>
#include <string.h>
#include <time.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* `form`: '0' stands for a digit, anything else for itself. */
static bool looks_like(const char *text, const char *form)
{
    for (; *form != '\0'; form++, text++) {
        if (*form == '0' ? !is_digit(*text) : *text != *form)
            return false;
    }
    return true;
}

static int number(const char *digits, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++)
        value = value * 10 + (digits[i] - '0');
    return value;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool zone(const char *text, int64_t *seconds)
{
    *seconds = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if ((text[0] != '+' && text[0] != '-') || !looks_like(text + 1, "00:00") || text[6] != '\0')
        return false;
    const int hours = number(text + 1, 2), minutes = number(text + 4, 2);
    *seconds = (text[0] == '-' ? -60 : 60) * (int64_t) (hours * 60 + minutes);
    return hours < 24 && minutes < 60;
}

bool kfpsi_rfc3339(const char *text, int64_t *seconds)
{
    int64_t offset = 0;
    if (!looks_like(text, "0000-00-00T00:00:00"))
        return false;
    struct tm t = {
        .tm_year = number(text, 4) - 1900,
        .tm_mon = number(text + 5, 2) - 1,
        .tm_mday = number(text + 8, 2),
        .tm_hour = number(text + 11, 2),
        .tm_min = number(text + 14, 2),
        .tm_sec = number(text + 17, 2),
    };
    const int year = t.tm_year + 1900, month = t.tm_mon + 1;
    if (year < 1 || month < 1 || month > 12 || t.tm_mday < 1 || t.tm_mday > days_in(year, month) || t.tm_hour > 23 ||
        t.tm_min > 59 || t.tm_sec > 59)
        return false;
    text += strlen("0000-00-00T00:00:00");
    if (*text == '.') {
        const char *fraction = ++text;
        while (is_digit(*text))
            text++;
        if (text == fraction || text - fraction > 9)
            return false;
    }
    if (!zone(text, &offset))
        return false;
    *seconds = (int64_t) timegm(&t) - offset;
    return true;
}
