-- SPDX-License-Identifier: Apache-2.0
-- What the library's stores keep beside upstream's tables. Both go with their run.
-- A shape is what the server must know of a run's pipeline to complete its DAGs; a write identity is the name of one
-- creation of an artifact, so that it can be repeated.
-- kfpstore: min-reader=7

CREATE TABLE `kfpstore_run_shape` (
    `RunUUID` varchar(191) NOT NULL,
    `Shape` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `CreatedAtInSec` bigint NOT NULL,
    PRIMARY KEY (`RunUUID`),
    CONSTRAINT `fk_kfpstore_run_shape` FOREIGN KEY (`RunUUID`) REFERENCES `run_details`(`UUID`) ON DELETE CASCADE ON UPDATE CASCADE
) /*table-options*/;

CREATE TABLE `kfpstore_write_identity` (
    `Identity` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `Namespace` varchar(63) NOT NULL,
    `RunUUID` varchar(191) NOT NULL,
    `TaskID` varchar(191) NOT NULL,
    `OperationID` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `PayloadHash` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `ArtifactID` varchar(191) NOT NULL,
    `CreatedAtInSec` bigint NOT NULL,
    `ExpiresAtInSec` bigint NOT NULL,
    PRIMARY KEY (`Identity`),
    INDEX `kfpstore_write_identity_run` (`RunUUID`),
    INDEX `kfpstore_write_identity_artifact` (`ArtifactID`),
    INDEX `kfpstore_write_identity_expires` (`ExpiresAtInSec`),
    CONSTRAINT `fk_kfpstore_write_identity_run` FOREIGN KEY (`RunUUID`) REFERENCES `run_details`(`UUID`) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT `fk_kfpstore_write_identity_artifact` FOREIGN KEY (`ArtifactID`) REFERENCES `artifacts`(`UUID`) ON DELETE CASCADE ON UPDATE CASCADE
) /*table-options*/;
