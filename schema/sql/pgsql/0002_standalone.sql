-- SPDX-License-Identifier: Apache-2.0
-- For a database that no Kubeflow Pipelines made: the two tables that the others refer to, as upstream creates them.
-- kfpstore: when=standalone

CREATE TABLE "experiments" (
    "UUID" varchar(191) NOT NULL,
    "Name" varchar(128) NOT NULL,
    "Description" text NOT NULL,
    "CreatedAtInSec" bigint NOT NULL,
    "LastRunCreatedAtInSec" bigint NOT NULL,
    "Namespace" varchar(63) NOT NULL,
    "StorageState" text NOT NULL,
    PRIMARY KEY ("UUID")
);
CREATE UNIQUE INDEX "idx_name_namespace" ON "experiments" ("Name","Namespace");

CREATE TABLE "run_details" (
    "UUID" varchar(191) NOT NULL,
    "DisplayName" text NOT NULL,
    "Name" text NOT NULL,
    "Description" text NOT NULL,
    "Namespace" varchar(63) NOT NULL,
    "ExperimentUUID" varchar(64) NOT NULL,
    "JobUUID" text DEFAULT null,
    "StorageState" text NOT NULL,
    "ServiceAccount" text NOT NULL,
    "PipelineId" text NOT NULL,
    "PipelineVersionId" text DEFAULT null,
    "PipelineName" text NOT NULL,
    "PipelineSpecManifest" TEXT,
    "WorkflowSpecManifest" TEXT,
    "Parameters" TEXT,
    "RuntimeParameters" TEXT,
    "PipelineRoot" TEXT,
    "CreatedAtInSec" bigint NOT NULL,
    "ScheduledAtInSec" bigint DEFAULT 0,
    "FinishedAtInSec" bigint DEFAULT 0,
    "Conditions" varchar(125) NOT NULL,
    "State" text DEFAULT null,
    "StateHistory" TEXT DEFAULT null,
    "PipelineRuntimeManifest" TEXT NOT NULL,
    "WorkflowRuntimeManifest" TEXT NOT NULL,
    "PipelineContextId" bigint DEFAULT 0,
    "PipelineRunContextId" bigint DEFAULT 0,
    PRIMARY KEY ("UUID")
);
CREATE INDEX "experimentuuid_conditions_finishedatinsec" ON "run_details" ("ExperimentUUID","Conditions","FinishedAtInSec");
CREATE INDEX "experimentuuid_createatinsec" ON "run_details" ("ExperimentUUID","CreatedAtInSec");
CREATE INDEX "namespace_conditions_finishedatinsec" ON "run_details" ("Namespace","Conditions","FinishedAtInSec");
CREATE INDEX "namespace_createatinsec" ON "run_details" ("Namespace","CreatedAtInSec");
