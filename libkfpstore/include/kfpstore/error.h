/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore/error.h: the status codes of the library and the error record that every fallible call fills.
 *
 * There is no thread-local error and no use of errno: the caller owns the record, so a Go caller, whose
 * goroutine may change threads between two C calls, reads the error of its own call.
 */
#ifndef KFPSTORE_ERROR_H
#define KFPSTORE_ERROR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a call came to. The numbers are part of the ABI: new ones are appended. */
typedef enum kfps_status {
    KFPS_OK = 0,
    /** The row asked for is not there. */
    KFPS_NOT_FOUND = 1,
    /** A primary or unique key is taken; the message has the constraint's name. */
    KFPS_EXISTS = 2,
    /** A referenced row is missing, or a row is still referenced; the message has the constraint's name. */
    KFPS_FOREIGN_KEY = 3,
    /** An argument, or a value on its way into the database, is not acceptable: NULL where a value is
     *  required, text that is not UTF-8 or holds a NUL, malformed JSON, a bad DSN. Nothing was written. */
    KFPS_INVALID = 4,
    /** A value is longer than its column, or a statement longer than the server takes. Nothing was written. */
    KFPS_TOO_LARGE = 5,
    /** Lock time-out, deadlock, serialisation failure, conflict on a cluster: the transaction was rolled
     *  back and may be tried again as a whole. */
    KFPS_BUSY = 6,
    /** The connection went away. Nothing of the open transaction was kept. */
    KFPS_CONNECTION_LOST = 7,
    /** The connection went away during COMMIT: nobody knows whether the transaction was kept. */
    KFPS_WRITE_UNCERTAIN = 8,
    KFPS_NO_MEMORY = 9,
    /** Anything else that the database refused, or a defect of this library. */
    KFPS_INTERNAL = 10,
    /** The server could not be reached, or the database does not exist. */
    KFPS_UNAVAILABLE = 11,
    /** The account lacks a right, or the password is wrong. */
    KFPS_PERMISSION = 12,
    /** The schema is missing, older or newer than this version works with, or lacks an index that a statement names. */
    KFPS_SCHEMA = 13,
    /** The call was interrupted from another thread, or ran into its time-out. */
    KFPS_INTERRUPTED = 14,
    /** The run is over (SUCCEEDED, FAILED, CANCELED or SKIPPED): its tasks and links take no more changes. */
    KFPS_RUN_TERMINAL = 15,
    /** The authorisation callback refused. Nothing was read or written. */
    KFPS_DENIED = 16,
    /** An operation id was used before with another payload. Nothing was written. */
    KFPS_CONFLICT = 17
} kfps_status;

/** Filled by every fallible call, also on success (code 0, everything else empty). */
typedef struct kfps_error {
    int32_t code;        /**< a kfps_status */
    int32_t vendor_code; /**< the database's own number, 0 if none */
    int32_t element;     /**< index of the element of a batch that caused the error, -1 if none did */
    char sqlstate[6];    /**< five characters and a NUL; "" if the database gave none */
    char message[506];   /**< UTF-8, NUL-terminated; never holds a password or a value that was sent */
} kfps_error;

/** The name of a status, such as "NOT_FOUND"; "UNKNOWN" for a number that is none. Static storage; any thread. */
const char *kfps_status_name(int32_t status);

#ifdef __cplusplus
}
#endif
#endif
