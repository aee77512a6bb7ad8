-- Invitations that were mailed in the last hour, to limit those of one inviter and to one address.
CREATE TABLE "SentInvitation" (
  "id" TEXT COLLATE "C" NOT NULL,
  "invitedById" TEXT COLLATE "C" NOT NULL,
  "emailKey" TEXT COLLATE "C" NOT NULL,
  "sentAt" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "SentInvitation_pkey" PRIMARY KEY ("id")
);
CREATE INDEX "SentInvitation_invitedById_sentAt_idx" ON "SentInvitation" ("invitedById", "sentAt");
CREATE INDEX "SentInvitation_emailKey_sentAt_idx" ON "SentInvitation" ("emailKey", "sentAt");
CREATE INDEX "SentInvitation_sentAt_idx" ON "SentInvitation" ("sentAt");
