/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore.h: the public interface of libkfpstore, the artifact, task and artifact_task stores of
 * Kubeflow Pipelines on MySQL, PostgreSQL and SQLite.
 */
#ifndef KFPSTORE_H
#define KFPSTORE_H

#include "kfpstore/error.h"
#include "kfpstore/identity.h"
#include "kfpstore/types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The version of the library that runs, such as "0.1.0". Static storage; any thread. */
const char *kfps_version(void);

#ifdef __cplusplus
}
#endif
#endif
