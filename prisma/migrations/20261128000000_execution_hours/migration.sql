-- Number and duration of executions by hour, for series over time.
CREATE TABLE "ExecutionHour" (
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "hour" TIMESTAMPTZ(3) NOT NULL,
  "state" TEXT COLLATE "C" NOT NULL,
  "count" BIGINT NOT NULL,
  "durationMs" BIGINT NOT NULL,
  CONSTRAINT "ExecutionHour_pkey" PRIMARY KEY ("tenantId", "namespace", "hour", "state"),
  CONSTRAINT "ExecutionHour_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
) WITH (fillfactor = 50);
CREATE INDEX "ExecutionHour_tenantId_hour_idx" ON "ExecutionHour" ("tenantId", "hour");

INSERT INTO "ExecutionHour" ("tenantId", namespace, hour, state, count, "durationMs")
SELECT "tenantId", namespace, date_trunc('hour', "startedAt", 'UTC'), state, count(*), sum("durationMs")
FROM "Execution" GROUP BY 1, 2, 3, 4;
