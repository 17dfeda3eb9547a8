/* SPDX-License-Identifier: Apache-2.0 */
/* ids.h: the identifiers of imported rows, and names that are too long for their column. */
#ifndef KFPM_MAP_IDS_H
#define KFPM_MAP_IDS_H

#include "migrate/map/context.h"

enum { MAP_UUID_SIZE = 37 };
enum { MAP_NAME_LIMIT = 128, MAP_KEY_LIMIT = 191 }; /* characters */

/* UUIDv5 in the DNS namespace of the name, behind "<source id>:" if there is a source id. In the arena. */
const char *map_uuid(map_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text itself if it has at most `limit` characters; else its first limit-9, a hyphen and the first eight digits of
 * the SHA-256 of the whole, so that two long names that begin alike stay two. */
const char *map_cut(map_context *context, const char *text, size_t limit);

#endif
