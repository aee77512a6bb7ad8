-- Blueprints, and what people set for their own frontends.

CREATE TABLE "Blueprint" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C",
  "title" TEXT NOT NULL,
  "titleKey" TEXT COLLATE "C" NOT NULL,
  "description" TEXT,
  "tags" TEXT[] NOT NULL DEFAULT '{}',
  "source" TEXT NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Blueprint_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Blueprint_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "Blueprint_tenantId_titleKey_key" ON "Blueprint" ("tenantId", "titleKey") NULLS NOT DISTINCT;

CREATE TABLE "UserSettings" (
  "userId" TEXT COLLATE "C" NOT NULL,
  "settings" JSONB NOT NULL DEFAULT '{}',
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "UserSettings_pkey" PRIMARY KEY ("userId"),
  CONSTRAINT "UserSettings_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id")
);

CREATE INDEX "ExecutionDay_tenantId_day_idx" ON "ExecutionDay" ("tenantId", "day");
