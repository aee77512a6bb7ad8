-- Log entries of triggers, and of flows without an execution. triggerId '': of the flow.
CREATE TABLE "TriggerLog" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "flowId" TEXT COLLATE "C" NOT NULL,
  "triggerId" TEXT COLLATE "C" NOT NULL,
  "sequence" BIGINT NOT NULL,
  "level" INTEGER NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "message" TEXT NOT NULL,
  CONSTRAINT "TriggerLog_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "TriggerLog_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "TriggerLog_tenantId_namespace_flowId_triggerId_sequence_key"
  ON "TriggerLog" ("tenantId", "namespace", "flowId", "triggerId", "sequence");
CREATE INDEX "TriggerLog_tenantId_at_id_idx" ON "TriggerLog" ("tenantId", "at", "id");
