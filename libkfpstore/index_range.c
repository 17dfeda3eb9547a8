/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/index_range.h"

#include "libkfpstore/filter.h"
#include "libkfpstore/query.h"

void kfpsi_place_sql(kfpb_sql *sql, const kfpsi_place *place)
{
    if (place->expression != NULL)
        kfpb_sql_add(sql, place->expression);
    else if (place->hidden)
        kfpsi_sql_hidden(sql, place->value);
    else
        kfpb_sql_bind(sql, place->value);
}

/* (S,A,K) > (s,a,k), without parentheses where it is only one. */
static void edge_sql(kfpb_sql *sql, const char *prefix, const kfpsi_place *places, size_t count, const char *operator)
{
    kfpsi_sql_and(sql);
    kfpb_sql_add(sql, count > 1 ? "(" : "");
    for (size_t i = 0; i < count; i++) {
        kfpb_sql_add(sql, i > 0 ? "," : "");
        kfpsi_sql_operand(sql, places[i].column, prefix);
    }
    kfpb_sql_add(sql, count > 1 ? ")" : "");
    kfpb_sql_add(sql, operator);
    kfpb_sql_add(sql, count > 1 ? "(" : "");
    for (size_t i = 0; i < count; i++) {
        kfpb_sql_add(sql, i > 0 ? "," : "");
        kfpsi_place_sql(sql, &places[i]);
    }
    kfpb_sql_add(sql, count > 1 ? ")" : "");
}

void kfpsi_range_sql(kfpb_sql *sql, const char *prefix, const kfpsi_place *places, size_t same, size_t count,
                     kfpsi_range range)
{
    /* From where, and to the last row of the same values. The whole has the key in its edge, too: of a plain range the
     * planner expects so few rows that it may sort them. */
    static const struct {
        const char *last, *from;
    } operators[] = {
        [KFPSI_RANGE_WHOLE] = {"<=", ">="},
        [KFPSI_RANGE_BEHIND] = {"<=", ">"},
        [KFPSI_RANGE_BEFORE] = {">=", "<"},
    };
    edge_sql(sql, prefix, places, same, operators[range].last);
    edge_sql(sql, prefix, places, count, operators[range].from);
}
