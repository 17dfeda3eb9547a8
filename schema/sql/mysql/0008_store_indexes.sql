-- SPDX-License-Identifier: Apache-2.0
-- Indexes for the lists of the stores: links by run, task and artifact in the order of their keys, the artifacts of a
-- run, and all tasks by age.
-- InnoDB ends every index with the primary key: links by run, task and artifact are served by upstream's.

CREATE INDEX `kfpstore_tasks_created` ON `tasks` (`CreatedAtInSec`, `UUID`);
CREATE INDEX `kfpstore_links_run_artifact` ON `artifact_tasks` (`RunUUID`, `ArtifactID`, `TaskID`);
