/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/report/timeline.h"

#include <stdlib.h>
#include <uthash.h>

enum { HOUR = 3600 };
static const int64_t last_second = 253402300799; /* of the year 9999 */

/* The runs of one hour. */
typedef struct timeline_hour {
    int64_t start;
    json_int_t runs[TIMELINE_KINDS];
    UT_hash_handle hh;
} timeline_hour;

bool timeline_add(timeline *t, int64_t seconds, timeline_kind kind)
{
    if (seconds <= 0 || seconds > last_second)
        return true;
    const int64_t start = seconds / HOUR * HOUR;
    timeline_hour *hour = NULL;
    HASH_FIND(hh, t->hours, &start, sizeof start, hour);
    if (hour == NULL) {
        if ((hour = calloc(1, sizeof *hour)) == NULL)
            return false;
        hour->start = start;
        HASH_ADD(hh, t->hours, start, sizeof hour->start, hour);
    }
    hour->runs[kind]++;
    return true;
}

/* Weeks begin on a Monday; 1970 began on a Thursday. */
static const struct {
    const char *name;
    int64_t seconds, offset;
} units[] = {
    {"hour", HOUR, 0},
    {"day", 24 * HOUR, 0},
    {"week", 7 * 24 * HOUR, 4 * 24 * HOUR},
    {"30 days", 30 * 24 * HOUR, 0},
    {"90 days", 90 * 24 * HOUR, 0},
    {"year", 365 * 24 * HOUR, 0},
    {"century", (int64_t) 36525 * 24 * HOUR, 0},
    {"millennium", (int64_t) 365250 * 24 * HOUR, 0},
};

static int64_t bin_of(size_t unit, int64_t seconds)
{
    const int64_t since = seconds - units[unit].offset;
    return since < 0 ? -1 : since / units[unit].seconds;
}

json_t *timeline_facts(const timeline *t)
{
    static const char *const kinds[] = {"succeeded", "failed", "other"};
    json_t *bins = json_array();
    int64_t first = INT64_MAX, last = 0;
    size_t unit = 0;
    for (const timeline_hour *hour = t->hours; hour != NULL; hour = hour->hh.next) {
        first = hour->start < first ? hour->start : first;
        last = hour->start > last ? hour->start : last;
    }
    while (unit + 1 < sizeof units / sizeof *units && bin_of(unit, last) - bin_of(unit, first) >= FACTS_BINS)
        unit++;
    const int64_t count = t->hours != NULL ? bin_of(unit, last) - bin_of(unit, first) + 1 : 0;
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(
            bins, json_pack("{s:I,s:i,s:i,s:i}", "start",
                            (json_int_t) ((bin_of(unit, first) + i) * units[unit].seconds + units[unit].offset),
                            kinds[0], 0, kinds[1], 0, kinds[2], 0));
    for (const timeline_hour *hour = t->hours; hour != NULL; hour = hour->hh.next) {
        json_t *bin = json_array_get(bins, (size_t) (bin_of(unit, hour->start) - bin_of(unit, first)));
        for (size_t k = 0; k < TIMELINE_KINDS; k++)
            json_object_set_new(bin, kinds[k],
                                json_integer(json_integer_value(json_object_get(bin, kinds[k])) + hour->runs[k]));
    }
    return json_pack("{s:s,s:I,s:o}", "unit", units[unit].name, "seconds", (json_int_t) units[unit].seconds, "bins",
                     bins);
}

void timeline_free(timeline *t)
{
    timeline_hour *hour, *next;
    HASH_ITER(hh, t->hours, hour, next)
    {
        HASH_DEL(t->hours, hour);
        free(hour);
    }
}
