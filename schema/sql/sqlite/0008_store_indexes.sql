-- SPDX-License-Identifier: Apache-2.0
-- Indexes for the lists of the stores: links by run, task and artifact in the order of their keys, the artifacts of a
-- run, and all tasks by age.

CREATE INDEX "kfpstore_tasks_created" ON "tasks" ("CreatedAtInSec", "UUID");
CREATE INDEX "kfpstore_links_run_artifact" ON "artifact_tasks" ("RunUUID", "ArtifactID", "TaskID");
CREATE INDEX "kfpstore_links_run" ON "artifact_tasks" ("RunUUID", "UUID");
CREATE INDEX "kfpstore_links_task" ON "artifact_tasks" ("TaskID", "UUID");
CREATE INDEX "kfpstore_links_artifact" ON "artifact_tasks" ("ArtifactID", "UUID");
