-- SPDX-License-Identifier: Apache-2.0
-- The books: which steps were applied, and who holds the lease.

CREATE TABLE IF NOT EXISTS `kfpstore_schema` (
    `Step` int NOT NULL,
    `Name` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `Checksum` varchar(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `Statement` int NOT NULL,
    `State` varchar(16) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `AppliedAtInSec` bigint NOT NULL,
    `ToolVersion` varchar(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `MinReader` int NOT NULL,
    PRIMARY KEY (`Step`)
) /*table-options*/;

CREATE TABLE IF NOT EXISTS `kfpstore_lease` (
    `Slot` int NOT NULL,
    `Owner` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    `Epoch` bigint NOT NULL,
    `ExpiresAtInSec` bigint NOT NULL,
    `Beat` bigint NOT NULL,
    PRIMARY KEY (`Slot`)
) /*table-options*/;
