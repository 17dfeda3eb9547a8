-- SPDX-License-Identifier: Apache-2.0
-- The books: which steps were applied, and who holds the lease.

CREATE TABLE IF NOT EXISTS "kfpstore_schema" (
    "Step" integer NOT NULL,
    "Name" varchar(64) NOT NULL,
    "Checksum" varchar(64) NOT NULL,
    "Statement" integer NOT NULL,
    "State" varchar(16) NOT NULL,
    "AppliedAtInSec" bigint NOT NULL,
    "ToolVersion" varchar(32) NOT NULL,
    "MinReader" integer NOT NULL,
    PRIMARY KEY ("Step")
);

CREATE TABLE IF NOT EXISTS "kfpstore_lease" (
    "Slot" integer NOT NULL,
    "Owner" varchar(255) NOT NULL,
    "Epoch" bigint NOT NULL,
    "ExpiresAtInSec" bigint NOT NULL,
    "Beat" bigint NOT NULL,
    PRIMARY KEY ("Slot")
);
