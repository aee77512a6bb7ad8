-- Workers and their groups; who looks at changes that are no audit events.

-- A change carries the number of its transaction: a follower reads what is below the oldest one that still runs.
CREATE FUNCTION note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."changed" := pg_current_xact_id()::text::bigint;
  RETURN NEW;
END $$;

CREATE TABLE "Removal" (
  "id" TEXT COLLATE "C" NOT NULL DEFAULT gen_random_uuid()::text,
  "subject" TEXT NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "row" JSONB NOT NULL,
  "changed" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Removal_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "Removal_subject_tenantId_changed_idx" ON "Removal" ("subject", "tenantId", "changed");
CREATE INDEX "Removal_at_idx" ON "Removal" ("at");

CREATE FUNCTION note_removal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "Removal" ("subject", "tenantId", "row")
    SELECT TG_TABLE_NAME, COALESCE(to_jsonb(gone)->>'tenantId', ''), to_jsonb(gone) FROM gone;
  RETURN NULL;
END $$;

CREATE TABLE "WorkerGroup" (
  "id" TEXT COLLATE "C" NOT NULL,
  "key" TEXT COLLATE "C" NOT NULL CHECK ("key" ~ '^[a-zA-Z0-9][a-zA-Z0-9_-]*$' AND length("key") <= 100),
  "description" TEXT,
  "allowedTenants" TEXT[] NOT NULL DEFAULT '{}',
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "WorkerGroup_pkey" PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX "WorkerGroup_key_key" ON "WorkerGroup" ("key");

ALTER TABLE "Tenant"
  ADD COLUMN "workerGroupId" TEXT COLLATE "C",
  ADD COLUMN "workerGroupFallback" TEXT CHECK ("workerGroupFallback" IN ('WAIT', 'FAIL', 'CANCEL')),
  ADD CONSTRAINT "Tenant_workerGroupId_fkey" FOREIGN KEY ("workerGroupId") REFERENCES "WorkerGroup" ("id");
ALTER TABLE "Namespace"
  ADD COLUMN "workerGroupId" TEXT COLLATE "C",
  ADD COLUMN "workerGroupFallback" TEXT CHECK ("workerGroupFallback" IN ('WAIT', 'FAIL', 'CANCEL')),
  ADD CONSTRAINT "Namespace_workerGroupId_fkey" FOREIGN KEY ("workerGroupId") REFERENCES "WorkerGroup" ("id");

CREATE TABLE "Worker" (
  "id" TEXT COLLATE "C" NOT NULL,
  "serviceId" TEXT COLLATE "C" NOT NULL,
  "principalId" TEXT COLLATE "C" NOT NULL,
  "type" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "groupId" TEXT COLLATE "C",
  "hostname" TEXT,
  "version" TEXT,
  "startedAt" TIMESTAMPTZ(3) NOT NULL,
  "registeredAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "lastHeartbeatAt" TIMESTAMPTZ(3) NOT NULL,
  "metrics" JSONB NOT NULL DEFAULT '{}',
  "timings" JSONB NOT NULL DEFAULT '{}',
  "sequence" BIGINT NOT NULL DEFAULT 0,
  "stateAt" TIMESTAMPTZ(3) NOT NULL,
  "evictedAt" TIMESTAMPTZ(3),
  "changed" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  CONSTRAINT "Worker_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Worker_groupId_fkey" FOREIGN KEY ("groupId") REFERENCES "WorkerGroup" ("id")
);
CREATE UNIQUE INDEX "Worker_serviceId_key" ON "Worker" ("serviceId");
CREATE INDEX "Worker_groupId_idx" ON "Worker" ("groupId");
CREATE INDEX "Worker_state_lastHeartbeatAt_idx" ON "Worker" ("state", "lastHeartbeatAt");
CREATE INDEX "Worker_changed_idx" ON "Worker" ("changed");
CREATE TRIGGER "Worker_changed" BEFORE UPDATE ON "Worker" FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER "Worker_removed" AFTER DELETE ON "Worker"
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_removal();

CREATE TABLE "WorkerEvent" (
  "id" TEXT COLLATE "C" NOT NULL,
  "workerId" TEXT COLLATE "C" NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "state" TEXT NOT NULL,
  "reason" TEXT,
  CONSTRAINT "WorkerEvent_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "WorkerEvent_workerId_fkey" FOREIGN KEY ("workerId") REFERENCES "Worker" ("id")
);
CREATE INDEX "WorkerEvent_workerId_id_idx" ON "WorkerEvent" ("workerId", "id");
