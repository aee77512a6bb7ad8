-- The tenant whose provisioning created the user. No foreign key: the user outlives the tenant.
ALTER TABLE "User" ADD COLUMN "managedBy" TEXT COLLATE "C";

-- The ID of a user or a group in the directory of a provisioning client, one for each tenant.
ALTER TABLE "TenantAccess" ADD COLUMN "externalId" TEXT COLLATE "C";
ALTER TABLE "Group" ADD COLUMN "externalId" TEXT COLLATE "C";
CREATE INDEX "TenantAccess_tenantId_externalId_idx" ON "TenantAccess" ("tenantId", "externalId");
CREATE INDEX "Group_tenantId_externalId_idx" ON "Group" ("tenantId", "externalId");
