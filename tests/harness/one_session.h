/* SPDX-License-Identifier: Apache-2.0 */
/* one_session.h: what most tests of the stores work with: one session of one store, and an error to be filled. */
#ifndef KFPT_ONE_SESSION_H
#define KFPT_ONE_SESSION_H

#include "tests/harness/kfp.h"

static kfps_store *store;
static kfps_session *session;
static kfps_error error;

/* Behind whatever makes the tables. */
static inline void open_session(void)
{
    store = kfp_store(NULL);
    session = kfp_session(store);
    error = (kfps_error){0};
}

/* A checked fixture's teardown. */
static inline void close_session(void)
{
    kfps_session_close(session);
    kfps_store_close(store);
}

#endif
