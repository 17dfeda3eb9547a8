/* SPDX-License-Identifier: Apache-2.0 */
#include "libkfpstore/schema_version.h"

#include "backends/base/fail.h"

/* Steps that were begun and not finished do not count. */
static const char books[] = "SELECT COALESCE(MAX(CASE WHEN \"State\" <> 'partial' THEN \"Step\" END),0), "
                            "COALESCE(MAX(\"MinReader\"),0) FROM \"kfpstore_schema\"";

kfps_status kfpsi_schema_require(kfpb_conn *conn, kfps_error *error)
{
    kfpb_rows *rows = NULL;
    kfps_status status = kfpb_query(conn, books, NULL, 0, &rows, error);
    if (status == KFPS_INTERNAL) /* no such table */
        return kfpb_fail(error, KFPS_SCHEMA,
                         "the database has no schema of kfpstore: run kfp-migrate schema upgrade (or schema adopt, if "
                         "an API server made the tables)");
    if (status != KFPS_OK)
        return status;
    const int there = kfpb_next(rows, error);
    const int64_t version = there > 0 ? kfpb_get_int(rows, 0) : 0;
    const int64_t reader = there > 0 ? kfpb_get_int(rows, 1) : 0;
    kfpb_rows_free(&rows);
    if (there < 0)
        return kfpb_fail(error, KFPS_SCHEMA, "the schema's version cannot be read: run kfp-migrate schema status");
    if (reader > KFPSI_SCHEMA_VERSION)
        return kfpb_fail(error, KFPS_SCHEMA,
                         "the schema (step %lld) was made for a newer version of the library: this one knows step %d",
                         (long long) version, KFPSI_SCHEMA_VERSION);
    if (version < KFPSI_SCHEMA_OLDEST)
        return kfpb_fail(error, KFPS_SCHEMA,
                         "the schema is at step %lld and step %d is needed: run kfp-migrate schema "
                         "upgrade",
                         (long long) version, KFPSI_SCHEMA_OLDEST);
    return status;
}
