-- SPDX-License-Identifier: Apache-2.0
-- The three tables as upstream creates them: every name, type and default is a contract with its API server.
-- kfpstore: min-reader=4

CREATE TABLE `artifacts` (
    `UUID` varchar(191) NOT NULL,
    `Namespace` varchar(63) NOT NULL,
    `Type` int DEFAULT null,
    `URI` varchar(2048),
    `URIHash` varchar(64),
    `Name` varchar(128) DEFAULT null,
    `Description` text DEFAULT null,
    `CreatedAtInSec` bigint NOT NULL DEFAULT 0,
    `LastUpdateInSec` bigint NOT NULL DEFAULT 0,
    `Metadata` json DEFAULT null,
    `NumberValue` double DEFAULT null,
    `IdentityKey` varchar(64) DEFAULT null,
    PRIMARY KEY (`UUID`),
    INDEX `idx_type_namespace` (`Namespace`,`Type`),
    INDEX `idx_namespace_urihash` (`Namespace`,`URIHash`),
    UNIQUE INDEX `idx_artifact_identity` (`Namespace`,`IdentityKey`),
    INDEX `idx_artifact_created_timestamp` (`CreatedAtInSec`),
    INDEX `idx_artifact_last_update_timestamp` (`LastUpdateInSec`)
) /*table-options*/;

CREATE TABLE `tasks` (
    `UUID` varchar(191) NOT NULL,
    `Namespace` varchar(63) NOT NULL,
    `RunUUID` varchar(191) NOT NULL,
    `pods` json NOT NULL,
    `CreatedAtInSec` bigint NOT NULL,
    `StartedInSec` bigint DEFAULT 0,
    `FinishedInSec` bigint DEFAULT 0,
    `Fingerprint` varchar(255) NOT NULL,
    `Name` varchar(128) DEFAULT null,
    `DisplayName` varchar(128) DEFAULT null,
    `ParentTaskUUID` varchar(191) DEFAULT null,
    `State` int NOT NULL,
    `StatusMetadata` json DEFAULT null,
    `StateHistory` json,
    `InputParameters` json,
    `OutputParameters` json,
    `Type` int NOT NULL,
    `TypeAttrs` json NOT NULL,
    `ScopePath` text DEFAULT null,
    `LogicalKey` varchar(64) DEFAULT null,
    PRIMARY KEY (`UUID`),
    UNIQUE INDEX `idx_tasks_uuid_run` (`UUID`,`RunUUID`),
    INDEX `idx_task_cache_lookup` (`Fingerprint`,`State`,`Namespace`,`CreatedAtInSec` desc),
    INDEX `idx_parent_run` (`RunUUID`,`ParentTaskUUID`),
    INDEX `idx_task_created_timestamp` (`CreatedAtInSec`),
    INDEX `idx_task_started_timestamp` (`StartedInSec`),
    INDEX `idx_task_finished_timestamp` (`FinishedInSec`),
    INDEX `idx_parent_task_uuid` (`ParentTaskUUID`),
    INDEX `idx_task_type` (`Type`),
    UNIQUE INDEX `idx_tasks_logical_key` (`LogicalKey`),
    CONSTRAINT `fk_run_details_tasks` FOREIGN KEY (`RunUUID`) REFERENCES `run_details`(`UUID`),
    CONSTRAINT `fk_tasks_parent_task` FOREIGN KEY (`ParentTaskUUID`) REFERENCES `tasks`(`UUID`) ON DELETE CASCADE ON UPDATE CASCADE
) /*table-options*/;

CREATE TABLE `artifact_tasks` (
    `UUID` varchar(191) NOT NULL,
    `ArtifactID` varchar(191) NOT NULL,
    `TaskID` varchar(191) NOT NULL,
    `Type` int NOT NULL,
    `Iteration` bigint NOT NULL DEFAULT -1,
    `RunUUID` varchar(191) NOT NULL,
    `Producer` json DEFAULT null,
    `ArtifactKey` varchar(191) NOT NULL DEFAULT '',
    PRIMARY KEY (`UUID`),
    INDEX `idx_link_artifact_id` (`ArtifactID`),
    UNIQUE INDEX `UniqueLink` (`ArtifactID`,`TaskID`,`Type`,`Iteration`,`ArtifactKey`),
    INDEX `idx_link_task_run` (`TaskID`,`RunUUID`),
    INDEX `idx_link_run_id` (`RunUUID`),
    CONSTRAINT `fk_artifact_tasks_task_run` FOREIGN KEY (`TaskID`,`RunUUID`) REFERENCES `tasks`(`UUID`,`RunUUID`) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT `fk_artifact_tasks_runs` FOREIGN KEY (`RunUUID`) REFERENCES `run_details`(`UUID`) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT `fk_artifact_tasks_artifacts` FOREIGN KEY (`ArtifactID`) REFERENCES `artifacts`(`UUID`) ON DELETE CASCADE ON UPDATE CASCADE
) /*table-options*/;
