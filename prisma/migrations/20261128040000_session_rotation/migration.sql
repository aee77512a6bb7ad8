-- A session gets a new ID when the rights of its user change. It replaces the present one when the browser first uses it, and
-- the former one works for a moment, for requests on their way.
ALTER TABLE "Session"
  ADD COLUMN "nextHash" TEXT COLLATE "C",
  ADD COLUMN "nextAt" TIMESTAMPTZ(3),
  ADD COLUMN "formerHash" TEXT COLLATE "C",
  ADD COLUMN "replacedAt" TIMESTAMPTZ(3),
  ADD COLUMN "rights" TEXT COLLATE "C";
CREATE INDEX "Session_nextHash_idx" ON "Session" ("nextHash");
CREATE INDEX "Session_formerHash_idx" ON "Session" ("formerHash");
