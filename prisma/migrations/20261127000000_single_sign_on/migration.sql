-- A person at a provider. The e-mail address is no identity: another provider can claim the same.
CREATE TABLE "UserIdentity" (
  "id" TEXT COLLATE "C" NOT NULL,
  "userId" TEXT COLLATE "C" NOT NULL,
  "issuer" TEXT COLLATE "C" NOT NULL,
  "subject" TEXT COLLATE "C" NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  CONSTRAINT "UserIdentity_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "UserIdentity_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id")
);
CREATE UNIQUE INDEX "UserIdentity_issuer_subject_key" ON "UserIdentity" ("issuer", "subject");
CREATE INDEX "UserIdentity_userId_id_idx" ON "UserIdentity" ("userId", "id");

-- Something that counts once: a sign-in at a provider, and a logout token. Deleted after it expired.
CREATE TABLE "SingleUse" (
  "id" TEXT COLLATE "C" NOT NULL,
  "expiresAt" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "SingleUse_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "SingleUse_expiresAt_idx" ON "SingleUse" ("expiresAt");

ALTER TABLE "Session"
  ADD COLUMN "sid" TEXT COLLATE "C",
  ADD COLUMN "identityId" TEXT COLLATE "C",
  ADD COLUMN "sealedIdToken" TEXT,
  ADD CONSTRAINT "Session_identityId_fkey" FOREIGN KEY ("identityId") REFERENCES "UserIdentity" ("id");
CREATE INDEX "Session_provider_sid_idx" ON "Session" ("provider", "sid");
CREATE INDEX "Session_identityId_idx" ON "Session" ("identityId");

-- The provider whose groups decide about the row. A row without one was written by hand, and stays.
ALTER TABLE "GroupMember" ADD COLUMN "managedBy" TEXT;
ALTER TABLE "TenantAccess" ADD COLUMN "managedBy" TEXT;

ALTER TABLE "AccessState" ADD COLUMN "breakGlass" BOOLEAN NOT NULL DEFAULT true;
