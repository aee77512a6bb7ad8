-- An offer of access to a tenant. The link has a token, of which only a keyed hash is stored. One per address and tenant.
CREATE TABLE "Invitation" (
  "id" TEXT COLLATE "C" NOT NULL,
  "tenantId" TEXT COLLATE "C" NOT NULL,
  "email" TEXT NOT NULL,
  "emailKey" TEXT COLLATE "C" NOT NULL,
  "hash" TEXT COLLATE "C" NOT NULL,
  "groupIds" TEXT[] COLLATE "C" NOT NULL,
  "bindings" JSONB NOT NULL DEFAULT '[]',
  "withDefaultRole" BOOLEAN NOT NULL,
  "reason" TEXT,
  "invitedById" TEXT COLLATE "C" NOT NULL,
  "impersonatorId" TEXT COLLATE "C",
  "ceiling" JSONB,
  "createdAt" TIMESTAMPTZ(3) NOT NULL,
  "expiresAt" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "Invitation_pkey" PRIMARY KEY ("id"),
  CONSTRAINT "Invitation_tenantId_fkey" FOREIGN KEY ("tenantId") REFERENCES "Tenant" ("id"),
  CONSTRAINT "Invitation_invitedById_fkey" FOREIGN KEY ("invitedById") REFERENCES "Principal" ("id")
);
CREATE UNIQUE INDEX "Invitation_hash_key" ON "Invitation" ("hash");
CREATE UNIQUE INDEX "Invitation_tenantId_emailKey_key" ON "Invitation" ("tenantId", "emailKey");
CREATE INDEX "Invitation_tenantId_id_idx" ON "Invitation" ("tenantId", "id");
CREATE INDEX "Invitation_invitedById_idx" ON "Invitation" ("invitedById");
CREATE INDEX "Invitation_expiresAt_idx" ON "Invitation" ("expiresAt");

-- Mails that wait to be sent, written in the transaction of what they are about.
CREATE TABLE "Mail" (
  "id" TEXT COLLATE "C" NOT NULL,
  "sealed" TEXT,
  "attempts" INTEGER NOT NULL DEFAULT 0,
  "fault" TEXT,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "nextAt" TIMESTAMPTZ(3),
  "sentAt" TIMESTAMPTZ(3),
  "expiresAt" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "Mail_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "Mail_nextAt_idx" ON "Mail" ("nextAt");
