-- Users who belong to one tenant alone are administered by it.
ALTER TABLE "User" ADD COLUMN "homeTenantId" TEXT COLLATE "C";
ALTER TABLE "User" ADD CONSTRAINT "User_homeTenantId_fkey" FOREIGN KEY ("homeTenantId") REFERENCES "Tenant" ("id");
CREATE INDEX "User_homeTenantId_idx" ON "User" ("homeTenantId");
