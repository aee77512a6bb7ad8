-- What mutations with an idempotencyKey answered, for a day: sealed, with a keyed hash of what was asked.
CREATE TABLE "IdempotencyKey" (
  "principalId" TEXT COLLATE "C" NOT NULL,
  "impersonatorId" TEXT COLLATE "C" NOT NULL,
  "key" TEXT COLLATE "C" NOT NULL,
  "asked" TEXT COLLATE "C" NOT NULL,
  "answer" TEXT COLLATE "C" NOT NULL,
  "createdAt" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  CONSTRAINT "IdempotencyKey_pkey" PRIMARY KEY ("principalId", "impersonatorId", "key")
);
CREATE INDEX "IdempotencyKey_createdAt_idx" ON "IdempotencyKey" ("createdAt");
