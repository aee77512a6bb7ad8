-- Announcements of a tenant.

CREATE TABLE "Announcement" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "title" TEXT NOT NULL,
  "text" TEXT NOT NULL,
  "level" TEXT NOT NULL CHECK ("level" IN ('INFO', 'WARNING', 'ALERT')),
  "from" TIMESTAMPTZ(3) NOT NULL,
  "until" TIMESTAMPTZ(3),
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "changed" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
  CONSTRAINT "Announcement_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Announcement_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id")
);
-- For lists, in their order.
CREATE INDEX "Announcement_tenantId_from_id_idx" ON "Announcement" ("tenantId", "from", "id");

-- For subscriptions.
CREATE INDEX "Announcement_tenantId_changed_idx" ON "Announcement" ("tenantId", "changed");
CREATE TRIGGER "Announcement_changed" BEFORE UPDATE ON "Announcement" FOR EACH ROW EXECUTE FUNCTION note_change();
CREATE TRIGGER "Announcement_removed" AFTER DELETE ON "Announcement"
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_removal();
