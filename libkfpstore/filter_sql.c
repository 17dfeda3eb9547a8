/* SPDX-License-Identifier: Apache-2.0 */
/* filter_sql.c: conditions as SQL. Columns are constants of the tables, values are bound. */
#include "libkfpstore/filter.h"

#include "libkfpstore/query.h"

static void name_of(kfpb_sql *sql, const kfpb_column *column, const char *prefix)
{
    if (prefix != NULL)
        kfpb_sql_add(sql, prefix);
    kfpb_sql_name(sql, column->name);
}

void kfpsi_sql_operand(kfpb_sql *sql, const kfpb_column *column, const char *prefix)
{
    const char *form = column->type == KFPB_COL_DOUBLE ? sql->driver->dialect.number : "%s";
    kfpsi_form_before(sql, form);
    name_of(sql, column, prefix);
    kfpsi_form_behind(sql, form);
}

void kfpsi_sql_residual(kfpb_sql *sql)
{
    kfpsi_sql_and(sql);
    kfpsi_form_before(sql, sql->driver->dialect.residual);
}

void kfpsi_sql_residual_end(kfpb_sql *sql)
{
    kfpsi_form_behind(sql, sql->driver->dialect.residual);
}

static const char where[] = " WHERE";

static bool ends_with_where(const kfpb_text *text)
{
    const size_t length = sizeof where - 1;
    return text->length >= length && memcmp(text->data + text->length - length, where, length) == 0;
}

void kfpsi_sql_and(kfpb_sql *sql)
{
    const kfpb_text *text = &sql->text;
    if (text->length > 0 && text->data[text->length - 1] == '(')
        return;
    kfpb_sql_add(sql, ends_with_where(text) ? " " : " AND ");
}

void kfpsi_sql_no_where(kfpb_sql *sql)
{
    if (ends_with_where(&sql->text))
        kfpb_text_cut(&sql->text, sql->text.length - (sizeof where - 1));
}

/* ---- text, byte by byte -------------------------------------------------------------------------------------------
 */

static void bytes_of_column(kfpb_sql *sql, const kfpb_column *column, const char *prefix)
{
    const char *form = sql->driver->dialect.text_bytes;
    kfpsi_form_before(sql, form);
    name_of(sql, column, prefix);
    kfpsi_form_behind(sql, form);
}

static void bytes_of_value(kfpb_sql *sql, kfpb_value value)
{
    const char *form = sql->driver->dialect.text_bytes;
    kfpsi_form_before(sql, form);
    kfpb_sql_bind(sql, value);
    kfpsi_form_behind(sql, form);
}

/* Whether the plain operators may find more than what is equal: the index finds, the bytes decide. */
static bool collates(const kfpb_sql *sql)
{
    return strcmp(sql->driver->dialect.text_bytes, "%s") != 0;
}

static void text_equals(kfpb_sql *sql, const kfpb_column *column, const char *prefix, kfpb_value value)
{
    name_of(sql, column, prefix);
    kfpb_sql_add(sql, "=");
    kfpb_sql_bind(sql, value);
    if (!collates(sql))
        return;
    kfpb_sql_add(sql, " AND ");
    bytes_of_column(sql, column, prefix);
    kfpb_sql_add(sql, "=");
    bytes_of_value(sql, value);
}

void kfpsi_sql_equals(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const char *text)
{
    kfpsi_sql_and(sql);
    text_equals(sql, column, prefix, kfpb_str(text));
}

static void bytes_in(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const char *const *texts,
                     size_t count)
{
    bytes_of_column(sql, column, prefix);
    kfpb_sql_add(sql, " IN (");
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            kfpb_sql_add(sql, ",");
        bytes_of_value(sql, kfpb_str(texts[i]));
    }
    kfpb_sql_add(sql, ")");
}

void kfpsi_sql_in(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const char *const *texts, size_t count)
{
    kfpsi_sql_and(sql);
    name_of(sql, column, prefix);
    if (count == 1) {
        kfpb_sql_add(sql, "=");
        kfpb_sql_bind(sql, kfpb_str(texts[0]));
    } else {
        kfpb_sql_in_texts(sql, texts, count);
    }
    if (!collates(sql) || count == 0)
        return;
    kfpb_sql_add(sql, " AND ");
    bytes_in(sql, column, prefix, texts, count);
}

/* ASCII letters in lower case: the column's are folded by the engine, in the same way. */
static kfpb_value folded(kfpb_sql *sql, const kfpb_value *value)
{
    char *copy = kfpb_arena_textn(&sql->lists, value->text, value->length);
    for (size_t i = 0; copy != NULL && i < value->length; i++) {
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char) (copy[i] + ('a' - 'A'));
    }
    return kfpb_textn(copy != NULL ? copy : "", copy != NULL ? value->length : 0);
}

static void substring(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const kfpb_value *value)
{
    const char *form = sql->driver->dialect.text_position;
    kfpsi_form_before(sql, form);
    name_of(sql, column, prefix);
    kfpsi_form_behind(sql, form);
    kfpb_sql_bind(sql, folded(sql, value));
    kfpb_sql_add(sql, ")>0");
}

/* ---- one condition ------------------------------------------------------------------------------------------------
 */

static const char *const operators[] = {
    [KFPS_OP_EQUALS] = "=",       [KFPS_OP_NOT_EQUALS] = "<>",
    [KFPS_OP_GREATER_THAN] = ">", [KFPS_OP_GREATER_THAN_EQUALS] = ">=",
    [KFPS_OP_LESS_THAN] = "<",    [KFPS_OP_LESS_THAN_EQUALS] = "<=",
};

static void compare(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const kfpsi_condition *c)
{
    kfpsi_sql_operand(sql, column, prefix);
    kfpb_sql_add(sql, operators[c->operation]);
    kfpb_sql_bind(sql, c->values[0]);
}

static void text_condition(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const kfpsi_condition *c)
{
    if (c->operation == KFPS_OP_EQUALS) {
        text_equals(sql, column, prefix, c->values[0]);
    } else if (c->operation == KFPS_OP_NOT_EQUALS) {
        bytes_of_column(sql, column, prefix);
        kfpb_sql_add(sql, "<>");
        bytes_of_value(sql, c->values[0]);
    } else if (c->operation == KFPS_OP_IS_SUBSTRING) {
        substring(sql, column, prefix, &c->values[0]);
    } else {
        compare(sql, column, prefix, c);
    }
}

static void in_values(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const kfpsi_condition *c)
{
    kfpsi_sql_operand(sql, column, prefix);
    kfpb_sql_add(sql, " IN (");
    for (size_t i = 0; i < c->count; i++) {
        if (i > 0)
            kfpb_sql_add(sql, ",");
        kfpb_sql_bind(sql, c->values[i]);
    }
    kfpb_sql_add(sql, ")");
}

static void in_texts(kfpb_sql *sql, const kfpb_column *column, const char *prefix, const kfpsi_condition *c)
{
    const char **texts = kfpb_arena_array(&sql->lists, c->count, sizeof *texts);
    for (size_t i = 0; texts != NULL && i < c->count; i++)
        texts[i] = kfpb_arena_textn(&sql->lists, c->values[i].text, c->values[i].length);
    if (texts == NULL || sql->lists.out_of_memory)
        sql->out_of_memory = true;
    else
        kfpsi_sql_in(sql, column, prefix, texts, c->count);
}

void kfpsi_filter_sql(kfpb_sql *sql, const kfpsi_fields *fields, const kfpsi_filter *filter, const char *prefix)
{
    for (size_t i = 0; i < filter->count; i++) {
        const kfpsi_condition *c = &filter->items[i];
        const kfpb_column *column = &fields->table->columns[c->field->column];
        const bool text = c->field->kind == KFPSI_KIND_TEXT;
        if (c->operation == KFPS_OP_IN && text && c->count > 0) {
            in_texts(sql, column, prefix, c);
            continue;
        }
        kfpsi_sql_and(sql);
        if (c->operation == KFPS_OP_IN && c->count == 0)
            kfpb_sql_add(sql, "1=0");
        else if (c->operation == KFPS_OP_IN)
            in_values(sql, column, prefix, c);
        else if (text)
            text_condition(sql, column, prefix, c);
        else
            compare(sql, column, prefix, c);
    }
}
