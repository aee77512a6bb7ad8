-- Values that flows read and write, by namespace and key.
CREATE TABLE "KeyValue" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL,
  "key" TEXT COLLATE "C" NOT NULL,
  "type" TEXT NOT NULL,
  "value" JSONB NOT NULL,
  "description" TEXT,
  "expiresAt" TIMESTAMPTZ(3),
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT "KeyValue_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "KeyValue_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "KeyValue_tenantId_namespace_key_key" ON "KeyValue" ("tenantId", "namespace", "key");
CREATE INDEX "KeyValue_expiresAt" ON "KeyValue" ("expiresAt") WHERE "expiresAt" IS NOT NULL;
