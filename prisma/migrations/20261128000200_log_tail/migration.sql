-- The logs of a tenant are followed as one stream.
CREATE INDEX "LogEntry_tenantId_changed_idx" ON "LogEntry" ("tenantId", "changed");
