-- SPDX-License-Identifier: Apache-2.0
-- For a database that no Kubeflow Pipelines made: the two tables that the others refer to, as upstream creates them.
-- kfpstore: when=standalone

CREATE TABLE `experiments` (
    `UUID` varchar(191) NOT NULL,
    `Name` varchar(128) NOT NULL,
    `Description` varchar(255) NOT NULL,
    `CreatedAtInSec` bigint NOT NULL,
    `LastRunCreatedAtInSec` bigint NOT NULL,
    `Namespace` varchar(63) NOT NULL,
    `StorageState` varchar(255) NOT NULL,
    PRIMARY KEY (`UUID`),
    UNIQUE INDEX `idx_name_namespace` (`Name`,`Namespace`)
) /*table-options*/;

CREATE TABLE `run_details` (
    `UUID` varchar(191) NOT NULL,
    `DisplayName` varchar(255) NOT NULL,
    `Name` varchar(255) NOT NULL,
    `Description` varchar(255) NOT NULL,
    `Namespace` varchar(63) NOT NULL,
    `ExperimentUUID` varchar(64) NOT NULL,
    `JobUUID` varchar(255) DEFAULT null,
    `StorageState` varchar(255) NOT NULL,
    `ServiceAccount` varchar(255) NOT NULL,
    `PipelineId` varchar(255) NOT NULL,
    `PipelineVersionId` varchar(255) DEFAULT null,
    `PipelineName` varchar(255) NOT NULL,
    `PipelineSpecManifest` LONGTEXT,
    `WorkflowSpecManifest` LONGTEXT,
    `Parameters` LONGTEXT,
    `RuntimeParameters` LONGTEXT,
    `PipelineRoot` LONGTEXT,
    `CreatedAtInSec` bigint NOT NULL,
    `ScheduledAtInSec` bigint DEFAULT 0,
    `FinishedAtInSec` bigint DEFAULT 0,
    `Conditions` varchar(125) NOT NULL,
    `State` varchar(255) DEFAULT null,
    `StateHistory` LONGTEXT DEFAULT null,
    `PipelineRuntimeManifest` LONGTEXT NOT NULL,
    `WorkflowRuntimeManifest` LONGTEXT NOT NULL,
    `PipelineContextId` bigint DEFAULT 0,
    `PipelineRunContextId` bigint DEFAULT 0,
    PRIMARY KEY (`UUID`),
    INDEX `namespace_createatinsec` (`Namespace`,`CreatedAtInSec`),
    INDEX `namespace_conditions_finishedatinsec` (`Namespace`,`Conditions`,`FinishedAtInSec`),
    INDEX `experimentuuid_createatinsec` (`ExperimentUUID`,`CreatedAtInSec`),
    INDEX `experimentuuid_conditions_finishedatinsec` (`ExperimentUUID`,`Conditions`,`FinishedAtInSec`)
) /*table-options*/;
