-- Who had which access when a chain of events stood at seq, kept before its events are pruned.
CREATE TABLE "AccessSnapshot" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "seq" BIGINT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "content" JSONB NOT NULL,
  CONSTRAINT "AccessSnapshot_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "AccessSnapshot_tenantId_at_idx" ON "AccessSnapshot" ("tenantId", "at");

-- The service accounts that are super admins, whichever tenant they are of.
CREATE INDEX "AuditEvent_super_admin_accounts" ON "AuditEvent" ("at", "tenantId")
  WHERE "action" = 'service-account.set-super-admin';
