-- Where users who sign in by password must have a second factor: everywhere (a setting of the host), or in a tenant.
ALTER TABLE "AccessState" ADD COLUMN "requireSecondFactor" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "Tenant" ADD COLUMN "requireSecondFactor" BOOLEAN NOT NULL DEFAULT false;
