-- SPDX-License-Identifier: Apache-2.0
-- The import's own tables: the durable mark of a finished import, its ledger, and which artifacts it made.
-- The ledger has no key to run_details: a run that users delete stays in it and is not imported again.
-- kfpstore: min-reader=5

CREATE TABLE "kfpstore_migration" (
    "Source" varchar(64) NOT NULL,
    "State" varchar(32) NOT NULL,
    "Report" text,
    "StartedAt" bigint,
    "CompletedAt" bigint,
    "ToolVersion" varchar(32) NOT NULL,
    PRIMARY KEY ("Source")
);

CREATE TABLE "kfpstore_migration_run" (
    "Source" varchar(64) NOT NULL,
    "ContextID" bigint NOT NULL,
    "RunUUID" varchar(191),
    "ContextName" text,
    "Outcome" varchar(32) NOT NULL,
    "Reason" varchar(255),
    "Digest" varchar(64),
    "RowsDigest" varchar(64),
    "Tasks" bigint NOT NULL DEFAULT 0,
    "Artifacts" bigint NOT NULL DEFAULT 0,
    "Links" bigint NOT NULL DEFAULT 0,
    "Executions" bigint NOT NULL DEFAULT 0,
    "Rejected" bigint NOT NULL DEFAULT 0,
    "Terminal" integer NOT NULL DEFAULT 0,
    "Notes" text,
    "ImportedAtInSec" bigint NOT NULL,
    "ToolVersion" varchar(32) NOT NULL,
    PRIMARY KEY ("Source", "ContextID")
);
CREATE INDEX "kfpstore_migration_run_uuid" ON "kfpstore_migration_run" ("RunUUID");

CREATE TABLE "kfpstore_migrated_artifact" (
    "ArtifactID" varchar(191) NOT NULL,
    "Source" varchar(64) NOT NULL,
    "MLMDID" bigint NOT NULL,
    PRIMARY KEY ("ArtifactID", "Source"),
    CONSTRAINT "fk_kfpstore_migrated_artifact" FOREIGN KEY ("ArtifactID") REFERENCES "artifacts"("UUID") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "kfpstore_migrated_artifact_source" ON "kfpstore_migrated_artifact" ("Source", "MLMDID");
