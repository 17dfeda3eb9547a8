-- SPDX-License-Identifier: Apache-2.0
-- Own indexes: lists in their default order and look-ups, each with the key at its end so that a page needs no sort.

CREATE INDEX `kfpstore_artifacts_created` ON `artifacts` (`CreatedAtInSec`, `UUID`);
CREATE INDEX `kfpstore_artifacts_ns_created` ON `artifacts` (`Namespace`, `CreatedAtInSec`, `UUID`);
CREATE INDEX `kfpstore_artifacts_name` ON `artifacts` (`Name`, `UUID`);
CREATE INDEX `kfpstore_artifacts_ns_name` ON `artifacts` (`Namespace`, `Name`, `UUID`);
CREATE INDEX `kfpstore_tasks_run_created` ON `tasks` (`RunUUID`, `CreatedAtInSec`, `UUID`);
CREATE INDEX `kfpstore_tasks_ns_created` ON `tasks` (`Namespace`, `CreatedAtInSec`, `UUID`);
CREATE INDEX `kfpstore_tasks_parent_created` ON `tasks` (`ParentTaskUUID`, `CreatedAtInSec`, `UUID`);
CREATE INDEX `kfpstore_tasks_cache_ns` ON `tasks` (`Fingerprint`, `State`, `Namespace`, `CreatedAtInSec`, `UUID`);
CREATE INDEX `kfpstore_tasks_cache` ON `tasks` (`Fingerprint`, `State`, `CreatedAtInSec`, `UUID`);
