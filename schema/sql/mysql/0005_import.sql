-- SPDX-License-Identifier: Apache-2.0
-- The import's own tables: the durable mark of a finished import, its ledger, and which artifacts it made.
-- The ledger has no key to run_details: a run that users delete stays in it and is not imported again.
-- kfpstore: min-reader=5

CREATE TABLE `kfpstore_migration` (
    `Source` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `State` varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `Report` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    `StartedAt` bigint,
    `CompletedAt` bigint,
    `ToolVersion` varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (`Source`)
) /*table-options*/;

CREATE TABLE `kfpstore_migration_run` (
    `Source` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `ContextID` bigint NOT NULL,
    `RunUUID` varchar(191),
    `ContextName` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    `Outcome` varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `Reason` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    `Digest` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    `RowsDigest` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    `Tasks` bigint NOT NULL DEFAULT 0,
    `Artifacts` bigint NOT NULL DEFAULT 0,
    `Links` bigint NOT NULL DEFAULT 0,
    `Executions` bigint NOT NULL DEFAULT 0,
    `Rejected` bigint NOT NULL DEFAULT 0,
    `Terminal` int NOT NULL DEFAULT 0,
    `Notes` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    `ImportedAtInSec` bigint NOT NULL,
    `ToolVersion` varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    PRIMARY KEY (`Source`, `ContextID`),
    INDEX `kfpstore_migration_run_uuid` (`RunUUID`)
) /*table-options*/;

CREATE TABLE `kfpstore_migrated_artifact` (
    `ArtifactID` varchar(191) NOT NULL,
    `Source` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `MLMDID` bigint NOT NULL,
    PRIMARY KEY (`ArtifactID`, `Source`),
    INDEX `kfpstore_migrated_artifact_source` (`Source`, `MLMDID`),
    CONSTRAINT `fk_kfpstore_migrated_artifact` FOREIGN KEY (`ArtifactID`) REFERENCES `artifacts`(`UUID`) ON DELETE CASCADE ON UPDATE CASCADE
) /*table-options*/;
