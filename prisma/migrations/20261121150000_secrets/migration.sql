-- Secrets of namespaces, sealed by a key of their tenant, which is itself wrapped by the master key.

CREATE TABLE "DataKey" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "wrapped" TEXT NOT NULL,
  "masterKeyId" TEXT NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "retiredAt" TIMESTAMPTZ(3),
  CONSTRAINT "DataKey_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "DataKey_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
CREATE UNIQUE INDEX "DataKey_tenantId_id_key" ON "DataKey" ("tenantId", "id");
-- One at a time seals what is new.
CREATE UNIQUE INDEX "DataKey_current_key" ON "DataKey" ("tenantId") WHERE "retiredAt" IS NULL;

CREATE TABLE "Secret" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "namespace" TEXT COLLATE "C" NOT NULL CHECK ("namespace" <> ''),
  "key" TEXT COLLATE "C" NOT NULL,
  "description" TEXT,
  "tags" JSONB NOT NULL DEFAULT '{}',
  "dataKeyId" TEXT COLLATE "C" NOT NULL,
  "sealed" TEXT NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "Secret_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Secret_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id"),
  CONSTRAINT "Secret_tenantId_dataKeyId_fkey" FOREIGN KEY ("tenantId", "dataKeyId") REFERENCES "DataKey" ("tenantId", "id")
);
CREATE UNIQUE INDEX "Secret_tenantId_namespace_key_key" ON "Secret" ("tenantId", "namespace", "key");
CREATE INDEX "Secret_dataKeyId_idx" ON "Secret" ("dataKeyId");
