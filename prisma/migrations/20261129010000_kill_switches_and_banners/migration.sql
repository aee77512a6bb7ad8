-- Kill switches stop executions of the instance, a tenant, a namespace or a flow. Banners are messages to all users.
CREATE TABLE "KillSwitch" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C",
  "title" TEXT NOT NULL,
  "description" TEXT,
  "behavior" TEXT NOT NULL CHECK ("behavior" IN ('HOLD', 'KILL')),
  "namespace" TEXT COLLATE "C" NOT NULL,
  "flowId" TEXT COLLATE "C",
  "startsAt" TIMESTAMPTZ(3) NOT NULL,
  "endsAt" TIMESTAMPTZ(3),
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT "KillSwitch_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "KillSwitch_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE INDEX "KillSwitch_tenantId_startsAt_id_idx" ON "KillSwitch" ("tenantId", "startsAt", "id");
CREATE TABLE "Banner" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C",
  "message" TEXT NOT NULL,
  "severity" TEXT NOT NULL CHECK ("severity" IN ('INFO', 'WARNING', 'ERROR')),
  "startsAt" TIMESTAMPTZ(3) NOT NULL,
  "endsAt" TIMESTAMPTZ(3),
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT "Banner_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Banner_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE INDEX "Banner_tenantId_startsAt_id_idx" ON "Banner" ("tenantId", "startsAt", "id");
