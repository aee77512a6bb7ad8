-- The list of the API tokens of a tenant.
CREATE INDEX "ApiToken_tenantId_id_idx" ON "ApiToken"("tenantId", "id");
