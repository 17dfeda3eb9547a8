/* SPDX-License-Identifier: Apache-2.0 */
#include "migrate/notes.h"

#include <string.h>

#include "migrate/shown.h"

static const note_reason_info reasons[NOTE_REASON_COUNT] = {
#define X(id, text, class, meaning) [NOTE_##id] = {text, NOTE_##class, meaning},
    NOTE_REASONS(X)
#undef X
};

const note_reason_info *note_info(note_reason reason)
{
    static const note_reason_info unknown = {"unknown", NOTE_REJECT, "a reason that this version does not know"};

    return (unsigned) reason < NOTE_REASON_COUNT ? &reasons[reason] : &unknown;
}

note_reason note_reason_find(const char *text)
{
    for (unsigned i = 0; text != NULL && i < NOTE_REASON_COUNT; i++) {
        if (strcmp(reasons[i].text, text) == 0)
            return (note_reason) i;
    }
    return NOTE_REASON_COUNT;
}

void note_add(note_list *list, kfpb_arena *arena, note_reason reason, const char *kind, int64_t id, const char *detail)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 8 : list->capacity * 2;
        note *items = kfpb_arena_array(arena, capacity, sizeof *items);
        if (items == NULL)
            return;
        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    const char *copy = shown_copy(arena, detail);
    if (detail != NULL && copy == NULL)
        return;
    list->items[list->count++] = (note){.reason = reason, .kind = kind, .id = id, .detail = copy};
}
