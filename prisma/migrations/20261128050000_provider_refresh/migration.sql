-- The refresh token of a session at a provider, encrypted, and when the groups of its user were last compared.
ALTER TABLE "Session"
  ADD COLUMN "sealedRefreshToken" TEXT,
  ADD COLUMN "groupsAt" TIMESTAMPTZ(3);
CREATE INDEX "Session_provider_groupsAt_idx" ON "Session" ("provider", "groupsAt");
