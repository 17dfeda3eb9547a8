-- SPDX-License-Identifier: Apache-2.0
-- Indexes for the lists of the stores: artifacts of a type by age, all tasks by age and by name, links by run, task and
-- artifact in the order of their keys, and the artifacts of a run.
-- Built beside running writers, so each is a statement of its own outside a transaction.
-- kfpstore: transaction=no

CREATE INDEX CONCURRENTLY "kfpstore_artifacts_type" ON "artifacts" ("Type", "CreatedAtInSec", "UUID");
CREATE INDEX CONCURRENTLY "kfpstore_artifacts_ns_type" ON "artifacts" ("Namespace", "Type", "CreatedAtInSec", "UUID");
CREATE INDEX CONCURRENTLY "kfpstore_tasks_created" ON "tasks" ("CreatedAtInSec", "UUID");
CREATE INDEX CONCURRENTLY "kfpstore_tasks_name" ON "tasks" ("Name", "UUID");
CREATE INDEX CONCURRENTLY "kfpstore_tasks_ns_name" ON "tasks" ("Namespace", "Name", "UUID");
CREATE INDEX CONCURRENTLY "kfpstore_links_run_artifact" ON "artifact_tasks" ("RunUUID", "ArtifactID", "TaskID");
CREATE INDEX CONCURRENTLY "kfpstore_links_task" ON "artifact_tasks" ("TaskID", "UUID");
CREATE INDEX CONCURRENTLY "kfpstore_links_run" ON "artifact_tasks" ("RunUUID", "UUID");
CREATE INDEX CONCURRENTLY "kfpstore_links_artifact" ON "artifact_tasks" ("ArtifactID", "UUID");
