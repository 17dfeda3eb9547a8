/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "migrate/report/html.h"

/* A bar takes ten units of width, the tallest one a hundred of height; the page stretches the picture. */
enum { SLOT = 10, BAR = 8, HEIGHT = 100, FEWEST_SLOTS = 8 };

static const struct {
    const char *key, *words;
} kinds[] = {{"succeeded", "succeeded"}, {"failed", "failed"}, {"other", "running or other"}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static json_int_t total_of(const json_t *bin)
{
    json_int_t total = 0;
    for (size_t k = 0; k < KINDS; k++)
        total += fact_number(bin, kinds[k].key);
    return total;
}

static void date_of(json_int_t seconds, bool hours, char *out, size_t size)
{
    const time_t at = (time_t) seconds;
    struct tm utc;
    if (gmtime_r(&at, &utc) == NULL || strftime(out, size, hours ? "%Y-%m-%d %H:00" : "%Y-%m-%d", &utc) == 0)
        out[0] = '\0';
}

static void add_bar(kfpb_text *out, const json_t *bin, size_t slot, json_int_t most, bool hours)
{
    const json_int_t total = total_of(bin);
    double top = HEIGHT;
    char date[32];
    if (total == 0)
        return;
    date_of(fact_number(bin, "start"), hours, date, sizeof date);
    kfpb_text_printf(out, "<g><title>%s: %" JSON_INTEGER_FORMAT " run%s", date, total, total == 1 ? "" : "s");
    if (fact_number(bin, "failed") > 0)
        kfpb_text_printf(out, ", %" JSON_INTEGER_FORMAT " failed", fact_number(bin, "failed"));
    kfpb_text_add(out, "</title>");
    for (size_t k = 0; k < KINDS; k++) {
        const json_int_t runs = fact_number(bin, kinds[k].key);
        const double height = (double) runs * HEIGHT / (double) most;
        if (runs == 0)
            continue;
        top -= height;
        kfpb_text_printf(out, "<rect class=\"%s\" x=\"%zu\" y=\"%.2f\" width=\"%d\" height=\"%.2f\"/>", kinds[k].key,
                         slot * SLOT + (SLOT - BAR) / 2, top, BAR, height);
    }
    kfpb_text_add(out, "</g>");
}

static void add_legend(kfpb_text *out, const json_int_t *totals)
{
    kfpb_text_add(out, "<ul class=\"legend\">");
    for (size_t k = 0; k < KINDS; k++) {
        if (totals[k] == 0)
            continue;
        kfpb_text_printf(out, "<li><i class=\"%s\"></i>%s <b>", kinds[k].key, kinds[k].words);
        html_number(out, totals[k]);
        kfpb_text_add(out, "</b></li>");
    }
    kfpb_text_add(out, "</ul>");
}

void html_chart(kfpb_text *out, const json_t *timeline)
{
    const json_t *bins = json_object_get(timeline, "bins");
    const size_t count = json_array_size(bins);
    const char *unit = fact_text(timeline, "unit");
    const bool hours = strcmp(unit, "hour") == 0;
    json_int_t most = 1, totals[KINDS] = {0};
    char first[32], last[32];
    if (count == 0) {
        kfpb_text_add(out, "<p class=\"quiet\">No imported run is in run_details.</p>");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *bin = json_array_get(bins, i);
        most = total_of(bin) > most ? total_of(bin) : most;
        for (size_t k = 0; k < KINDS; k++)
            totals[k] += fact_number(bin, kinds[k].key);
    }
    const size_t slots = count > FEWEST_SLOTS ? count : FEWEST_SLOTS;
    const json_t *end = json_array_get(bins, count - 1);
    date_of(fact_number(json_array_get(bins, 0), "start"), hours, first, sizeof first);
    date_of(fact_number(end, "start") + (hours ? 0 : fact_number(timeline, "seconds") - 1), hours, last, sizeof last);

    kfpb_text_add(out, "<figure class=\"chart\"><div class=\"plot\"><span class=\"most\">");
    html_number(out, most);
    kfpb_text_printf(
        out,
        "</span><svg viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Runs by "
        "the time they began, from %s to %s\">",
        slots * SLOT, HEIGHT, first, last);
    kfpb_text_printf(out,
                     "<path class=\"grid\" d=\"M0 0H%zuM0 50H%zuM0 100H%zu\" vector-effect=\"non-scaling-stroke\"/>",
                     slots * SLOT, slots * SLOT, slots * SLOT);
    for (size_t i = 0; i < count; i++)
        add_bar(out, json_array_get(bins, i), (slots - count) / 2 + i, most, hours);
    kfpb_text_printf(
        out, "</svg></div><figcaption><span>%s</span><span>a bar is a%s %s</span><span>%s</span></figcaption>", first,
        hours ? "n" : "", strncmp(unit, "30", 2) == 0 || strncmp(unit, "90", 2) == 0 ? "" : unit, last);
    add_legend(out, totals);
    kfpb_text_add(out, "</figure>");
}

void html_shares(kfpb_text *out, const json_t *parts)
{
    json_int_t total = 0;
    const char *key;
    json_t *value;
    json_object_foreach((json_t *) (uintptr_t) parts, key, value) total += json_integer_value(value);
    if (total == 0)
        return;
    kfpb_text_add(out, "<div class=\"shares\" role=\"presentation\">");
    json_object_foreach((json_t *) (uintptr_t) parts, key, value)
    {
        kfpb_text_add(out, "<span class=\"s-");
        html_text(out, key);
        kfpb_text_printf(out, "\" style=\"flex-grow:%" JSON_INTEGER_FORMAT "\"></span>", json_integer_value(value));
    }
    kfpb_text_add(out, "</div><ul class=\"legend\">");
    json_object_foreach((json_t *) (uintptr_t) parts, key, value)
    {
        kfpb_text_add(out, "<li><i class=\"s-");
        html_text(out, key);
        kfpb_text_add(out, "\"></i>");
        html_text(out, key);
        kfpb_text_add(out, " <b>");
        html_number(out, json_integer_value(value));
        kfpb_text_add(out, "</b></li>");
    }
    kfpb_text_add(out, "</ul>");
}
