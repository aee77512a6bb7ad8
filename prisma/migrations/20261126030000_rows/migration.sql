-- Every column has the name of its field.
ALTER TABLE "ApiToken" RENAME COLUMN "greatestExpiry" TO "maxExpiresAt";

-- The first rows of one namespace, for callers whose namespaces have few of many rows.
CREATE INDEX "Trigger_tenantId_namespace_id_idx" ON "Trigger"("tenantId", "namespace", "id");
CREATE INDEX "Flow_tenantId_namespace_id_idx" ON "Flow"("tenantId", "namespace", "id");
