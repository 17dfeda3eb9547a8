/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kfpstore.h: the public interface of libkfpstore, the artifact, task and artifact_task stores of
 * Kubeflow Pipelines on MySQL, PostgreSQL and SQLite.
 */
#ifndef KFPSTORE_H
#define KFPSTORE_H

#include "kfpstore/artifact.h"
#include "kfpstore/artifact_task.h"
#include "kfpstore/check.h"
#include "kfpstore/error.h"
#include "kfpstore/identity.h"
#include "kfpstore/lineage.h"
#include "kfpstore/list.h"
#include "kfpstore/merge.h"
#include "kfpstore/run.h"
#include "kfpstore/store.h"
#include "kfpstore/task.h"
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
