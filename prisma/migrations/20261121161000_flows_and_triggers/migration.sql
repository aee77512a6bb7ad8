-- Files of namespaces, flows with their revisions, and the state of triggers.

CREATE TABLE "NamespaceFile" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "path" TEXT COLLATE "C" NOT NULL,
  "content" BYTEA NOT NULL,
  "size" INTEGER NOT NULL,
  "digest" TEXT NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "NamespaceFile_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "NamespaceFile_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id"),
  CONSTRAINT "NamespaceFile_tenantId_namespace_fkey"
    FOREIGN KEY ("tenantId", "namespace") REFERENCES "Namespace" ("tenantId", "namespace")
);
CREATE UNIQUE INDEX "NamespaceFile_tenantId_namespace_path_key" ON "NamespaceFile" ("tenantId", "namespace", "path");

CREATE TABLE "Flow" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL CHECK ("namespace" <> ''),
  "flowId" TEXT COLLATE "C" NOT NULL,
  "revision" INTEGER NOT NULL,
  "source" TEXT NOT NULL,
  "description" TEXT,
  "disabled" BOOLEAN NOT NULL,
  "declaredDisabled" BOOLEAN NOT NULL,
  "labels" JSONB NOT NULL DEFAULT '{}',
  "labelTexts" TEXT[] NOT NULL DEFAULT '{}',
  "tasks" JSONB NOT NULL DEFAULT '[]',
  "inputs" JSONB NOT NULL DEFAULT '[]',
  "taskCount" INTEGER NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Flow_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Flow_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "Flow_tenantId_namespace_flowId_key" ON "Flow" ("tenantId", "namespace", "flowId");
CREATE UNIQUE INDEX "Flow_tenantId_id_key" ON "Flow" ("tenantId", "id");
CREATE INDEX "Flow_tenantId_flowId_id_idx" ON "Flow" ("tenantId", "flowId", "id");
CREATE INDEX "Flow_tenantId_updatedAt_id_idx" ON "Flow" ("tenantId", "updatedAt", "id");
CREATE INDEX "Flow_labelTexts" ON "Flow" USING gin ("labelTexts");

CREATE TABLE "FlowRevision" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "flowId" TEXT COLLATE "C" NOT NULL,
  "revision" INTEGER NOT NULL,
  "source" TEXT NOT NULL,
  "authorKind" TEXT NOT NULL,
  "authorId" TEXT COLLATE "C" NOT NULL,
  "authorName" TEXT NOT NULL,
  "reason" TEXT,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "FlowRevision_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "FlowRevision_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "FlowRevision_tenantId_namespace_flowId_revision_key"
  ON "FlowRevision" ("tenantId", "namespace", "flowId", "revision");

CREATE TABLE "FlowDependency" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "flowKey" TEXT COLLATE "C" NOT NULL,
  "kind" TEXT NOT NULL CHECK ("kind" IN ('SUBFLOW', 'FLOW_TRIGGER')),
  "via" TEXT NOT NULL,
  "targetNamespace" TEXT COLLATE "C" NOT NULL,
  "targetFlowId" TEXT COLLATE "C" NOT NULL,
  CONSTRAINT "FlowDependency_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "FlowDependency_tenantId_flowKey_fkey" FOREIGN KEY ("tenantId", "flowKey") REFERENCES "Flow" ("tenantId", "id")
);
CREATE INDEX "FlowDependency_flowKey_idx" ON "FlowDependency" ("flowKey");
CREATE INDEX "FlowDependency_tenantId_targetNamespace_targetFlowId_idx"
  ON "FlowDependency" ("tenantId", "targetNamespace", "targetFlowId");

CREATE TABLE "Trigger" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL CHECK ("namespace" <> ''),
  "flowId" TEXT COLLATE "C" NOT NULL,
  "triggerId" TEXT COLLATE "C" NOT NULL,
  "flowKey" TEXT COLLATE "C" NOT NULL,
  "type" TEXT NOT NULL,
  "kind" TEXT NOT NULL,
  "definition" JSONB NOT NULL,
  "disabled" BOOLEAN NOT NULL,
  "declaredDisabled" BOOLEAN NOT NULL,
  "disabledReason" TEXT,
  "stateById" TEXT COLLATE "C",
  "stateByName" TEXT,
  "stateAt" TIMESTAMPTZ(3) NOT NULL,
  "flowDisabled" BOOLEAN NOT NULL,
  "workerGroup" TEXT COLLATE "C" NOT NULL DEFAULT '',
  "workerGroupFallback" TEXT,
  "executionId" TEXT COLLATE "C",
  "evaluationStartedAt" TIMESTAMPTZ(3),
  "workerId" TEXT COLLATE "C",
  "lastTriggeredAt" TIMESTAMPTZ(3),
  "lastExecutionId" TEXT COLLATE "C",
  "evaluatedAt" TIMESTAMPTZ(3),
  "nextExecutionAt" TIMESTAMPTZ(3),
  "backfill" JSONB,
  "stopAfter" TEXT[] NOT NULL DEFAULT '{}',
  "version" INTEGER NOT NULL DEFAULT 1,
  "sequence" BIGINT NOT NULL DEFAULT 0,
  "changed" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Trigger_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Trigger_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id"),
  CONSTRAINT "Trigger_tenantId_flowKey_fkey" FOREIGN KEY ("tenantId", "flowKey") REFERENCES "Flow" ("tenantId", "id")
);
CREATE UNIQUE INDEX "Trigger_tenantId_namespace_flowId_triggerId_key"
  ON "Trigger" ("tenantId", "namespace", "flowId", "triggerId");
CREATE UNIQUE INDEX "Trigger_tenantId_id_key" ON "Trigger" ("tenantId", "id");
CREATE INDEX "Trigger_flowKey_idx" ON "Trigger" ("flowKey");
CREATE INDEX "Trigger_tenantId_triggerId_id_idx" ON "Trigger" ("tenantId", "triggerId", "id");
CREATE INDEX "Trigger_tenantId_updatedAt_id_idx" ON "Trigger" ("tenantId", "updatedAt", "id");
CREATE INDEX "Trigger_tenantId_changed_idx" ON "Trigger" ("tenantId", "changed");
-- What a claim looks for, and nothing else.
CREATE INDEX "Trigger_due" ON "Trigger" ("tenantId", "workerGroup", "nextExecutionAt")
  WHERE NOT "disabled" AND NOT "flowDisabled" AND "executionId" IS NULL AND "evaluationStartedAt" IS NULL
    AND "nextExecutionAt" IS NOT NULL;
-- Which triggers an execution holds that has just ended.
CREATE INDEX "Trigger_held" ON "Trigger" ("tenantId", "executionId") WHERE "executionId" IS NOT NULL;
-- What a worker that is gone lets go of.
CREATE INDEX "Trigger_worker" ON "Trigger" ("workerId") WHERE "workerId" IS NOT NULL;
CREATE TRIGGER "Trigger_changed" BEFORE UPDATE ON "Trigger" FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER "Trigger_removed" AFTER DELETE ON "Trigger"
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_removal();
