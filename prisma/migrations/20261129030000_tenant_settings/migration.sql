-- Settings of tenants: requireExistingNamespace, executionDays. An absent setting has its default.
ALTER TABLE "Tenant" ADD COLUMN "settings" JSONB NOT NULL DEFAULT '{}';
