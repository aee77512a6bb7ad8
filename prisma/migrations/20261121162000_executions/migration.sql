-- Executions with their task runs, logs and metrics, as an engine reports them; what people ask of it; counts by day.

CREATE TABLE "Execution" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "executionId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL CHECK ("namespace" <> ''),
  "flowId" TEXT COLLATE "C" NOT NULL,
  "revision" INTEGER,
  "state" TEXT COLLATE "C" NOT NULL,
  "startedAt" TIMESTAMPTZ(3) NOT NULL,
  "endedAt" TIMESTAMPTZ(3),
  "durationMs" BIGINT NOT NULL DEFAULT 0,
  "labels" JSONB NOT NULL DEFAULT '{}',
  "labelTexts" TEXT[] NOT NULL DEFAULT '{}',
  "inputs" JSONB NOT NULL DEFAULT '{}',
  "outputs" JSONB NOT NULL DEFAULT '{}',
  "history" JSONB NOT NULL DEFAULT '[]',
  "triggerId" TEXT COLLATE "C",
  "parentId" TEXT COLLATE "C",
  "originalId" TEXT COLLATE "C",
  "sequence" BIGINT NOT NULL DEFAULT 0,
  "deletionAsked" BOOLEAN NOT NULL DEFAULT false,
  "changed" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Execution_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Execution_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "Execution_tenantId_executionId_key" ON "Execution" ("tenantId", "executionId");
CREATE UNIQUE INDEX "Execution_tenantId_id_key" ON "Execution" ("tenantId", "id");
CREATE INDEX "Execution_tenantId_startedAt_id_idx" ON "Execution" ("tenantId", "startedAt", "id");
CREATE INDEX "Execution_tenantId_namespace_startedAt_id_idx" ON "Execution" ("tenantId", "namespace", "startedAt", "id");
CREATE INDEX "Execution_tenantId_namespace_flowId_startedAt_id_idx"
  ON "Execution" ("tenantId", "namespace", "flowId", "startedAt", "id");
CREATE INDEX "Execution_tenantId_state_startedAt_id_idx" ON "Execution" ("tenantId", "state", "startedAt", "id");
CREATE INDEX "Execution_tenantId_changed_idx" ON "Execution" ("tenantId", "changed");
CREATE INDEX "Execution_labelTexts" ON "Execution" USING gin ("labelTexts");
CREATE INDEX "Execution_parent" ON "Execution" ("tenantId", "parentId", "startedAt", "id") WHERE "parentId" IS NOT NULL;
CREATE INDEX "Execution_trigger" ON "Execution" ("tenantId", "triggerId", "startedAt", "id") WHERE "triggerId" IS NOT NULL;
CREATE TRIGGER "Execution_changed" BEFORE UPDATE ON "Execution" FOR EACH ROW EXECUTE FUNCTION note_change();
-- Of an execution that is gone, what it was given and what it gave is not kept.
CREATE FUNCTION note_execution_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "Removal" ("subject", "tenantId", "row")
    SELECT TG_TABLE_NAME, "tenantId", to_jsonb(gone) - ARRAY['inputs', 'outputs', 'history'] FROM gone;
  RETURN NULL;
END $$;
CREATE TRIGGER "Execution_removed" AFTER DELETE ON "Execution"
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_execution_removal();

CREATE TABLE "TaskRun" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "executionKey" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "flowId" TEXT COLLATE "C" NOT NULL,
  "taskRunId" TEXT COLLATE "C" NOT NULL,
  "taskId" TEXT COLLATE "C" NOT NULL,
  "parentId" TEXT COLLATE "C",
  "value" TEXT,
  "state" TEXT COLLATE "C" NOT NULL,
  "startedAt" TIMESTAMPTZ(3) NOT NULL,
  "endedAt" TIMESTAMPTZ(3),
  "durationMs" BIGINT NOT NULL DEFAULT 0,
  "history" JSONB NOT NULL DEFAULT '[]',
  "attempts" JSONB NOT NULL DEFAULT '[]',
  "outputs" JSONB NOT NULL DEFAULT '{}',
  "sequence" BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT "TaskRun_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "TaskRun_tenantId_executionKey_fkey"
    FOREIGN KEY ("tenantId", "executionKey") REFERENCES "Execution" ("tenantId", "id")
);
CREATE UNIQUE INDEX "TaskRun_executionKey_taskRunId_key" ON "TaskRun" ("executionKey", "taskRunId");
CREATE INDEX "TaskRun_tenantId_startedAt_id_idx" ON "TaskRun" ("tenantId", "startedAt", "id");

CREATE TABLE "LogEntry" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "executionKey" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "flowId" TEXT COLLATE "C" NOT NULL,
  "taskId" TEXT COLLATE "C",
  "taskRunId" TEXT COLLATE "C",
  "attempt" INTEGER,
  "level" INTEGER NOT NULL CHECK ("level" BETWEEN 0 AND 4),
  "at" TIMESTAMPTZ(3) NOT NULL,
  "message" TEXT NOT NULL,
  "thread" TEXT,
  "sequence" BIGINT NOT NULL,
  "changed" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  CONSTRAINT "LogEntry_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "LogEntry_tenantId_executionKey_fkey"
    FOREIGN KEY ("tenantId", "executionKey") REFERENCES "Execution" ("tenantId", "id")
);
CREATE UNIQUE INDEX "LogEntry_executionKey_sequence_key" ON "LogEntry" ("executionKey", "sequence");
CREATE INDEX "LogEntry_executionKey_changed_idx" ON "LogEntry" ("executionKey", "changed");
CREATE INDEX "LogEntry_tenantId_at_id_idx" ON "LogEntry" ("tenantId", "at", "id");

CREATE TABLE "Metric" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "executionKey" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "flowId" TEXT COLLATE "C" NOT NULL,
  "taskId" TEXT COLLATE "C",
  "taskRunId" TEXT COLLATE "C",
  "type" TEXT NOT NULL CHECK ("type" IN ('COUNTER', 'TIMER', 'GAUGE')),
  "name" TEXT COLLATE "C" NOT NULL,
  "value" DOUBLE PRECISION NOT NULL,
  "tags" JSONB NOT NULL DEFAULT '{}',
  "at" TIMESTAMPTZ(3) NOT NULL,
  "sequence" BIGINT NOT NULL,
  CONSTRAINT "Metric_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Metric_tenantId_executionKey_fkey"
    FOREIGN KEY ("tenantId", "executionKey") REFERENCES "Execution" ("tenantId", "id")
);
CREATE UNIQUE INDEX "Metric_executionKey_sequence_key" ON "Metric" ("executionKey", "sequence");
CREATE INDEX "Metric_tenantId_namespace_flowId_at_id_idx" ON "Metric" ("tenantId", "namespace", "flowId", "at", "id");

CREATE TABLE "Command" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "flowId" TEXT COLLATE "C" NOT NULL,
  "kind" TEXT NOT NULL,
  "executionId" TEXT COLLATE "C" NOT NULL,
  "payload" JSONB NOT NULL DEFAULT '{}',
  "state" TEXT NOT NULL DEFAULT 'WAITING' CHECK ("state" IN ('WAITING', 'TAKEN', 'DONE')),
  "actorId" TEXT COLLATE "C" NOT NULL,
  "actorName" TEXT NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "takenAt" TIMESTAMPTZ(3),
  "takenBy" TEXT COLLATE "C",
  "doneAt" TIMESTAMPTZ(3),
  CONSTRAINT "Command_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Command_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE INDEX "Command_tenantId_executionId_idx" ON "Command" ("tenantId", "executionId");
-- What a claim looks for, and nothing else.
CREATE INDEX "Command_open" ON "Command" ("tenantId", "id") WHERE "state" <> 'DONE';
CREATE INDEX "Command_doneAt_idx" ON "Command" ("doneAt");

CREATE TABLE "ExecutionDay" (
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "day" TIMESTAMPTZ(3) NOT NULL,
  "state" TEXT COLLATE "C" NOT NULL,
  "count" BIGINT NOT NULL,
  "durationMs" BIGINT NOT NULL,
  CONSTRAINT "ExecutionDay_pkey" PRIMARY KEY ("tenantId", "namespace", "day", "state"),
  CONSTRAINT "ExecutionDay_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
) WITH (fillfactor = 50);
