/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/list.h: pages, filters and sorting, the same for artifacts, tasks and links.
 *
 * Source: the list and filter packages of backend/src/apiserver of kubeflow/pipelines, branch mlmd-removal. The
 * filter's JSON, the keys, sort_by, defaults and limits are upstream's; kfpstore(7) lists the fields of each resource.
 */
#ifndef KFPSTORE_LIST_H
#define KFPSTORE_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "kfpstore/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { KFPS_PAGE_SIZE_DEFAULT = 20, KFPS_PAGE_SIZE_MAX = 200 };

/** The numbers are those of Predicate.Operation in filter.proto; 4 is a hole there. */
typedef enum kfps_operation {
    KFPS_OP_EQUALS = 1,
    KFPS_OP_NOT_EQUALS = 2,
    KFPS_OP_GREATER_THAN = 3,
    KFPS_OP_GREATER_THAN_EQUALS = 5,
    KFPS_OP_LESS_THAN = 6,
    KFPS_OP_LESS_THAN_EQUALS = 7,
    KFPS_OP_IN = 8,
    KFPS_OP_IS_SUBSTRING = 9
} kfps_operation;

typedef enum kfps_operand {
    KFPS_OPERAND_INT = 1,    /**< int_value: integers, enumerations, times in seconds */
    KFPS_OPERAND_DOUBLE = 2, /**< double_value: number_value only */
    KFPS_OPERAND_STRING = 3, /**< string_value: text; also the name of an enumeration's value ("Model", "SUCCEEDED") */
    KFPS_OPERAND_INTS = 4,   /**< int_values[value_count]; KFPS_OP_IN only */
    KFPS_OPERAND_STRINGS = 5 /**< string_values[value_count]; KFPS_OP_IN only */
} kfps_operand;

/** One condition; all conditions of a list are ANDed. All text is borrowed during the call. */
typedef struct kfps_predicate {
    const char *key;   /**< the API's name of the field, such as "created_at" */
    int32_t operation; /**< kfps_operation */
    int32_t operand;   /**< kfps_operand: which of the following counts */
    int64_t int_value;
    double double_value;
    const char *string_value;
    const int64_t *int_values;
    const char *const *string_values;
    size_t value_count; /**< 0: the condition is never true */
} kfps_predicate;

/**
 * Which part of a list. All zero: the first 20 in the default order.
 * A token continues the list that gave it: sort_by, filter and scope must be repeated, or sort_by and filter left out
 * (NULL); anything else is KFPS_INVALID. The page size may change. Pages are exact while rows come and go: a row that
 * is there all the time is seen once. NULLs come last in both directions. A filter names each row by its bytes:
 * equality is exact, IS_SUBSTRING ignores the case of ASCII letters and takes % and _ for themselves, on every engine.
 */
typedef struct kfps_page {
    int32_t page_size;       /**< 0: 20; more than 200: 200; negative: KFPS_INVALID */
    int32_t want_total;      /**< else total_size is -1: counting can cost more than the page */
    const char *page_token;  /**< NULL or "": from the beginning */
    const char *sort_by;     /**< "field", "field asc" or "field desc"; NULL or "": the default */
    const char *filter_json; /**< {"predicates":[{"operation":"EQUALS","key":…,"string_value":…}]}, also URL-encoded;
                                NULL or "": none */
    const kfps_predicate *predicates; /**< in addition to filter_json */
    size_t predicate_count;
} kfps_page;

#ifdef __cplusplus
}
#endif
#endif
