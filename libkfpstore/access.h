/* SPDX-License-Identifier: Apache-2.0 */
/* access.h: who may, and in which namespace: asked before an operation touches the database. */
#ifndef KFPSI_ACCESS_H
#define KFPSI_ACCESS_H

#include "libkfpstore/session.h"

/* Asks the callback, if there is one. `space` NULL: the session's namespace. KFPS_DENIED. */
kfps_status kfpsi_ask(const kfps_session *session, kfps_verb verb, kfps_resource resource, const char *space,
                      const char *run_uuid, kfps_error *error);

/* The namespace that an operation works in: the one given, else the session's, else NULL. KFPS_INVALID if both are
 * there and differ. `required`: in multi-user mode NULL is refused too. */
kfps_status kfpsi_space(const kfps_session *session, const char *given, bool required, const char **out,
                        kfps_error *error);

/* Whether a row of that namespace may be seen by the session. */
bool kfpsi_sees(const kfps_session *session, const char *row_namespace);

#endif
